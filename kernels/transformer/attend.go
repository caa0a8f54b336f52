package transformer

import "github.com/evorank/evorank/kernels/vector"

// attend sets attended to the attention of panel p's queries over the keys and
// values of their sequences, heads in order.
//
//	Σ_u v_u · 2^(q·k_u) / Σ_u 2^(q·k_u), over the sequence's keys u up to the query
//
// Queries lie in lanes; keys and values are the broadcast weights of a product.
func (e *Evaluator) attend(p int) {
	for _, g := range e.work.parts(p) {
		for head := range e.shape.Heads {
			e.attendHead(g, head*e.shape.HeadDim)
		}
	}
}

// attendHead is one head, whose rows begin at row, for the queries of one
// segment: a softmax over keys that arrive in blocks. It works on whole units,
// in which other sequences may have lanes too, so what it computes for the
// segment is copied from there.
func (e *Evaluator) attendHead(g segment, row int) {
	w, k, dim := &e.work, e.kernels, e.shape.HeadDim
	base, units := g.units()
	first := g.position + base*vector.Unit - g.lane // position of the first unit's first lane
	last := g.position + g.lanes                    // keys from here on are in the future of every query
	w.softmax.Reset()
	for key := 0; key < last; key += blockRows {
		rows := min(blockRows, last-key)
		skip := max(0, (key-first)/vector.Unit) // units whose queries all lie before the block
		lane, n := skip*vector.Unit, units-skip
		k.Product(w.scores, width, w.keyRows(row, dim, g.begin+key, rows), w.queries[row*width+base*vector.Unit+lane:], nil, n)
		if key+rows-1 > first+lane {
			k.MaskFuture(w.scores, rows, n, key-first-lane)
		}
		k.Softmax(&w.softmax, skip, w.scores, rows, n)
		values := w.valueColumns(row, dim, g.begin+key, rows)
		if key == 0 {
			k.Product(w.head, width, values, w.scores, nil, n)
		} else {
			k.Accumulate(w.head[lane:], width, values, w.scores, w.softmax.Correction[lane:], n)
		}
	}
	k.Divide(w.head, w.softmax.Sum[:], dim, units)
	for r := range dim {
		copy(w.attended[(row+r)*width+g.lane:][:g.lanes], w.head[r*width+g.lane-base*vector.Unit:])
	}
}

// units returns the first unit that a segment has lanes in, and their number.
func (g segment) units() (base, count int) {
	base = g.lane / vector.Unit
	return base, (g.lane+g.lanes-1)/vector.Unit + 1 - base
}

// keyRows are a head's keys of the chunk's tokens from from on, one a row.
func (w *workspace) keyRows(row, dim, from, rows int) vector.Matrix {
	return vector.Matrix{Data: w.keys[row*w.stride+from:], Rows: rows, Cols: dim, RowStride: 1, ColStride: w.stride}
}

// valueColumns are a head's values of the same, one a column.
func (w *workspace) valueColumns(row, dim, from, cols int) vector.Matrix {
	return vector.Matrix{Data: w.values[row*w.stride+from:], Rows: dim, Cols: cols, RowStride: w.stride, ColStride: 1}
}
