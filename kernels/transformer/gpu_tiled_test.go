package transformer

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/gputest"
	"github.com/evorank/evorank/model"
)

// denseLayout is the layout of a network without factors: its genotype is its
// phenotype.
func denseLayout(t testing.TB, s Shape) *model.Layout {
	t.Helper()
	l, err := s.Layout(model.TransformerEncodings{}, model.Initialisation{TallConstant: 1, EmbeddingStd: 1, DecoderBiasStd: 1}, model.MutationRates{})
	gputest.Check(t, err)
	return l
}

// randomPhenotype fills every tensor, norms and biases too, so that nothing
// that a kernel might forget is zero or one. Logits have a standard deviation
// of about `logits`.
func randomPhenotype(l *model.Layout, s Shape, logits float64, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 5))
	out := make([]float32, l.Phenotype)
	for i := range l.Tensors {
		t := &l.Tensors[i]
		mean, std := 0.0, 0.3
		switch {
		case i == embedWeight:
			std = logits / math.Sqrt(float64(s.Hidden))
		case len(t.Shape) == 2:
			std = 1 / math.Sqrt(float64(t.Shape[1]))
		case (i-firstBlock)%blockTensors == norm1Weight || (i-firstBlock)%blockTensors == norm2Weight:
			mean = 1
		}
		for j := range t.Of(out) {
			t.Of(out)[j] = float32(mean + std*r.NormFloat64())
		}
	}
	return out
}

// networkOf points a dense network into its phenotype.
func networkOf(s Shape, l *model.Layout, phenotype []float32) *Network {
	vector := func(i int) []float32 { return l.Tensors[i].Of(phenotype) }
	matrix := func(i int) Matrix {
		return Matrix{Outputs: l.Tensors[i].Shape[0], Inputs: l.Tensors[i].Shape[1], W: vector(i)}
	}
	n := &Network{Shape: s, Embed: matrix(embedWeight), DecoderBias: vector(decoderBias)}
	for block := range s.Blocks {
		at := firstBlock + block*blockTensors
		n.Blocks = append(n.Blocks, Block{
			Q: matrix(at + qWeight), K: matrix(at + kWeight), V: matrix(at + vWeight), O: matrix(at + oWeight), Up: matrix(at + upWeight), Down: matrix(at + downWeight),
			QBias: vector(at + qWeight + 1), KBias: vector(at + kWeight + 1), VBias: vector(at + vWeight + 1), OBias: vector(at + oWeight + 1),
			UpBias: vector(at + upWeight + 1), DownBias: vector(at + downWeight + 1),
			Norm1Weight: vector(at + norm1Weight), Norm1Bias: vector(at + norm1Weight + 1), Norm2Weight: vector(at + norm2Weight), Norm2Bias: vector(at + norm2Weight + 1),
		})
	}
	return n
}

// tiledChoices are the tiled kernels that a device has: with wgmma and
// without, in all precisions.
func tiledChoices(info gpu.Info) (list []GPUChoice) {
	for _, p := range []Precision{FP32, TF32, BF16, FP16} {
		list = append(list, GPUChoice{Precision: p, Kernels: tiledKernelsName})
		if p != FP32 && info.Major == 9 && info.Minor == 0 {
			list = append(list, GPUChoice{Precision: p, Kernels: tiledKernelsName, Wgmma: true})
		}
	}
	return list
}

// tiledCases lie off every tile, on both sides of its edges.
var tiledCases = []struct {
	what    string
	shape   Shape
	lengths []int
}{
	{"one of everything", Shape{Hidden: 1, Heads: 1, HeadDim: 1, FFN: 1, Blocks: 1, Vocab: 2, Position: model.NoPosition}, []int{2, 3, 70}},
	{"paper-like", Shape{Hidden: 32, Heads: 4, HeadDim: 4, FFN: 128, Blocks: 3, Vocab: 211, Position: model.Rotary, RotaryDims: 4}, []int{2, 17, 18, 65, 66, 129, 300}},
	{"off the tiles", Shape{Hidden: 67, Heads: 3, HeadDim: 17, FFN: 130, Blocks: 2, Vocab: 131, Position: model.Rotary, RotaryDims: 6}, []int{2, 3, 64, 65, 66, 128, 129, 130, 200}},
	{"exactly the tiles", Shape{Hidden: 128, Heads: 2, HeadDim: 64, FFN: 256, Blocks: 1, Vocab: 256, Position: model.Sinusoid}, []int{65, 129, 257}},
	{"a head of parts", Shape{Hidden: 40, Heads: 2, HeadDim: 150, FFN: 65, Blocks: 2, Vocab: 100, Position: model.Sinusoid}, []int{2, 70, 140}},
	{"a wide head", Shape{Hidden: 96, Heads: 1, HeadDim: 100, FFN: 40, Blocks: 1, Vocab: 100, Position: model.Rotary, RotaryDims: 96}, []int{33, 70}},
	{"a vocabulary of parts", Shape{Hidden: 24, Heads: 2, HeadDim: 30, FFN: 20, Blocks: 1, Vocab: 8321, Position: model.Rotary, RotaryDims: 8}, []int{2, 40}},
	{"wide", Shape{Hidden: 1030, Heads: 5, HeadDim: 20, FFN: 300, Blocks: 1, Vocab: 140, Position: model.Sinusoid}, []int{2, 20}},
}

func TestGPUTiledEqualsReference(t *testing.T) {
	s, m := gputest.Open(t)
	for _, c := range tiledCases {
		t.Run(c.what, func(t *testing.T) {
			const individuals = 3
			l := denseLayout(t, c.shape)
			var all []float32
			sequences := randomSequences(rand.New(rand.NewPCG(3, 4)), c.shape.Vocab, c.lengths...)
			want := make([]float64, individuals*sequences.Len())
			for i := range individuals {
				phenotype := randomPhenotype(l, c.shape, 2, uint64(i))
				NewReference(networkOf(c.shape, l, phenotype)).Losses(sequences, 0, sequences.Len(), want[i*sequences.Len():])
				all = append(all, phenotype...)
			}
			phenotypes := gputest.Upload(t, s, all)
			for _, choice := range tiledChoices(s.Device().Info) {
				g, err := NewGPU(m, s, l, c.shape, choice, Materialised, sequences, individuals, 1<<30)
				gputest.Check(t, err)
				poisonTiled(t, s, g)
				_, got := sequenceLosses(t, s, g, phenotypes, individuals, sequences.Len())
				gputest.Check(t, g.Close())
				worst := largestDifference(got, want)
				t.Logf("%v: largest difference %.2g", choice, worst)
				if !(worst <= tiledTolerance[choice.Precision]) {
					t.Errorf("%v: largest difference %g, at most %g is accepted", choice, worst, tiledTolerance[choice.Precision])
				}
			}
			if !equal(gputest.Read(t, s, phenotypes), all) {
				t.Error("the networks were written to")
			}
		})
	}
}

// largestDifference of losses from what they should be: NaN if one is NaN.
func largestDifference(got []float32, want []float64) (worst float64) {
	for i := range want {
		worst = max(worst, math.Abs(float64(got[i])-want[i]))
	}
	return worst
}

func equal(a, b []float32) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

// tiledTolerance is the largest accepted difference of a sequence's loss from
// float64 at logits of standard deviation 2; the worst cases have one token.
var tiledTolerance = map[Precision]float64{FP32: tolerance32, TF32: 0.01, FP16: 0.01, BF16: 0.06}

// poisonTiled fills the workspace with NaNs, except for what is zero by
// contract.
func poisonTiled(t testing.TB, s *gpu.Stream, g *GPU) {
	t.Helper()
	p := g.tiled
	for _, b := range []gpu.Buffer[byte]{p.prepared, p.states, p.wide, p.inner} {
		gputest.Check(t, gpu.FillBytes(s, b, 0xff))
	}
	for _, b := range []gpu.Buffer[float32]{p.sums, p.partials, p.logits, g.work.nll, g.work.stories} {
		gputest.Check(t, gpu.FillBytes(s, b, 0xff))
	}
}

// The golden networks, whose losses PyTorch computed in float64, through the
// tiled kernels.
func TestGPUTiledGolden(t *testing.T) {
	s, m := gputest.Open(t)
	for _, c := range goldenForGPU(t) {
		n, phenotype := goldenOnGPU(t, s, c.Net)
		for _, choice := range tiledChoices(s.Device().Info) {
			g, err := NewGPU(m, s, n.Layout, n.Transformer, choice, Materialised, c.sequences(), 1, 1<<30)
			gputest.Check(t, err)
			_, each := sequenceLosses(t, s, g, phenotype, 1, len(c.Stories))
			want := make([]float64, len(c.Stories))
			for i, story := range c.Stories {
				want[i] = story.Loss
			}
			worst, tolerance := largestDifference(each, want), map[Precision]float64{FP32: tolerance32, TF32: 0.05, FP16: 0.05, BF16: 0.3}[choice.Precision]
			t.Logf("%s, %s, %v: largest difference %.2g", c.Net, c.Case, choice, worst)
			if c.Net != "floor.safetensors" && !(worst <= tolerance) {
				t.Errorf("%s, %s, %v: largest difference %g, at most %g is accepted", c.Net, c.Case, choice, worst, tolerance)
			}
			gputest.Check(t, g.Close())
		}
	}
}

// Chunks of individuals and of sequences, other sequences beside them, one
// network beside it that is nothing but NaN: the same bits.
func TestGPUTiledDoesNotDependOnTheChunk(t *testing.T) {
	s, m := gputest.Open(t)
	shape := Shape{Hidden: 70, Heads: 3, HeadDim: 20, FFN: 140, Blocks: 2, Vocab: 97, Position: model.Rotary, RotaryDims: 4}
	l := denseLayout(t, shape)
	individuals := 5
	if testing.Short() {
		individuals = 3
	}
	var all []float32
	for i := range individuals {
		all = append(all, randomPhenotype(l, shape, 2, uint64(i))...)
	}
	for i := range l.Phenotype {
		all[2*l.Phenotype+i] = float32(math.NaN())
	}
	phenotypes := gputest.Upload(t, s, all)
	some, more := sequencesOf(short(2, 100, 984, 17, 300)...), sequencesOf(short(2, 100, 984, 17, 300, 64, 65, 800, 33)...)
	for _, choice := range tiledChoices(s.Device().Info) {
		z := newTiledSizes(shape, choice.Precision, factoredRanks(l), Auto)
		little := uint64(z.prepared + 20_000 + (more.Longest()+117)*z.bytesOfARow) // of one individual, one sequence after the other
		var want []float32
		for _, c := range []struct {
			sequences Sequences
			chunk     int
			memory    uint64
		}{{some, individuals, 1 << 33}, {some, 1, 1 << 33}, {some, 2, 1 << 33}, {more, 2, 1 << 33}, {more, individuals, little}} {
			g, err := NewGPU(m, s, l, shape, choice, Materialised, c.sequences, c.chunk, c.memory)
			gputest.Check(t, err)
			if spans := len(g.tiled.spans); c.memory == little && (spans < 2 || g.Chunk() != 1) {
				t.Errorf("%v: %d spans, chunk %d for little memory", choice, spans, g.Chunk())
			}
			_, each := sequenceLosses(t, s, g, phenotypes, individuals, c.sequences.Len())
			gputest.Check(t, g.Close())
			if want == nil {
				want = each
			}
			for i := range individuals {
				for story := range some.Len() {
					got, want := each[i*c.sequences.Len()+story], want[i*some.Len()+story]
					if i == 2 && got == got {
						t.Errorf("%v: a network of NaNs has the loss %v", choice, got)
					}
					if i != 2 && (math.Float32bits(got) != math.Float32bits(want) || got != got) {
						t.Errorf("%v, chunk %d, %d bytes: individual %d, sequence %d: %v, want %v", choice, c.chunk, c.memory, i, story, got, want)
					}
				}
			}
		}
	}
}
