package lm

import (
	"context"
	"errors"
	"maps"
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/model"
)

// needGPU skips a test where there is none, unless EVORANK_GPU=require.
func needGPU(t *testing.T) {
	t.Helper()
	d, err := gpu.Open(0)
	if err == nil {
		err = d.Close()
	}
	if err != nil && os.Getenv("EVORANK_GPU") == "require" {
		t.Fatal(err)
	} else if err != nil {
		t.Skip(err)
	}
}

var precisions = []transformer.Precision{transformer.FP32, transformer.TF32, transformer.BF16, transformer.FP16}

func TestGPUSelfTest(t *testing.T) {
	needGPU(t)
	for _, p := range precisions {
		taken, err := SelfTest(0, p)
		if err != nil {
			t.Error(err)
		}
		t.Logf("%s: %v on a device just opened", p, taken.Round(time.Millisecond))
	}
	begun := time.Now()
	d, m, err := open(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("opening: %v", time.Since(begun).Round(time.Millisecond))
	for range 2 {
		for _, p := range precisions {
			begun := time.Now()
			if err := selfTest(d, m, p); err != nil {
				t.Error(err)
			}
			t.Logf("%s: %v", p, time.Since(begun).Round(time.Millisecond))
		}
	}
	if err := errors.Join(m.Close(), d.Close()); err != nil {
		t.Error(err)
	}
}

// TestSelfTestTriesAllKernels: each precision's networks take every set of
// kernels that it has on a card of today.
func TestSelfTestTriesAllKernels(t *testing.T) {
	hopper := gpu.Info{Major: 9, SharedPerBlock: 227 << 10}
	for _, p := range precisions {
		want := map[string]bool{"tiled": true}
		if p == transformer.FP16 || p == transformer.BF16 {
			want["fused h32"], want["fused h8"] = true, true
		}
		got := map[string]bool{}
		for _, spec := range selfTestSpecs {
			choice, err := transformer.ChooseGPU(spec, p, hopper, oddStories(spec.Vocab).Longest())
			must(t, err)
			got[choice.Kernels] = true
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: the self-test tries %v, want %v", p, got, want)
		}
	}
}

// TestSelfTestCanFail: a device that is off by more than the tolerance, or
// whose genotypes differ in one bit, does not pass.
func TestSelfTestCanFail(t *testing.T) {
	fresh := func() *CPU { return newCPU(t, 1, "fp64") }
	if err := agree(fresh(), fresh(), 0); err != nil {
		t.Fatalf("the processor disagrees with itself: %v", err)
	}
	if agree(crooked{fresh(), 1e-4, 0}, fresh(), 2e-5) == nil {
		t.Error("a wrong loss passed")
	}
	if agree(crooked{fresh(), 0, 1}, fresh(), 2e-5) == nil {
		t.Error("a wrong digest passed")
	}
	if agree(crooked{fresh(), math.NaN(), 0}, fresh(), 2e-5) == nil {
		t.Error("NaN passed")
	}
}

// crooked adds a bias to every fitness and flips bits of every digest.
type crooked struct {
	*CPU
	bias float64
	flip model.Digest
}

func (c crooked) Evaluate(ctx context.Context, cs []model.Candidate, cases model.Cases) ([]model.Fitness, error) {
	f, err := c.CPU.Evaluate(ctx, cs, cases)
	for i := range f {
		f[i] += model.Fitness(c.bias)
	}
	return f, err
}

func (c crooked) Adopt(ctx context.Context, cs []model.Candidate) ([]model.Digest, error) {
	d, err := c.CPU.Adopt(ctx, cs)
	for i := range d {
		d[i] ^= c.flip
	}
	return d, err
}

// gpuSpec fits the fused kernels and lies off all their tiles.
var gpuSpec = model.Transformer{Hidden: 30, Heads: 4, HeadDim: 3, FFN: 99, Blocks: 3, Vocab: 211, Position: model.Rotary, RotaryDims: 4}

// mode is how a network is evaluated.
type mode struct {
	transformer.Precision
	transformer.Application
}

// modes are the precisions, and factors where gpuSpec takes the tiled kernels.
var modes = []mode{
	{transformer.FP32, transformer.Materialised}, {transformer.TF32, transformer.Materialised},
	{transformer.BF16, transformer.Auto}, {transformer.FP16, transformer.Auto},
	{transformer.FP32, transformer.Factored}, {transformer.TF32, transformer.Factored},
}

func gpuLayout(t *testing.T) *model.Layout {
	t.Helper()
	enc := model.TransformerEncodings{Embedding: factoredBy(4), Attention: factoredBy(2), FeedForward: factoredBy(3)}
	l, err := gpuSpec.Layout(enc, model.Initialisation{TallConstant: 1, EmbeddingStd: 1, DecoderBiasStd: 1}, model.MutationRates{Dense: 0.1, Factor: 0.3, Bias: 0.1})
	must(t, err)
	return l
}

func gpuFleet(t *testing.T, precision transformer.Precision, data Data, ordinals ...int) Fleet {
	t.Helper()
	f, err := NewFleet(ordinals, gpuSpec, gpuLayout(t), data, precision, 4)
	must(t, err)
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func gpuPair(t *testing.T, precision transformer.Precision, ordinals ...int) (Fleet, *CPU) {
	t.Helper()
	data := Data{Train: oddStories(gpuSpec.Vocab), Heldout: testStories(5, 9)}
	c, err := NewCPU(gpuSpec, gpuLayout(t), data, Options{Threads: 2, Precision: "fp64"})
	must(t, err)
	return gpuFleet(t, precision, data, ordinals...), c
}

func factoredBy(k int) model.Encoding { return model.Encoding{Kind: model.Factored, Rank: k} }

// TestGPUEqualsReference: fitness within the precision's tolerance, digests
// to the bit, over generations, windows and held-out stories.
func TestGPUEqualsReference(t *testing.T) {
	needGPU(t)
	ctx := context.Background()
	for _, p := range modes {
		f, c := gpuPair(t, p.Precision, 0)
		f.SetApplication(p.Application)
		if err := agree(f, c, Tolerance(p.Precision)); err != nil {
			t.Errorf("%s: %v", p, err)
		}
		for _, cases := range []model.Cases{{Count: 9}, {First: 7, Count: 3}, {Count: 5, Heldout: true}} {
			got, err := f.PerStory(ctx, model.Candidate{Parent: 1}, cases)
			if err != nil {
				t.Fatal(err)
			}
			fitness, err := f.Evaluate(ctx, []model.Candidate{{Parent: 1}}, cases)
			if err != nil {
				t.Fatal(err)
			}
			mean := 0.0
			for _, loss := range got {
				mean -= loss / float64(len(got))
			}
			want, err := c.Evaluate(ctx, []model.Candidate{{Parent: 1}}, cases)
			if err != nil || !(math.Abs(float64(fitness[0]-want[0])) <= Tolerance(p.Precision)) || !(math.Abs(mean-float64(fitness[0])) <= 1e-6) { // NaN too
				t.Errorf("%s: %+v: fitness %v, its stories' mean %v, reference %v (%v)", p, cases, fitness[0], mean, want, err)
			}
		}
	}
}

// TestGPUWindowsKeepBits: a story has the same loss in every window of the
// data, though one story of the data is too long for the fused kernels.
func TestGPUWindowsKeepBits(t *testing.T) {
	needGPU(t)
	ids := func(n int) []int32 {
		story := make([]int32, n)
		for i := range story {
			story[i] = int32(model.Below(model.Seed(n).Draw(model.PurposeSample, 0, uint32(i), 0), gpuSpec.Vocab))
		}
		return story
	}
	f := gpuFleet(t, transformer.FP16, Data{Train: transformer.Pack(ids(101), ids(301), ids(9001))}, 0)
	all, err := f.PerStory(context.Background(), founders(1)[0], model.Cases{Count: 3})
	must(t, err)
	for _, c := range []model.Cases{{Count: 1}, {Count: 2}, {First: 1, Count: 1}, {First: 2, Count: 2}} {
		got, err := f.PerStory(context.Background(), founders(1)[0], c)
		must(t, err)
		for i, loss := range got {
			if want := all[(c.First+i)%3]; loss != want {
				t.Errorf("%+v: story %d has loss %v, and %v beside all others", c, (c.First+i)%3, loss, want)
			}
		}
	}
}

// TestGPUSplits: the same bits alone or in company, once or a hundred times
// (three with -short), and on one device or two (here: one device twice).
func TestGPUSplits(t *testing.T) {
	needGPU(t)
	ctx, cases, repeats, individuals := context.Background(), model.Cases{Count: 9}, 100, 37
	if testing.Short() {
		repeats, individuals = 2, 5
	}
	for _, p := range modes {
		one, _ := gpuPair(t, p.Precision, 0)
		two, _ := gpuPair(t, p.Precision, 0, 0)
		one.SetApplication(p.Application)
		two.SetApplication(p.Application)
		cs := founders(individuals)
		want, err := one.Evaluate(ctx, cs, cases)
		if err != nil {
			t.Fatal(err)
		}
		for range repeats {
			if again, err := one.Evaluate(ctx, cs, cases); err != nil || !slices.Equal(again, want) {
				t.Fatalf("%s: another time it is %v (%v), want %v", p, again, err, want)
			}
		}
		if split, err := two.Evaluate(ctx, cs, cases); err != nil || !slices.Equal(split, want) {
			t.Errorf("%s: on two devices %v (%v), want %v", p, split, err, want)
		}
		for i := range cs {
			if alone, err := one.Evaluate(ctx, cs[i:i+1], cases); err != nil || alone[0] != want[i] {
				t.Errorf("%s: candidate %d alone %v (%v), want %v", p, i, alone, err, want[i])
			}
		}
		digests, err := two.Adopt(ctx, cs[:4])
		if err != nil || len(digests) != 4 {
			t.Errorf("%s: adopted by two devices: %v, %v", p, digests, err)
		}
	}
}

// TestGPUTraffic: a generation at the paper's population moves a few KiB.
func TestGPUTraffic(t *testing.T) {
	needGPU(t)
	f, _ := gpuPair(t, transformer.FP16, 0)
	ctx, cases := context.Background(), model.Cases{Count: 9}
	if _, err := f.Evaluate(ctx, founders(512), cases); err != nil {
		t.Fatal(err)
	}
	before := f.Traffic()
	if _, err := f.Evaluate(ctx, founders(512), cases); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Adopt(ctx, founders(4)); err != nil {
		t.Fatal(err)
	}
	moved := f.Traffic().Minus(before)
	if moved.HostToDevice > 16<<10 || moved.DeviceToHost > 16<<10 {
		t.Errorf("%d bytes up, %d down, at most 16 KiB each way", moved.HostToDevice, moved.DeviceToHost)
	}
	t.Logf("%d bytes up, %d bytes down", moved.HostToDevice, moved.DeviceToHost)
}

func TestGPUErrors(t *testing.T) {
	needGPU(t)
	f, _ := gpuPair(t, transformer.FP16, 0)
	ctx := context.Background()
	if _, err := f.Evaluate(ctx, []model.Candidate{{Parent: 0}}, model.Cases{Count: 9}); err == nil {
		t.Error("a child of nobody was evaluated")
	}
	if _, err := f.Evaluate(ctx, founders(2), model.Cases{Count: 10}); err == nil {
		t.Error("more stories than there are were evaluated")
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := f.Evaluate(cancelled, founders(2), model.Cases{Count: 9}); err == nil {
		t.Error("a cancelled evaluation went on")
	}
	if _, err := f.Adopt(ctx, founders(5)); err == nil {
		t.Error("five parents were adopted into a store for four")
	}
}
