package transformer

import (
	"strings"

	"github.com/evorank/evorank/model"
)

// tiledMatrix is a matrix as the product kernels read it: rows padded to 128,
// columns to 128 bytes, followed by its bias in float32.
type tiledMatrix struct {
	rows   int // padded to 128
	blocks int // 128-byte tiles of a row
	offset int // bytes into a prepared network
}

func (m tiledMatrix) weightBytes() int { return m.rows * m.blocks * tiledRowBytes }
func (m tiledMatrix) biasOffset() int  { return m.offset + m.weightBytes() }
func (m tiledMatrix) end() int         { return m.biasOffset() + 4*m.rows }

// tiledLinear is a linear layer: outer·x + b, where outer is the weight, or
// outer·(inner·x) + b, where these are its factors.
type tiledLinear struct{ inner, outer tiledMatrix }

func (l tiledLinear) factored() bool { return l.inner.rows > 0 }

// tiledBlock is one layer's weights. Queries, keys and values are one matrix:
// their inner factors stand below each other, their outer ones along a
// diagonal.
type tiledBlock struct{ qkv, o, up, down tiledLinear }

// tiledSizes says how a network lies in device memory in one precision, and
// which weights are applied as factors. It is a pure function of network,
// precision and application.
//
//	Hp, Dp, Fp  hidden, attention and feed-forward columns, padded to whole tiles
type tiledSizes struct {
	bytes         int // of a number
	dim, parts    int // columns of a head: parts · dim, zero beyond its true size
	blocks        []tiledBlock
	decoder       tiledLinear
	prepared      int // bytes of a network
	hidden        int // tiles of a row of states
	qkv, wide     int // tiles of a row of queries, keys and values; of the buffer that they share with the feed-forward part
	heads, ffn    int // tiles of a row
	inner         int // tiles of the widest row between two factors, 0 if there is none
	vocabularies  int // parts of the vocabulary
	bytesOfARow   int // of a token in the workspace
	attentionHead int // padded columns of a head

	application Application
}

// newTiledSizes places a network whose tensors have these ranks, 0 where a
// tensor is not the product of two factors.
func newTiledSizes(s Shape, p Precision, ranks []int, a Application) tiledSizes {
	z := tiledSizes{bytes: p.bytes(), application: a}
	z.sizeHeads(s.HeadDim)
	attention := s.Heads * z.attentionHead
	for block := range s.Blocks {
		r := ranks[firstBlock+block*blockTensors:]
		z.blocks = append(z.blocks, tiledBlock{
			qkv: z.linear(3*attention, s.Hidden, r[qWeight], r[kWeight], r[vWeight]), o: z.linear(s.Hidden, attention, r[oWeight]),
			up: z.linear(s.FFN, s.Hidden, r[upWeight]), down: z.linear(s.Hidden, s.FFN, r[downWeight]),
		})
	}
	z.decoder = z.linear(s.Vocab, s.Hidden, ranks[embedWeight])
	z.hidden, z.qkv, z.heads, z.ffn = z.tilesOf(s.Hidden), z.tilesOf(3*attention), z.tilesOf(attention), z.tilesOf(s.FFN)
	z.wide = max(z.qkv, z.ffn)
	z.vocabularies = (z.decoder.outer.rows/tiledSide + lossPartTiles - 1) / lossPartTiles
	z.bytesOfARow = (z.hidden+z.wide+z.heads+z.inner)*tiledRowBytes + 4*z.sumColumns() + 8*z.vocabularies + 4
	return z
}

// sizeHeads pads a head to a size that the attention kernels have.
func (z *tiledSizes) sizeHeads(headDim int) {
	dims := []int{16, 32, 64}
	if z.bytes == 2 {
		dims = append(dims, 128)
	}
	z.dim = dims[len(dims)-1]
	for _, dim := range dims {
		if headDim <= dim {
			z.dim = dim
			break
		}
	}
	z.parts = (headDim + z.dim - 1) / z.dim
	z.attentionHead = z.dim * z.parts
}

// bytes is the size of a number.
func (p Precision) bytes() int {
	if p == FP16 || p == BF16 {
		return 2
	}
	return 4
}

// tilesOf returns the 128-byte tiles that n columns take.
func (z *tiledSizes) tilesOf(n int) int { return roundUp(n*z.bytes, tiledRowBytes) / tiledRowBytes }

// sumColumns is a row of the float32 sums that layer norms read.
func (z *tiledSizes) sumColumns() int { return z.hidden * tiledRowBytes / z.bytes }

// linear places one weight, or several that are applied to the same input as
// one.
func (z *tiledSizes) linear(outputs, inputs int, ranks ...int) tiledLinear {
	rank, factors := 0, z.application != Materialised
	for _, each := range ranks {
		rank, factors = rank+each, factors && each > 0
	}
	if !factors || z.application == Auto && z.choose(outputs, inputs, rank) == Materialised {
		return tiledLinear{outer: z.matrix(outputs, inputs)}
	}
	z.inner = max(z.inner, z.tilesOf(rank))
	return tiledLinear{inner: z.matrix(rank, inputs), outer: z.matrix(outputs, rank)}
}

func (z *tiledSizes) matrix(rows, columns int) tiledMatrix {
	m := tiledMatrix{rows: roundUp(rows, tiledSide), blocks: z.tilesOf(columns), offset: z.prepared}
	z.prepared = roundUp(m.end(), 128)
	return m
}

// epilogueTiles is what it takes to store a tile of output, in tiles along k:
// queries, keys, values and up take 3.1 ms at hidden 256 and 30.2 ms at 1024
// (NOTES.md), where an output tile sums 4 and 16 tiles and there are 4 times
// as many: (16 + e)/(4 + e) = 30.2/(4·3.1), e = 4.4.
const epilogueTiles = 4

// choose is ChooseApplication for the tiled kernels: tiles are multiplied
// whole, whether they hold numbers or padding, and the output's own store is
// the same either way.
func (z *tiledSizes) choose(outputs, inputs, rank int) Application {
	tilesOfRows := func(rows int) int { return roundUp(rows, tiledSide) / tiledSide }
	through := tilesOfRows(rank)*(z.tilesOf(inputs)+epilogueTiles) + tilesOfRows(outputs)*z.tilesOf(rank)
	if through < tilesOfRows(outputs)*z.tilesOf(inputs) {
		return Factored
	}
	return Materialised
}

// factored reports whether any weight is applied as factors.
func (z *tiledSizes) factored() bool { return z.inner > 0 }

// signature is a letter for each linear layer, f where it is applied as
// factors: the blocks' queries-keys-values, output, up and down, and the
// decoder.
func (z *tiledSizes) signature() string {
	var b strings.Builder
	letter := func(l tiledLinear) {
		if l.factored() {
			b.WriteByte('f')
		} else {
			b.WriteByte('m')
		}
	}
	for _, block := range z.blocks {
		letter(block.qkv)
		letter(block.o)
		letter(block.up)
		letter(block.down)
	}
	letter(z.decoder)
	return b.String()
}

// factoredRanks returns the rank of each tensor that is the product of two
// factors and no more, 0 for the others.
func factoredRanks(l *model.Layout) []int {
	ranks := make([]int, len(l.Tensors))
	for i := range l.Tensors {
		if e := l.Tensors[i].Encoding; e.Kind == model.Factored {
			ranks[i] = e.Rank
		}
	}
	return ranks
}

// GPUPlan says which linear layers the chosen kernels apply as factors, as it
// decides the bits of losses: a letter f or m for each, or nothing if all have
// developed weights, as they always do outside of the tiled kernels.
func GPUPlan(l *model.Layout, s Shape, choice GPUChoice, a Application) string {
	if choice.Kernels != tiledKernelsName {
		return ""
	}
	z := newTiledSizes(s, choice.Precision, factoredRanks(l), a)
	if !z.factored() {
		return ""
	}
	return z.signature()
}
