package transformer

import (
	"math"
	"strings"
	"testing"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/gputest"
	"github.com/evorank/evorank/model"
)

// A network with one number that is none has a loss that is none, wherever
// the number stands: no relu and no maximum may swallow it. The numbers are
// each tensor's first, which tokens use, and its last, which none does: what
// only the softmax over the vocabulary sees, the row of a word that no
// sequence has, is lost most easily, above all where little or nothing else
// stands beside it.
func TestGPUKeepsNaN(t *testing.T) {
	s, m := gputest.Open(t)
	for _, shape := range []Shape{
		{Hidden: 31, Heads: 2, HeadDim: 3, FFN: 40, Blocks: 1, Vocab: 50, Position: model.NoPosition},
		{Hidden: 31, Heads: 2, HeadDim: 3, FFN: 40, Blocks: 1, Vocab: 6, Position: model.NoPosition},
		{Hidden: 31, Heads: 2, HeadDim: 3, FFN: 40, Blocks: 1, Vocab: 2051, Position: model.NoPosition}, // the last row in a tile that `targets` adds
		{Hidden: 5, Heads: 2, HeadDim: 3, FFN: 9, Blocks: 1, Vocab: 6, Position: model.NoPosition},
	} {
		l := denseLayout(t, shape)
		sequences := sequencesOf(9)
		for i := range sequences.IDs {
			sequences.IDs[i] %= int32(min(shape.Vocab, 50) - 1)
		}
		var all []float32
		var where []string
		for _, tensor := range l.Tensors {
			for _, last := range []bool{false, true} {
				phenotype := randomPhenotype(l, shape, 2, 1)
				numbers := tensor.Of(phenotype)
				place, name := 0, "first"
				if last {
					place, name = len(numbers)-1, "last"
				}
				numbers[place] = float32(math.NaN())
				all, where = append(all, phenotype...), append(where, tensor.Name+", the "+name)
			}
		}
		all, where = append(all, randomPhenotype(l, shape, 2, 1)...), append(where, "no")
		phenotypes := gputest.Upload(t, s, all)
		choices := append(tiledChoices(s.Device().Info), GPUChoice{Precision: FP32, Kernels: referenceKernelName})
		for _, p := range []Precision{FP16, BF16} {
			choices = append(choices, chosen(t, s, shape, p, sequences))
		}
		for _, choice := range choices {
			g, err := NewGPU(m, s, l, shape, choice, Materialised, sequences, len(where), 1<<30)
			gputest.Check(t, err)
			_, losses := sequenceLosses(t, s, g, phenotypes, len(where), 1)
			gputest.Check(t, g.Close())
			for i, loss := range losses {
				// The fused kernels leave the bias of the keys out: it is the same for every key.
				dropped := i == len(where)-1 || choice.Fused() && strings.Contains(where[i], "attn.k.bias")
				if isNaN := loss != loss; isNaN == dropped {
					t.Errorf("hidden %d, vocabulary %d, %v: %s number a NaN: loss %v", shape.Hidden, shape.Vocab, choice, where[i], loss)
				}
			}
		}
	}
}

// TestNaNTestTakesAllKernels: the sizes above take every set of kernels.
func TestNaNTestTakesAllKernels(t *testing.T) {
	hopper := gpu.Info{Major: 9, SharedPerBlock: 227 << 10}
	for hidden, want := range map[int]string{31: "fused h32", 5: "fused h8"} {
		c, err := ChooseGPU(Shape{Hidden: hidden, Heads: 2, HeadDim: 3, FFN: 9, Blocks: 1, Vocab: 6, Position: model.NoPosition}, FP16, hopper, 8)
		if err != nil || c.Kernels != want {
			t.Errorf("hidden %d: %v, %v, want %s", hidden, c, err, want)
		}
	}
}
