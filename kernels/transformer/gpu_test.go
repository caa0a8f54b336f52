package transformer

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/develop"
	"github.com/evorank/evorank/kernels/gputest"
	"github.com/evorank/evorank/model"
)

// Largest allowed difference of a sequence's loss from float64. The modes
// round each operand to 11 (fp16) or 8 bits (bf16); what that does to a loss
// grows with the logits, which the dense networks have up to 60, and with how
// few tokens average it out: the worst cases have two. Attention weights are
// bf16 in both.
var gpuTolerance = map[Precision]float64{FP32: tolerance32, FP16: 0.05, BF16: 0.1}

// goldenOnGPU uploads a golden network, developed.
func goldenOnGPU(t testing.TB, s *gpu.Stream, name string) (*model.ImportedTransformer, gpu.Buffer[float32]) {
	t.Helper()
	f, err := model.ReadSafetensors(filepath.Join("testdata", "nets", name))
	gputest.Check(t, err)
	n, err := model.ImportTransformer(f, model.Initialisation{}, model.MutationRates{})
	gputest.Check(t, err)
	phenotype := make([]float32, n.Layout.Phenotype)
	develop.Phenotype(phenotype, n.Genotype, n.Layout)
	return n, gputest.Upload(t, s, phenotype)
}

// chosen is ChooseGPU's choice for those sequences alone.
func chosen(t testing.TB, s *gpu.Stream, shape Shape, p Precision, sequences Sequences) GPUChoice {
	t.Helper()
	c, err := ChooseGPU(shape, p, s.Device().Info, sequences.Longest())
	gputest.Check(t, err)
	return c
}

// sequenceLosses evaluates n networks and returns means and losses per sequence.
func sequenceLosses(t testing.TB, s *gpu.Stream, g *GPU, phenotypes gpu.Buffer[float32], n, sequences int) ([]float64, []float32) {
	t.Helper()
	means, each := gputest.Alloc[float64](t, s, n), gputest.Alloc[float32](t, s, n*sequences)
	gputest.Check(t, g.Losses(s, means, each, phenotypes, gpu.Buffer[float32]{}))
	outMeans, outEach := make([]float64, n), make([]float32, n*sequences)
	gputest.Check(t, gpu.Read(s, outMeans, means))
	gputest.Check(t, gpu.Read(s, outEach, each))
	return outMeans, outEach
}

// short caps sequences' lengths for the sanitizers (-test.short), under which
// a token costs a hundred times what it does without: several tiles off their
// edges are left.
func short(lengths ...int) []int {
	if testing.Short() {
		lengths = slices.Clone(lengths)
		for i := range lengths {
			lengths[i] = min(lengths[i], 130+i)
		}
	}
	return lengths
}

// goldenForGPU is readGolden, under -test.short a case of each network: its
// longest that has not the length of a window.
func goldenForGPU(t testing.TB) (cases []goldenCase) {
	t.Helper()
	longest := func(c goldenCase) int { return c.sequences().Longest() }
	for _, c := range readGolden(t) {
		last := len(cases) - 1
		switch {
		case !testing.Short() || last < 0 || cases[last].Net != c.Net:
			cases = append(cases, c)
		case longest(c) > longest(cases[last]) && longest(c) < 300:
			cases[last] = c
		}
	}
	return cases
}

func TestGPUGolden(t *testing.T) {
	s, m := gputest.Open(t)
	for _, c := range goldenForGPU(t) {
		n, phenotype := goldenOnGPU(t, s, c.Net)
		for precision, tolerance := range gpuTolerance {
			if c, err := ChooseGPU(n.Transformer, precision, s.Device().Info, 983); precision != FP32 && (err != nil || !c.Fused()) {
				continue // TestGPUTiledGolden has them
			}
			if c.Net == "floor.safetensors" && precision != FP32 {
				continue // its point is a standard deviation of 1e-7, which no 16-bit state has
			}
			g, err := NewGPU(m, s, n.Layout, n.Transformer, chosen(t, s, n.Transformer, precision, c.sequences()), Materialised, c.sequences(), 1, 1<<30)
			gputest.Check(t, err)
			mean, each := sequenceLosses(t, s, g, phenotype, 1, len(c.Stories))
			worst, want := 0.0, 0.0
			for i, story := range c.Stories {
				want += story.Loss / float64(len(c.Stories))
				worst = max(worst, math.Abs(float64(each[i])-story.Loss))
				if !near(float64(each[i]), story.Loss, tolerance) {
					t.Errorf("%s, %s, %s, story %d: loss %.6f, want %.6f", c.Net, c.Case, precision, i, each[i], story.Loss)
				}
			}
			if !near(mean[0], want, tolerance) {
				t.Errorf("%s, %s, %s: mean %.6f, want %.6f", c.Net, c.Case, precision, mean[0], want)
			}
			t.Logf("%s, %s, %s: largest difference %.2g", c.Net, c.Case, precision, worst)
			gputest.Check(t, g.Close())
		}
	}
}

// Five networks in chunks of five, one, three and two, the last with other
// sequences beside theirs: the same bits.
func TestGPULossesDoNotDependOnTheChunk(t *testing.T) {
	s, m := gputest.Open(t)
	n, one := goldenOnGPU(t, s, "dense.safetensors")
	const individuals = 5
	length := n.Layout.Phenotype
	phenotype := make([]float32, length)
	gputest.Check(t, gpu.Read(s, phenotype, one))
	population := make([]float32, 0, individuals*length)
	for i := range individuals {
		for _, w := range phenotype {
			population = append(population, w*(1+0.02*float32(i)))
		}
	}
	all := gputest.Upload(t, s, population)
	some := sequencesOf(short(2, 100, 984, 17, 300)...)
	more := sequencesOf(short(2, 100, 984, 17, 300, 64, 65, 800, 33)...)
	for _, precision := range []Precision{FP32, FP16, BF16} {
		var want []float32
		for _, c := range []struct {
			sequences Sequences
			chunk     int
		}{{some, individuals}, {some, 1}, {some, 3}, {more, 2}} {
			g, err := NewGPU(m, s, n.Layout, n.Transformer, chosen(t, s, n.Transformer, precision, c.sequences), Materialised, c.sequences, c.chunk, 1<<33)
			gputest.Check(t, err)
			_, each := sequenceLosses(t, s, g, all, individuals, c.sequences.Len())
			gputest.Check(t, g.Close())
			if want == nil {
				want = each
			}
			for i := range individuals {
				for story := range some.Len() {
					got, want := each[i*c.sequences.Len()+story], want[i*some.Len()+story]
					if math.Float32bits(got) != math.Float32bits(want) || got != got {
						t.Errorf("%s, chunk %d: individual %d, sequence %d: %v, want %v", precision, c.chunk, i, story, got, want)
					}
				}
			}
		}
		for i := 1; i < individuals; i++ {
			if want[0] == want[i*some.Len()] {
				t.Errorf("%s: individuals 0 and %d have the same loss %v", precision, i, want[0])
			}
		}
	}
}

// Networks whose scores or logits leave the range in which no maximum is
// needed take the exact softmax and loss_general. Rounding is amplified there
// as much as the scores are, so this is about right and wrong, not precision:
// without the exact paths the losses are not even finite.
func TestGPUBeyondTheSafeRange(t *testing.T) {
	s, m := gputest.Open(t)
	n, one := goldenOnGPU(t, s, "dense.safetensors")
	plain := make([]float32, n.Layout.Phenotype)
	gputest.Check(t, gpu.Read(s, plain, one))
	sequences := sequencesOf(100, 300, 984, 2)
	for _, c := range []struct {
		what    string
		factor  float32
		tensors []string
	}{
		{"scores", 40, []string{"blocks.0.attn.q.weight", "blocks.1.attn.q.weight", "blocks.2.attn.q.weight"}},
		{"logits", 4, []string{"embed.weight"}},
	} {
		scaled := append([]float32(nil), plain...)
		for _, name := range c.tensors {
			for i, w := range n.Layout.Tensor(name).Of(scaled) {
				n.Layout.Tensor(name).Of(scaled)[i] = c.factor * w
			}
		}
		phenotype := gputest.Upload(t, s, scaled)
		losses := map[Precision][]float32{}
		for precision := range gpuTolerance {
			g, err := NewGPU(m, s, n.Layout, n.Transformer, chosen(t, s, n.Transformer, precision, sequences), Materialised, sequences, 1, 1<<30)
			gputest.Check(t, err)
			_, losses[precision] = sequenceLosses(t, s, g, phenotype, 1, sequences.Len())
			gputest.Check(t, g.Close())
		}
		t.Logf("%s: %v", c.what, losses)
		for i, want := range losses[FP32] {
			for _, precision := range []Precision{FP16, BF16} {
				if got := losses[precision][i]; !near(float64(got), float64(want), 0.05*float64(want)) {
					t.Errorf("%s, %s, sequence %d: loss %v, want about %v", c.what, precision, i, got, want)
				}
			}
		}
	}
}

func TestGPUMemoryIsPlanned(t *testing.T) {
	s, m := gputest.Open(t)
	n, _ := goldenOnGPU(t, s, "small.safetensors")
	choice := chosen(t, s, n.Transformer, FP16, sequencesOf(100))
	if _, err := NewGPU(m, s, n.Layout, n.Transformer, choice, Materialised, sequencesOf(100), 4, 1000); err == nil {
		t.Error("1000 bytes were enough for an individual")
	}
	g, err := NewGPU(m, s, n.Layout, n.Transformer, choice, Materialised, sequencesOf(100), 4, 200_000)
	gputest.Check(t, err)
	if g.Chunk() < 1 || g.Chunk() > 3 {
		t.Errorf("chunk %d for 200,000 bytes", g.Chunk())
	}
	gputest.Check(t, g.Close())
	if choice.Fused() {
		if _, err := NewGPU(m, s, n.Layout, n.Transformer, choice, Materialised, sequencesOf(choice.WindowTiles*tileTokens+2), 4, 1<<30); err == nil {
			t.Error("a sequence is longer than the kernels' windows, and nobody minds")
		}
	}
}
