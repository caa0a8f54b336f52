package bench

import (
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/model"
)

// Work is what one individual's loss takes by the formulas of the developed
// network, whatever a program does beyond them: no padding, no masked scores,
// no A·B.
type Work struct {
	Tokens       int64 // scored
	Exponentials int64 // of both softmaxes
	FLOP         int64 // of the products, two for a multiply-add
}

// WorkOf counts one individual's work on the stories. A story of n targets has
// n positions whose keys are those up to it.
func WorkOf(s model.Transformer, stories transformer.Sequences) Work {
	var w Work
	d := s.Heads * s.HeadDim
	perToken := s.Blocks*(4*s.Hidden*d+2*s.Hidden*s.FFN) + s.Hidden*s.Vocab
	for i := range stories.Len() {
		n := int64(len(stories.At(i)) - 1)
		scores := int64(s.Blocks*s.Heads) * n * (n + 1) / 2
		w.Tokens += n
		w.Exponentials += n*int64(s.Vocab) + scores
		w.FLOP += 2 * (n*int64(perToken) + scores*int64(2*s.HeadDim))
	}
	return w
}

// times returns the work of n individuals.
func (w Work) times(n int) Work {
	return Work{w.Tokens * int64(n), w.Exponentials * int64(n), w.FLOP * int64(n)}
}
