package transformer

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/develop"
	"github.com/evorank/evorank/kernels/gputest"
	"github.com/evorank/evorank/model"
)

// BenchmarkGPUTiled times whole evaluations and each kernel's share of one.
// -benchtime 3x is enough.
func BenchmarkGPUTiled(b *testing.B) {
	s, m := gputest.Open(b)
	for _, c := range []struct {
		name                   string
		hidden, heads, headDim int
		ffn                    int
	}{{"h256", 256, 8, 32, 1024}, {"h1024", 1024, 16, 64, 4096}} {
		shape := Shape{Hidden: c.hidden, Heads: c.heads, HeadDim: c.headDim, FFN: c.ffn, Blocks: 4, Vocab: 2051, Position: model.Rotary, RotaryDims: c.headDim}
		l := denseLayout(b, shape)
		const individuals, stories = 32, 32
		sequences := tinyStories(stories, shape.Vocab)
		one := randomPhenotype(l, shape, 2, 1)
		phenotypes := gputest.Alloc[float32](b, s, individuals*l.Phenotype)
		for i := range individuals {
			gputest.Check(b, gpu.Write(s, phenotypes.Slice(i*l.Phenotype, (i+1)*l.Phenotype), one))
		}
		for _, choice := range tiledChoices(s.Device().Info) {
			for _, memory := range []uint64{1 << 30, 1 << 33, 1 << 36} {
				name := fmt.Sprintf("%s/%s/wgmma=%v/%dMB", c.name, choice.Precision, choice.Wgmma, memory>>20)
				b.Run(name, func(b *testing.B) {
					benchmarkTiled(b, s, m, l, shape, choice, Materialised, sequences, phenotypes, gpu.Buffer[float32]{}, individuals, memory)
				})
			}
		}
	}
}

func benchmarkTiled(b *testing.B, s *gpu.Stream, m *gpu.Module, l *model.Layout, shape Shape, choice GPUChoice, a Application, sequences Sequences, phenotypes, genotypes gpu.Buffer[float32], individuals int, memory uint64) {
	g, err := NewGPU(m, s, l, shape, choice, a, sequences, individuals, memory)
	if err != nil {
		b.Skip(err)
	}
	defer func() { gputest.Check(b, g.Close()) }()
	losses := gputest.Alloc[float64](b, s, individuals)
	run := func() { gputest.Check(b, g.Losses(s, losses, gpu.Buffer[float32]{}, phenotypes, genotypes)) }
	run()
	gputest.Check(b, s.Synchronize())
	event := func() *gpu.Event {
		e, err := s.Device().NewEvent()
		gputest.Check(b, err)
		gputest.Check(b, e.Record(s))
		return e
	}
	var times []time.Duration
	for b.Loop() {
		start := event()
		run()
		end := event()
		gputest.Check(b, end.Synchronize())
		d, err := end.Since(start)
		gputest.Check(b, err)
		times = append(times, d)
	}
	best := times[0]
	for _, d := range times {
		best = min(best, d)
	}
	b.ReportMetric(float64(best.Microseconds())/1000, "device-ms")
	b.ReportMetric(float64(g.Chunk()), "chunk")
	b.ReportMetric(float64(individuals*g.Targets())/best.Seconds()/1e6, "Mtokens/s")

	last, sums := event(), map[string]time.Duration{}
	type lap struct {
		name       string
		start, end *gpu.Event
	}
	var laps []lap
	g.tiled.launched = func(k *gpu.Kernel, _ *gpu.Stream) error {
		now := event()
		laps = append(laps, lap{k.Name, last, now})
		last = now
		return nil
	}
	run()
	gputest.Check(b, s.Synchronize())
	for _, lap := range laps {
		d, err := lap.end.Since(lap.start)
		gputest.Check(b, err)
		sums[lap.name] += d
	}
	b.Logf("%v", sums)
}

// tinyStories are sequences with TinyStories' lengths: 242 ± 118 targets.
func tinyStories(n, vocab int) Sequences {
	r := rand.New(rand.NewPCG(1, 2))
	lengths := make([]int, n)
	for i := range lengths {
		lengths[i] = min(max(int(243+118*r.NormFloat64()), 40), 900)
	}
	return randomSequences(r, vocab, lengths...)
}

// What each precision does to networks as runs found them: losses against
// float32, and the order that they put individuals in. Not a check but a table;
// EVORANK_PRECISIONS=1 asks for it.
func TestGPUTiledPrecisions(t *testing.T) {
	if os.Getenv("EVORANK_PRECISIONS") == "" {
		t.Skip("EVORANK_PRECISIONS is not set: 7 precisions and networks not compared")
	}
	s, m := gputest.Open(t)
	const individuals, stories = 32, 16
	for _, c := range []struct {
		hidden, heads, headDim, ffn int
	}{{64, 4, 16, 256}, {256, 8, 32, 1024}, {1024, 16, 64, 4096}} {
		shape := Shape{Hidden: c.hidden, Heads: c.heads, HeadDim: c.headDim, FFN: c.ffn, Blocks: 4, Vocab: 2051, Position: model.Rotary, RotaryDims: c.headDim}
		for _, e := range []struct {
			what string
			enc  model.TransformerEncodings
		}{
			{"dense", model.TransformerEncodings{}},
			{"factored 32/4", model.TransformerEncodings{Embedding: model.Encoding{Kind: model.Factored, Rank: 32}, Attention: model.Encoding{Kind: model.Factored, Rank: 4}, FeedForward: model.Encoding{Kind: model.Factored, Rank: 4}}},
		} {
			l, err := shape.Layout(e.enc, model.Initialisation{TallConstant: 1, EmbeddingStd: 1, DecoderBiasStd: 1}, model.MutationRates{Dense: 0.01, Factor: 0.1, Bias: 0.01})
			gputest.Check(t, err)
			phenotypes := founded(t, s, m, l, individuals)
			losses, texts := map[Precision][]float64{}, tinyStories(stories, shape.Vocab)
			for _, p := range []Precision{FP32, TF32, FP16, BF16} {
				g, err := NewGPU(m, s, l, shape, chosen(t, s, shape, p, texts), Materialised, texts, individuals, 1<<34)
				gputest.Check(t, err)
				losses[p], _ = sequenceLosses(t, s, g, phenotypes, individuals, stories)
				gputest.Check(t, g.Close())
			}
			for _, p := range []Precision{TF32, FP16, BF16} {
				t.Logf("hidden %d, %s, %s: %s", c.hidden, e.what, p, compared(losses[p], losses[FP32]))
			}
		}
	}
}

// founded develops founders on the device.
func founded(t *testing.T, s *gpu.Stream, m *gpu.Module, l *model.Layout, n int) gpu.Buffer[float32] {
	t.Helper()
	d, err := develop.NewGPU(m, s, l)
	gputest.Check(t, err)
	t.Cleanup(func() { gputest.Check(t, d.Close()) })
	candidates, packed := make([]model.Candidate, n), make([]develop.Packed, n)
	for i := range candidates {
		candidates[i] = model.Candidate{Parent: model.NoParent, Gene: model.Gene{Kind: model.GeneInit, Seed: model.Seed(i + 1), Multiplier: 1}}
	}
	gputest.Check(t, develop.Pack(packed, candidates, 0))
	genotype, phenotypes := gputest.Alloc[float32](t, s, l.Genotype), gputest.Alloc[float32](t, s, n*l.Phenotype)
	for i := range candidates {
		gputest.Check(t, d.Genotypes(s, genotype, genotype, gputest.Upload(t, s, packed[i:i+1])))
		gputest.Check(t, d.Phenotypes(s, phenotypes.Slice(i*l.Phenotype, (i+1)*l.Phenotype), genotype, 1))
	}
	return phenotypes
}

// compared says how far losses lie from the true ones, and what that does to
// their order.
func compared(got, want []float64) string {
	worst, mean, swapped, pairs, infinite := 0.0, 0.0, 0, 0, 0
	for i := range got {
		if math.IsNaN(got[i]) || math.IsInf(got[i], 0) {
			infinite++
			continue
		}
		worst, mean = max(worst, math.Abs(got[i]-want[i])), mean+want[i]/float64(len(want))
		for j := range i {
			pairs++
			if (got[i] < got[j]) != (want[i] < want[j]) {
				swapped++
			}
		}
	}
	best := func(losses []float64) map[int]bool {
		order := make([]int, len(losses))
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, func(a, b int) int { return cmp.Compare(losses[a], losses[b]) })
		first := map[int]bool{}
		for _, i := range order[:len(order)/4] {
			first[i] = true
		}
		return first
	}
	same := 0
	for i := range best(got) {
		if best(want)[i] {
			same++
		}
	}
	return fmt.Sprintf("mean loss %.3f, largest difference %.2g, Kendall's tau %.4f, %d of the best %d the same, %d not finite",
		mean, worst, 1-2*float64(swapped)/float64(max(pairs, 1)), same, len(got)/4, infinite)
}
