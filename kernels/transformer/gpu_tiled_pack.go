package transformer

import (
	"math"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/model"
)

// packSizes is struct PackSizes of tiled_pack.cu, field by field.
type packSizes struct {
	WeightStride, BiasStride  int64
	OutStride, BiasOutStride  int64
	Rows, Columns             int32
	RowStride, ColumnStride   int32
	RowGroup, RowPadded       int32
	ColumnGroup, ColumnPadded int32
	FirstRow, OutRows         int32
	FirstColumn, Blocks       int32
	Biased                    int32
	Scale, BiasPadding        float32
	_                         int32
}

// source is where a matrix is read from: the first individual's, and the
// numbers from there to the next individual's, to the next row and column.
type source struct {
	from              gpu.Buffer[float32]
	each, row, column int
}

// packed says how a weight [rows][columns] and its bias are to stand in a
// linear layer, from firstRow on; if it is applied as factors, the inner one
// from firstInner on.
type packed struct {
	rows, columns        int
	rowHead, columnHead  int // columns of a head, 0 where rows or columns do not come in heads
	firstRow, outRows    int // outRows: written, with padding; 0: all
	firstInner, outInner int
	bias                 int // tensor, or none
	scale, biasPadding   float32
}

const none = -1

// pack writes all weights of the chunk's networks in the kernels' form.
func (r *tiledRun) pack() {
	n, z := r.g.network, &r.sizes
	hidden, headDim, ffn := int(n.Hidden), int(n.HeadDim), int(n.FFN)
	width := int(n.Heads) * headDim
	for i := range z.blocks {
		b, first := &z.blocks[i], firstBlock+i*blockTensors
		layer := func(l tiledLinear, weight int, p packed) {
			p.bias, p.scale = first+weight+biasFollows, 1
			r.packLinear(l, first+weight, p)
		}
		r.packAttention(b.qkv, first, width, hidden)
		layer(b.o, oWeight, packed{rows: hidden, columns: width, columnHead: headDim})
		layer(b.up, upWeight, packed{rows: ffn, columns: hidden})
		layer(b.down, downWeight, packed{rows: hidden, columns: ffn})
	}
	r.packLinear(z.decoder, embedWeight, packed{rows: int(n.Vocab), columns: hidden, bias: decoderBias, scale: math.Log2E, biasPadding: float32(math.Inf(-1))})
}

// packAttention packs queries, keys and values below each other; the first
// carry the softmax's scale, the last fill the layer up.
func (r *tiledRun) packAttention(l tiledLinear, first, width, hidden int) {
	headDim, padded, inner := int(r.g.network.HeadDim), int(r.g.network.Heads)*r.sizes.attentionHead, 0
	for part, weight := range []int{qWeight, kWeight, vWeight} {
		tensor := first + weight
		rank := r.g.layout.Tensors[tensor].Encoding.Rank
		p := packed{
			rows: width, columns: hidden, rowHead: headDim, firstRow: part * padded, outRows: padded,
			firstInner: inner, outInner: rank, bias: tensor + biasFollows, scale: 1,
		}
		switch weight {
		case qWeight:
			p.scale = float32(math.Log2E / math.Sqrt(float64(headDim)))
		case vWeight:
			p.outRows, p.outInner = l.outer.rows-p.firstRow, l.inner.rows-p.firstInner
		}
		r.packLinear(l, tensor, p)
		inner += rank
	}
}

// packLinear packs a developed weight, or its two factors.
func (r *tiledRun) packLinear(l tiledLinear, tensor int, p packed) {
	if p.outRows == 0 {
		p.outRows, p.outInner = l.outer.rows, l.inner.rows
	}
	if !l.factored() {
		r.packMatrix(l.outer, source{r.tensor(tensor), r.g.layout.Phenotype, p.columns, 1}, p, 0)
		return
	}
	inner, outer := r.factors(tensor)
	rank := r.g.layout.Tensors[tensor].Encoding.Rank
	r.packMatrix(l.inner, inner, packed{rows: rank, columns: p.columns, columnHead: p.columnHead, firstRow: p.firstInner, outRows: p.outInner, bias: none, scale: 1}, 0)
	p.columns, p.columnHead = rank, 0
	r.packMatrix(l.outer, outer, p, p.firstInner)
}

// factors returns a weight's factors, W = outer·inner. A transposed tensor is
// (A·B)ᵀ = Bᵀ·Aᵀ.
func (r *tiledRun) factors(tensor int) (inner, outer source) {
	t := &r.g.layout.Tensors[tensor]
	lying := func(p *model.Part) source {
		return source{r.genotypes.Slice(p.Offset, r.genotypes.Len()), r.g.layout.Genotype, p.Shape[1], 1}
	}
	a, b := lying(&t.Parts[0]), lying(&t.Parts[1])
	if t.Orientation == model.Transposed {
		a.row, a.column = a.column, a.row
		b.row, b.column = b.column, b.row
		return a, b
	}
	return b, a
}

// packMatrix packs one matrix, its first column at firstColumn.
func (r *tiledRun) packMatrix(m tiledMatrix, from source, p packed, firstColumn int) {
	z := &r.sizes
	sizes := packSizes{
		WeightStride: int64(from.each), BiasStride: int64(r.g.layout.Phenotype), OutStride: int64(z.prepared), BiasOutStride: int64(z.prepared / 4),
		Rows: int32(p.rows), Columns: int32(p.columns), RowStride: int32(from.row), ColumnStride: int32(from.column),
		RowGroup: math.MaxInt32, RowPadded: math.MaxInt32, ColumnGroup: math.MaxInt32, ColumnPadded: math.MaxInt32,
		FirstRow: int32(p.firstRow), OutRows: int32(p.outRows), FirstColumn: int32(firstColumn), Blocks: int32(m.blocks),
		Scale: p.scale, BiasPadding: p.biasPadding,
	}
	if p.rowHead > 0 {
		sizes.RowGroup, sizes.RowPadded = int32(p.rowHead), int32(z.attentionHead)
	}
	if p.columnHead > 0 {
		sizes.ColumnGroup, sizes.ColumnPadded = int32(p.columnHead), int32(z.attentionHead)
	}
	bias := from.from // not read
	if p.bias != none {
		sizes.Biased, bias = 1, r.tensor(p.bias)
	}
	octets := m.blocks * tiledRowBytes / z.bytes / 8
	r.launch(r.kernels.pack, (p.outRows*octets+255)/256, 256, 0, gpu.Value(sizes), from.from.Arg(), bias.Arg(),
		r.prepared.Slice(m.offset, r.prepared.Len()).Arg(), r.prepared.Slice(m.biasOffset(), r.prepared.Len()).Arg())
}
