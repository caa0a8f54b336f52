package transformer

import (
	"math/rand/v2"
	"testing"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/develop"
	"github.com/evorank/evorank/kernels/gputest"
	"github.com/evorank/evorank/model"
)

func factoredBy(rank int) model.Encoding { return model.Encoding{Kind: model.Factored, Rank: rank} }

// factoredCase is a network, and the plan of two applications in 16 bits.
type factoredCase struct {
	what           string
	shape          Shape
	enc            model.TransformerEncodings
	lengths        []int
	factored, auto string
}

// factoredCases: ranks off every tile and beyond one, below and above the size
// of a head, heads of one part and of several, a tensor that stays whole among
// factored ones, queries whose keys are not factored.
var factoredCases = []factoredCase{
	{"small ranks", Shape{Hidden: 67, Heads: 3, HeadDim: 17, FFN: 130, Blocks: 2, Vocab: 131, Position: model.Rotary, RotaryDims: 6},
		model.TransformerEncodings{Embedding: factoredBy(5), Attention: factoredBy(3), FeedForward: factoredBy(1)}, []int{2, 65, 130},
		"fffffffff", ""},
	{"large ranks", Shape{Hidden: 200, Heads: 2, HeadDim: 150, FFN: 140, Blocks: 1, Vocab: 300, Position: model.Sinusoid},
		model.TransformerEncodings{Embedding: factoredBy(150), Attention: factoredBy(70), FeedForward: factoredBy(33)}, []int{3, 70},
		"fffff", ""},
	{"mixed", Shape{Hidden: 40, Heads: 4, HeadDim: 10, FFN: 96, Blocks: 2, Vocab: 150, Position: model.NoPosition},
		model.TransformerEncodings{Embedding: factoredBy(8), Attention: factoredBy(4), FeedForward: factoredBy(6), Tensors: map[string]model.Encoding{
			"blocks.0.attn.k": {Kind: model.Hybrid, Rank: 2}, "blocks.1.ffn.down": {Kind: model.Dense}, "blocks.1.attn.v": factoredBy(9), "blocks.1.attn.o": factoredBy(19)}}, []int{2, 66, 90},
		"mffffffmf", ""},
	{"wide", Shape{Hidden: 520, Heads: 2, HeadDim: 30, FFN: 1030, Blocks: 1, Vocab: 140, Position: model.Sinusoid},
		model.TransformerEncodings{Embedding: factoredBy(8), Attention: factoredBy(4), FeedForward: factoredBy(4)}, []int{2, 40},
		"fffff", "fmfff"},
}

func (c factoredCase) layout(t testing.TB) *model.Layout {
	t.Helper()
	l, err := c.shape.Layout(c.enc, model.Initialisation{TallConstant: 1, EmbeddingStd: 1, DecoderBiasStd: 1}, model.MutationRates{Dense: 0.3, Factor: 0.3, Bias: 0.3})
	gputest.Check(t, err)
	return l
}

// individuals returns that many networks, with biases, and the reference's
// losses.
func (c factoredCase) individuals(l *model.Layout, n int, sequences Sequences) (genotypes, phenotypes []float32, losses []float64) {
	genotypes, phenotypes, losses = make([]float32, n*l.Genotype), make([]float32, n*l.Phenotype), make([]float64, n*sequences.Len())
	for i := range n {
		g, p := genotypes[i*l.Genotype:][:l.Genotype], phenotypes[i*l.Phenotype:][:l.Phenotype]
		develop.Rebuild(g, l, model.Genome{{Kind: model.GeneInit, Seed: model.Seed(i + 1), Multiplier: 1}, {Kind: model.GeneMutation, Seed: 9, Multiplier: 1}})
		develop.Phenotype(p, g, l)
		NewReference(networkOf(c.shape, l, p)).Losses(sequences, 0, sequences.Len(), losses[i*sequences.Len():])
	}
	return genotypes, phenotypes, losses
}

// TestGPUTiledFactored: losses through the factors are the reference's, in
// chunks, and of other bits than those through developed weights; the same
// ones when repeated.
func TestGPUTiledFactored(t *testing.T) {
	s, m := gputest.Open(t)
	individuals, room, bits := 3, 2, true // a chunk of two and one of one
	if testing.Short() {
		individuals, room, bits = 1, 1, false // three losses may round alike by chance
	}
	for _, c := range factoredCases {
		l, sequences := c.layout(t), randomSequences(rand.New(rand.NewPCG(3, 4)), c.shape.Vocab, c.lengths...)
		genotypes, phenotypes, want := c.individuals(l, individuals, sequences)
		all, factors := gputest.Upload(t, s, phenotypes), gputest.Upload(t, s, genotypes)
		for _, choice := range tiledChoices(s.Device().Info) {
			losses := func(a Application) []float32 {
				g, err := NewGPU(m, s, l, c.shape, choice, a, sequences, room, 1<<30)
				gputest.Check(t, err)
				defer func() { gputest.Check(t, g.Close()) }()
				poisonTiled(t, s, g)
				means, each := gputest.Alloc[float64](t, s, individuals), gputest.Alloc[float32](t, s, len(want))
				gputest.Check(t, g.Losses(s, means, each, all, factors))
				return gputest.Read(t, s, each)
			}
			materialised, factored := losses(Materialised), losses(Factored)
			compareFactored(t, c.what+", materialised", choice, materialised, want)
			compareFactored(t, c.what+", factored", choice, factored, want)
			if bits && equal(materialised, factored) {
				t.Errorf("%s, %v: both applications give the same bits: is there but one?", c.what, choice)
			}
			if bits && !equal(losses(Factored), factored) {
				t.Errorf("%s, %v: other bits when repeated", c.what, choice)
			}
			if bits && GPUPlan(l, c.shape, choice, Auto) == "" && !equal(losses(Auto), materialised) {
				t.Errorf("%s, %v: auto is not what it is planned to be", c.what, choice)
			}
		}
		if !equal(gputest.Read(t, s, factors), genotypes) || !equal(gputest.Read(t, s, all), phenotypes) {
			t.Errorf("%s: the networks were written to", c.what)
		}
	}
}

// compareFactored checks losses against the reference's.
func compareFactored(t *testing.T, what string, choice GPUChoice, got []float32, want []float64) {
	t.Helper()
	worst, accepted := largestDifference(got, want), tiledTolerance[choice.Precision]
	t.Logf("%s, %s, wgmma %v: largest difference %.2g", what, choice.Precision, choice.Wgmma, worst)
	if !(worst <= accepted) {
		t.Errorf("%s, %s, wgmma %v: largest difference %g, at most %g is accepted", what, choice.Precision, choice.Wgmma, worst, accepted)
	}
}

// TestGPUPlan: which layers go through their factors, as a run notes it.
func TestGPUPlan(t *testing.T) {
	for _, c := range factoredCases {
		l := c.layout(t)
		for application, want := range map[Application]string{Materialised: "", Factored: c.factored, Auto: c.auto} {
			if got := GPUPlan(l, c.shape, GPUChoice{Precision: FP16, Kernels: tiledKernelsName}, application); got != want {
				t.Errorf("%s, %s: %q, want %q", c.what, application, got, want)
			}
			for _, kernels := range []string{"fused h32", referenceKernelName} {
				if got := GPUPlan(l, c.shape, GPUChoice{Precision: FP16, Kernels: kernels}, application); got != "" {
					t.Errorf("%s, %s, %s kernels: %q, they have developed weights", c.what, application, kernels, got)
				}
			}
		}
	}
}

func TestTiledApplicationByCost(t *testing.T) {
	for _, c := range []struct {
		outputs, inputs, rank int
		p                     Precision
		want                  Application
	}{
		{3072, 1024, 12, FP16, Factored},
		{4096, 1024, 4, FP16, Factored},
		{1024, 4096, 4, TF32, Factored},
		{4096, 1024, 900, FP16, Materialised},
		{256, 256, 4, FP16, Materialised}, // one inner tile costs as much as the two that it saves of four, twice
		{256, 256, 4, TF32, Factored},     // eight tiles along k
		{1024, 256, 4, FP16, Factored},
		{48, 32, 12, FP16, Materialised},
		{2051, 32, 32, FP32, Materialised},
	} {
		z := tiledSizes{bytes: c.p.bytes()}
		if got := z.choose(c.outputs, c.inputs, c.rank); got != c.want {
			t.Errorf("%d × %d, rank %d, %s: %s, want %s", c.outputs, c.inputs, c.rank, c.p, got, c.want)
		}
	}
}

// BenchmarkGPUFactored times the applications at the paper's ranks.
func BenchmarkGPUFactored(b *testing.B) {
	s, m := gputest.Open(b)
	for _, c := range []struct {
		name                        string
		hidden, heads, headDim, ffn int
	}{{"h256", 256, 8, 32, 1024}, {"h1024", 1024, 16, 64, 4096}} {
		shape := Shape{Hidden: c.hidden, Heads: c.heads, HeadDim: c.headDim, FFN: c.ffn, Blocks: 4, Vocab: 2051, Position: model.Rotary, RotaryDims: c.headDim}
		l, err := shape.Layout(model.TransformerEncodings{Embedding: factoredBy(32), Attention: factoredBy(4), FeedForward: factoredBy(4)}, model.Initialisation{TallConstant: 1, EmbeddingStd: 1, DecoderBiasStd: 1}, model.MutationRates{})
		gputest.Check(b, err)
		const individuals, stories = 32, 32
		phenotypes, genotypes := gputest.Alloc[float32](b, s, individuals*l.Phenotype), gputest.Alloc[float32](b, s, individuals*l.Genotype)
		// A founder, not constants: a card multiplies equal numbers with less power, and so faster.
		genotype, phenotype := make([]float32, l.Genotype), make([]float32, l.Phenotype)
		develop.Rebuild(genotype, l, model.Genome{{Kind: model.GeneInit, Seed: 1, Multiplier: 1}})
		develop.Phenotype(phenotype, genotype, l)
		for i := range individuals {
			gputest.Check(b, gpu.Write(s, phenotypes.Slice(i*l.Phenotype, (i+1)*l.Phenotype), phenotype))
			gputest.Check(b, gpu.Write(s, genotypes.Slice(i*l.Genotype, (i+1)*l.Genotype), genotype))
		}
		sequences := tinyStories(stories, shape.Vocab)
		for _, p := range []Precision{FP32, TF32, FP16} {
			for _, a := range []Application{Materialised, Factored, Auto} {
				choice, err := ChooseGPU(shape, p, s.Device().Info, 983)
				gputest.Check(b, err)
				b.Run(c.name+"/"+string(p)+"/"+string(a), func(b *testing.B) {
					benchmarkTiled(b, s, m, l, shape, choice, a, sequences, phenotypes, genotypes, individuals, 1<<34)
				})
			}
		}
	}
}
