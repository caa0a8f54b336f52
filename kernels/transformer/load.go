package transformer

import (
	"math"

	"github.com/evorank/evorank/kernels/vector"
)

// loaded is a network as the evaluator applies it. The change from e^x to 2^x
// is in its weights: queries are scaled by log2 e/√head dim, and final states
// and the decoder's bias by log2 e, so that every score is in bits.
type loaded struct {
	embed   embedding
	decoder linear
	blocks  []block
	rank    int // the largest of all weights that are applied factored
}

type block struct {
	q, k, v, o, up, down                           linear
	norm1Weight, norm1Bias, norm2Weight, norm2Bias []float32
}

// linear is bias + whole·x, or bias + a·(b·x).
type linear struct {
	factored    bool
	whole, a, b vector.Matrix
	bias        []float32
}

// embedding is the decoder's weight seen from the input: a token is column id,
// or a times it.
type embedding struct {
	factored bool
	columns  vector.Matrix // [H][V], or [Rank][V]
	a        vector.Matrix // [H][Rank]
}

// loader makes a loaded network out of a Network. What it has to compute it
// writes into memory that it kept from the last time.
type loader struct {
	application Application
	kernels     *vector.Kernels
	memory      []float32
	used        int
	columns     []float32 // [Rank][Width]: a panel of B's columns
	rows        []float32 // [Width][Width]: rows of A·B
}

// load fills l from n.
func (ld *loader) load(l *loaded, n *Network) {
	ld.used = 0
	l.rank = 0
	add := func(to *linear, w *Matrix, bias []float32) {
		*to = ld.linear(w, bias)
		if to.factored {
			l.rank = max(l.rank, w.Rank)
		}
	}
	last := len(n.Blocks) - 1
	for i := range n.Blocks {
		from, to := &n.Blocks[i], &l.blocks[i]
		add(&to.q, &from.Q, from.QBias)
		ld.scaleLinear(&to.q, math.Log2E/math.Sqrt(float64(n.Shape.HeadDim)))
		add(&to.k, &from.K, from.KBias)
		add(&to.v, &from.V, from.VBias)
		add(&to.o, &from.O, from.OBias)
		add(&to.up, &from.Up, from.UpBias)
		add(&to.down, &from.Down, from.DownBias)
		to.norm1Weight, to.norm1Bias = from.Norm1Weight, from.Norm1Bias
		to.norm2Weight, to.norm2Bias = from.Norm2Weight, from.Norm2Bias
	}
	l.blocks[last].norm2Weight = ld.scaled(n.Blocks[last].Norm2Weight, math.Log2E)
	l.blocks[last].norm2Bias = ld.scaled(n.Blocks[last].Norm2Bias, math.Log2E)
	ld.loadEmbedding(l, n)
}

// linear views or develops one weight.
func (ld *loader) linear(w *Matrix, bias []float32) linear {
	if ld.factored(w) {
		return linear{factored: true, bias: bias,
			a: vector.RowMajor(w.A, w.Outputs, w.Rank), b: vector.RowMajor(w.B, w.Rank, w.Inputs)}
	}
	data := w.W
	if data == nil {
		data = ld.develop(vector.RowMajor(w.A, w.Outputs, w.Rank), vector.RowMajor(w.B, w.Rank, w.Inputs))
		for i, d := range w.D {
			data[i] += d
		}
	}
	return linear{whole: vector.RowMajor(data, w.Outputs, w.Inputs), bias: bias}
}

// loadEmbedding sets the embedding and the decoder, whose factors are the
// transposes of the file's.
func (ld *loader) loadEmbedding(l *loaded, n *Network) {
	w, v, h := &n.Embed, n.Shape.Vocab, n.Shape.Hidden
	l.decoder = linear{bias: ld.scaled(n.DecoderBias, math.Log2E)}
	var a, b vector.Matrix
	if w.A != nil {
		a, b = vector.RowMajor(w.A, h, w.Rank), vector.RowMajor(w.B, w.Rank, v)
	}
	if ld.factored(w) {
		l.embed = embedding{factored: true, columns: b, a: a}
		l.decoder.factored, l.decoder.a, l.decoder.b = true, b.Transposed(), a.Transposed()
		l.rank = max(l.rank, w.Rank)
		return
	}
	table := w.W
	if table == nil {
		table = ld.develop(b.Transposed(), a.Transposed())
		for i, d := range w.D {
			table[i%v*h+i/v] += d
		}
	}
	l.decoder.whole = vector.RowMajor(table, v, h)
	l.embed = embedding{columns: l.decoder.whole.Transposed()}
}

// factored decides how a weight is applied.
func (ld *loader) factored(w *Matrix) bool {
	switch {
	case w.A == nil || w.D != nil:
		return false
	case ld.application == Auto:
		return ChooseApplication(w.Outputs, w.Inputs, w.Rank) == Factored
	}
	return ld.application == Factored
}

// develop returns A·B, row-major.
func (ld *loader) develop(a, b vector.Matrix) []float32 {
	out := ld.take(a.Rows * b.Cols)
	ld.columns = grow(ld.columns, b.Rows*vector.Width)
	ld.rows = grow(ld.rows, vector.Width*vector.Width)
	for col := 0; col < b.Cols; col += vector.Width {
		cols := min(vector.Width, b.Cols-col)
		for r := range b.Rows {
			row := ld.columns[r*vector.Width:][:vector.Width]
			clear(row)
			for c := range cols {
				row[c] = b.Data[r*b.RowStride+(col+c)*b.ColStride]
			}
		}
		for from := 0; from < a.Rows; from += vector.Width {
			to := min(from+vector.Width, a.Rows)
			ld.kernels.Product(ld.rows, vector.Width, a.RowRange(from, to), ld.columns, nil, (cols+vector.Unit-1)/vector.Unit)
			for r := from; r < to; r++ {
				copy(out[r*b.Cols+col:][:cols], ld.rows[(r-from)*vector.Width:])
			}
		}
	}
	return out
}

// scaleLinear multiplies what a layer with row-major weights puts out.
func (ld *loader) scaleLinear(l *linear, factor float64) {
	l.bias = ld.scaled(l.bias, factor)
	if l.factored {
		l.a.Data = ld.scaled(l.a.Data, factor)
	} else {
		l.whole.Data = ld.scaled(l.whole.Data, factor)
	}
}

func (ld *loader) scaled(x []float32, factor float64) []float32 {
	y := ld.take(len(x))
	for i, v := range x {
		y[i] = v * float32(factor)
	}
	return y
}

// take returns n numbers of the loader's memory. When that is used up it
// starts a larger one: what was taken before stays where it is.
func (ld *loader) take(n int) []float32 {
	if ld.used+n > len(ld.memory) {
		ld.memory = make([]float32, 2*(ld.used+n))
		ld.used = 0
	}
	ld.used += n
	return ld.memory[ld.used-n : ld.used : ld.used]
}
