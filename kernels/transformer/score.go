package transformer

import (
	"math"
	"math/bits"

	"github.com/evorank/evorank/kernels/vector"
)

// targets are what the lanes of a panel should have predicted: which, where
// among the decoder's rows, and their scores once these have been met.
type targets struct {
	ids    [width]int32
	lanes  []uint64 // of each block of blockRows rows, the lanes with a target in it
	scores vector.Lanes
}

// score sets out to the losses of the chunk's sequences, of which from is the
// first.
//
//	loss_t = log Σ_v exp(logit_v) − logit_target
func (e *Evaluator) score(s Sequences, from int, out []float64) {
	w := &e.work
	clear(out)
	for p := range w.panels {
		for _, g := range w.parts(p) {
			w.targets.place(s.At(g.sequence)[g.position+1:][:g.lanes], g.lane, e.shape.Vocab)
		}
		e.logits(w.panel(p), w.units(p))
		for _, g := range w.parts(p) {
			for lane := g.lane; lane < g.lane+g.lanes; lane++ {
				out[g.sequence-from] += w.loss(lane)
			}
		}
	}
	for i := range out {
		out[i] /= float64(s.Targets(from+i, from+i+1))
	}
}

// place notes the targets of the lanes from lane on.
func (t *targets) place(ids []int32, lane, vocab int) {
	for i, id := range ids {
		if id < 0 || int(id) >= vocab {
			panic(badID)
		}
		t.ids[lane+i] = id
		t.lanes[id/blockRows] |= 1 << (lane + i)
	}
}

// take copies the targets' scores out of the block of rows that begins at row.
func (t *targets) take(scores []float32, row int) {
	block := row / blockRows
	for lanes := t.lanes[block]; lanes != 0; lanes &= lanes - 1 {
		lane := bits.TrailingZeros64(lanes)
		t.scores[lane] = scores[(int(t.ids[lane])-row)*width+lane]
	}
	t.lanes[block] = 0
}

// logits runs the softmax of a panel over the vocabulary, in bits, and takes
// the targets' scores on the way.
func (e *Evaluator) logits(x []float32, units int) {
	w, k, d := &e.work, e.kernels, &e.network.decoder
	rows := d.whole
	if d.factored {
		k.Product(w.inner, width, d.b, x, nil, units)
		rows, x = d.a, w.inner
	}
	w.softmax.Reset()
	for from := 0; from < rows.Rows; from += blockRows {
		to := min(from+blockRows, rows.Rows)
		k.Product(w.scores, width, rows.RowRange(from, to), x, d.bias[from:to], units)
		w.targets.take(w.scores, from)
		k.Softmax(&w.softmax, 0, w.scores, to-from, units)
	}
}

// loss is −log softmax at a lane's target, in nats.
func (w *workspace) loss(lane int) float64 {
	behind := float64(w.softmax.Max[lane]) - float64(w.targets.scores[lane])
	return (behind + math.Log2(float64(w.softmax.Sum[lane]))) * math.Ln2
}
