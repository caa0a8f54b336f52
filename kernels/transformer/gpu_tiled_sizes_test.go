package transformer

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/gputest"
	"github.com/evorank/evorank/model"
)

// worstDifference evaluates networks with the tiled kernels of a choice and
// returns the losses and the largest difference from `want`.
func worstDifference(t *testing.T, s *gpu.Stream, g *GPU, phenotypes gpu.Buffer[float32], individuals, sequences int, want []float64) ([]float32, float64) {
	t.Helper()
	poisonTiled(t, s, g)
	_, got := sequenceLosses(t, s, g, phenotypes, individuals, sequences)
	return got, largestDifference(got, want)
}

// The ends of what the tiled kernels are made for, one individual each.
func TestGPUTiledLimits(t *testing.T) {
	s, m := gputest.Open(t)
	for _, c := range []struct {
		what    string
		shape   Shape
		lengths []int
	}{
		{"hidden 2048", Shape{Hidden: 2048, Heads: 4, HeadDim: 70, FFN: 1500, Blocks: 1, Vocab: 140, Position: model.Sinusoid}, []int{2, 20}},
		{"hidden 4096", Shape{Hidden: maxTiledHidden, Heads: 3, HeadDim: 50, FFN: 1000, Blocks: 1, Vocab: 140, Position: model.Rotary, RotaryDims: maxTiledHidden}, []int{2, 20}},
		{"hidden 4095", Shape{Hidden: maxTiledHidden - 1, Heads: 1, HeadDim: 9, FFN: 70, Blocks: 1, Vocab: 33, Position: model.Sinusoid}, []int{9}},
		{"vocabulary 65,536", Shape{Hidden: 40, Heads: 2, HeadDim: 20, FFN: 50, Blocks: 1, Vocab: maxGPUVocab, Position: model.Rotary, RotaryDims: 8}, []int{2, 40}},
		{"8,192 tokens", Shape{Hidden: 24, Heads: 1, HeadDim: 8, FFN: 50, Blocks: 1, Vocab: 97, Position: model.Rotary, RotaryDims: 8}, []int{8193, 3}},
	} {
		t.Run(c.what, func(t *testing.T) {
			if testing.Short() { // what is at its limit stays, but for the tokens
				c.shape.FFN, c.shape.HeadDim, c.lengths = min(c.shape.FFN, 70), min(c.shape.HeadDim, 9), short(c.lengths...)
			}
			l := denseLayout(t, c.shape)
			sequences := randomSequences(rand.New(rand.NewPCG(3, 4)), c.shape.Vocab, c.lengths...)
			sequences.IDs[len(sequences.IDs)-1] = int32(c.shape.Vocab - 1) // the last row of the decoder is a target
			phenotype := randomPhenotype(l, c.shape, 2, 1)
			want := make([]float64, sequences.Len())
			NewReference(networkOf(c.shape, l, phenotype)).Losses(sequences, 0, len(want), want)
			uploaded := gputest.Upload(t, s, phenotype)
			for _, choice := range tiledChoices(s.Device().Info) {
				g, err := NewGPU(m, s, l, c.shape, choice, Materialised, sequences, 1, 1<<32)
				gputest.Check(t, err)
				_, worst := worstDifference(t, s, g, uploaded, 1, len(want), want)
				gputest.Check(t, g.Close())
				t.Logf("%v: largest difference %.2g", choice, worst)
				if !(worst <= tiledTolerance[choice.Precision]) {
					t.Errorf("%v: largest difference %g, at most %g is accepted", choice, worst, tiledTolerance[choice.Precision])
				}
			}
		})
	}
}

// Three wide networks one at a time and all at once: the same bits.
func TestGPUTiledWideInChunks(t *testing.T) {
	s, m := gputest.Open(t)
	const individuals = 3
	shape := Shape{Hidden: 1500, Heads: 5, HeadDim: 70, FFN: 700, Blocks: 1, Vocab: 4200, Position: model.Sinusoid}
	if testing.Short() {
		shape.HeadDim, shape.FFN, shape.Vocab = 9, 70, 140
	}
	l := denseLayout(t, shape)
	var all []float32
	for i := range individuals {
		all = append(all, randomPhenotype(l, shape, 2, uint64(i))...)
	}
	phenotypes, sequences := gputest.Upload(t, s, all), randomSequences(rand.New(rand.NewPCG(3, 4)), shape.Vocab, short(2, 200, 65)...)
	for _, choice := range tiledChoices(s.Device().Info) {
		var losses [2][]float32
		for i, room := range []int{individuals, 1} {
			g, err := NewGPU(m, s, l, shape, choice, Materialised, sequences, room, 1<<32)
			gputest.Check(t, err)
			if g.Chunk() != room {
				t.Errorf("%v: chunk %d, want %d", choice, g.Chunk(), room)
			}
			losses[i], _ = worstDifference(t, s, g, phenotypes, individuals, sequences.Len(), nil)
			gputest.Check(t, g.Close())
		}
		for i, want := range losses[0] {
			if got := losses[1][i]; math.Float32bits(got) != math.Float32bits(want) || got != got {
				t.Errorf("%v: individual %d, sequence %d: %v alone, %v beside others", choice, i/sequences.Len(), i%sequences.Len(), got, want)
			}
		}
	}
}
