package transformer

import (
	"math"

	"github.com/evorank/evorank/kernels/vector"
	"github.com/evorank/evorank/model"
)

// embed sets the chunk's states to the embeddings of its tokens, with the
// position's signal. Lanes without a token are left with whatever they hold.
func (e *Evaluator) embed(s Sequences) {
	w, f := &e.work, &e.network.embed
	for p := range w.panels {
		x := w.panel(p)
		columns := x
		if f.factored {
			columns = w.inner
		}
		for _, g := range w.parts(p) {
			gather(columns[g.lane:], f.columns, s.At(g.sequence)[g.position:][:g.lanes])
		}
		if f.factored {
			e.kernels.Product(x, width, f.a, columns, nil, w.units(p))
		}
		for _, g := range w.parts(p) {
			e.position.reserve(g.position + g.lanes)
			e.position.add(x[g.lane:], g.position, g.lanes)
		}
	}
}

const badID = "transformer: token id outside of the vocabulary"

// gather sets x[r·width + lane] = columns(r, ids[lane]).
func gather(x []float32, columns vector.Matrix, ids []int32) {
	for lane, id := range ids {
		if id < 0 || int(id) >= columns.Cols {
			panic(badID)
		}
		column := columns.Data[int(id)*columns.ColStride:]
		for r := range columns.Rows {
			x[r*width+lane] = column[r*columns.RowStride]
		}
	}
}

// positionTable holds what position adds to a token, for as many positions as
// the longest sequence so far has. A row is R/2 pairs (cos, sin), H numbers to
// add, or nothing.
type positionTable struct {
	shape Shape
	rows  []float32
}

func (t *positionTable) row() int {
	switch t.shape.Position {
	case model.Rotary:
		return t.shape.RotaryDims
	case model.Sinusoid:
		return t.shape.Hidden
	}
	return 0
}

// reserve makes the table at least n rows long.
func (t *positionTable) reserve(n int) {
	row := t.row()
	if len(t.rows) >= n*row {
		return
	}
	turns := make([]float64, (row+1)/2) // a pair's angle at position 1
	for i := range turns {
		turns[i] = angle(1, 2*i, row)
	}
	for p := len(t.rows) / row; p < n; p++ {
		for _, turn := range turns {
			first, second := math.Sincos(float64(p) * turn)
			if t.shape.Position == model.Rotary {
				first, second = second, first // cosine, sine
			}
			t.rows = append(t.rows, float32(first), float32(second))
		}
		t.rows = t.rows[:(p+1)*row] // an odd feature is no pair
	}
}

// add gives count lanes of x, the tokens from a position on, their signal.
func (t *positionTable) add(x []float32, from, count int) {
	row := t.row()
	for lane := range count {
		signal := t.rows[(from+lane)*row:][:row]
		if t.shape.Position == model.Sinusoid {
			for i, v := range signal {
				x[i*width+lane] += v
			}
			continue
		}
		for i := 0; i < row; i += 2 {
			cos, sin := signal[i], signal[i+1]
			a, b := &x[i*width+lane], &x[(i+1)*width+lane]
			*a, *b = float32(*a*cos)-float32(*b*sin), float32(*b*cos)+float32(*a*sin)
		}
	}
}
