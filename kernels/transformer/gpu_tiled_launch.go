package transformer

import (
	"errors"
	"fmt"
	"math"

	"github.com/evorank/evorank/gpu"
)

// The structs of the .cu files, field by field.
type (
	gemmSizes struct {
		InStride, WeightStride, BiasStride, ResidualStride, OutStride int64
		Blocks, ColumnTiles, OutBlocks, OutColumns                    int32
		Floor                                                         float32
		_                                                             int32
	}
	attentionSizes struct {
		InStride, OutStride                               int64
		InBlocks, OutBlocks, Heads, Parts, FirstSlot, Pad int32
	}
	singleSizes struct {
		InStride, OutStride                                int64
		InBlocks, OutBlocks, Heads, Parts, Dims, FirstSlot int32
	}
	normSizes struct {
		InStride, OutStride             int64
		Hidden, InColumns, Blocks, Rows int32
	}
	lossSizes struct {
		InStride, WeightStride, BiasStride                int64
		Blocks, VocabTiles, PartTiles, Parts, Slots, Rows int32
	}
)

// find looks up the kernels of the choice.
func (t *tiledPath) find(m *gpu.Module, c GPUChoice) error {
	var errs []error
	find := func(k **gpu.Kernel, name string) {
		var err error
		*k, err = m.Kernel("transformer_" + name)
		errs = append(errs, err)
	}
	k, p := &t.kernels, string(c.Precision)
	product, columns, head := "tiled", 256, ""
	k.threads, k.shared = tiledThreads, tiledShared
	if c.Wgmma {
		product, k.threads, k.shared = "hopper", hopperThreads, hopperShared
	}
	for columns < t.sizes.sumColumns() {
		columns *= 4
	}
	if c.Precision != FP32 {
		head = fmt.Sprintf("_%d", t.sizes.dim)
	}
	find(&k.pack, "tiled_pack_"+p)
	find(&k.embed, "tiled_embed_"+p)
	find(&k.norm, fmt.Sprintf("tiled_norm_%s_%d", p, columns))
	find(&k.attention, "tiled_attention_"+p+head)
	find(&k.operand, product+"_operand_"+p)
	find(&k.sum, product+"_sum_"+p)
	find(&k.loss, product+"_loss_"+p)
	find(&k.nll, "tiled_nll")
	return errors.Join(errs...)
}

// tiledRun is one chunk of n individuals on its way through the kernels; the
// first error sticks.
type tiledRun struct {
	*tiledPath
	g          *GPU
	s          *gpu.Stream
	n          int
	phenotypes gpu.Buffer[float32]
	genotypes  gpu.Buffer[float32] // empty unless weights are applied as factors
	offsets    []int32
	span       tiledSpan
	err        error
}

// evaluate fills the chunk's token losses.
func (t *tiledPath) evaluate(g *GPU, s *gpu.Stream, n int, phenotypes, genotypes gpu.Buffer[float32]) error {
	r := &tiledRun{tiledPath: t, g: g, s: s, n: n, phenotypes: phenotypes, genotypes: genotypes, offsets: tensorOffsets(g.layout)}
	r.pack()
	for _, r.span = range t.spans {
		r.embed()
		for i := range t.sizes.blocks {
			b := &t.sizes.blocks[i]
			r.operand(b.qkv, t.states, t.sizes.hidden, t.wide, t.sizes.qkv, float32(math.Inf(-1)))
			r.attend()
			r.sum(b.o, t.heads, t.sizes.heads)
			r.norm(i, norm1Weight)
			r.operand(b.up, t.states, t.sizes.hidden, t.wide, t.sizes.ffn, 0)
			r.sum(b.down, t.wide, t.sizes.ffn)
			r.norm(i, norm2Weight)
		}
		r.loss()
	}
	return r.err
}

// Tensors in the order of the layout: enum TensorOffset and BlockOffset of
// layout.cuh.
const (
	embedWeight, decoderBias, firstBlock   = 0, 1, 2
	qWeight, kWeight, vWeight, oWeight     = 0, 2, 4, 6
	norm1Weight, upWeight, downWeight      = 8, 10, 12
	norm2Weight, blockTensors, biasFollows = 14, 16, 1
)

// tensor returns a tensor of the first individual of the chunk.
func (r *tiledRun) tensor(index int) gpu.Buffer[float32] {
	return r.phenotypes.Slice(int(r.offsets[index]), r.phenotypes.Len())
}

func (r *tiledRun) launch(k *gpu.Kernel, blocks, threads, shared int, args ...gpu.Arg) {
	if r.err != nil {
		return
	}
	r.err = k.Launch(r.s, gpu.Shape{Grid: gpu.Dim{X: blocks, Y: r.n}, Block: gpu.Dim{X: threads}, Shared: shared}, args...)
	if r.launched != nil && r.err == nil {
		r.err = r.launched(k, r.s)
	}
}

// stride leads from one individual's rows of that many tiles to the next's, in
// bytes. NOTE: it is the same for all spans, so that padded columns stay where
// they are.
func (r *tiledRun) stride(tiles int) int64 { return int64(r.rows) * int64(tiles) * tiledRowBytes }

func (r *tiledRun) embed() {
	t, rows := &r.g.tables, r.span.rows()
	r.launch(r.kernels.embed, rows/tiledRowsPerBlock, 256, 0, gpu.Value(r.g.network), r.tensor(embedWeight).Arg(), gpu.Value(int64(r.g.layout.Phenotype)),
		t.tokens.Slice(r.span.slot, t.tokens.Len()).Arg(), r.places.Slice(r.span.slot, r.places.Len()).Arg(), gpu.Value(int32(r.span.slots)), gpu.Value(int32(rows)),
		t.positions.Arg(), r.states.Arg(), gpu.Value(r.stride(r.sizes.hidden)), gpu.Value(int32(r.sizes.hidden)))
}

// product fills what operand and sum have in common.
func (r *tiledRun) product(m tiledMatrix, inTiles int) gemmSizes {
	return gemmSizes{
		InStride: r.stride(inTiles), WeightStride: int64(r.sizes.prepared), BiasStride: int64(r.sizes.prepared / 4),
		Blocks: int32(m.blocks), ColumnTiles: int32(m.rows / tiledSide), Floor: float32(math.Inf(-1)),
	}
}

func (r *tiledRun) multiply(k *gpu.Kernel, m tiledMatrix, sizes gemmSizes, in gpu.Buffer[byte], residual, out gpu.Arg) {
	r.launch(k, r.span.rows()/tiledSide*m.rows/tiledSide, r.kernels.threads, r.kernels.shared, gpu.Value(sizes), in.Arg(),
		r.prepared.Slice(m.offset, r.prepared.Len()).Arg(), r.prepared.Slice(m.biasOffset(), r.prepared.Len()).Arg(), residual, out)
}

// operand: out = max(W · in + b, floor)
func (r *tiledRun) operand(l tiledLinear, in gpu.Buffer[byte], inTiles int, out gpu.Buffer[byte], outTiles int, floor float32) {
	in, inTiles = r.through(l, in, inTiles)
	sizes := r.product(l.outer, inTiles)
	sizes.OutStride, sizes.OutBlocks, sizes.Floor = r.stride(outTiles), int32(outTiles), floor
	r.multiply(r.kernels.operand, l.outer, sizes, in, in.Arg(), out.Arg())
}

// through returns what the outer matrix is applied to: the input, or the inner
// factor's product with it.
func (r *tiledRun) through(l tiledLinear, in gpu.Buffer[byte], inTiles int) (gpu.Buffer[byte], int) {
	if !l.factored() {
		return in, inTiles
	}
	tiles := l.outer.blocks
	r.operand(tiledLinear{outer: l.inner}, in, inTiles, r.inner, tiles, float32(math.Inf(-1)))
	return r.inner, tiles
}

// sum: sums = W · in + b + states
func (r *tiledRun) sum(l tiledLinear, in gpu.Buffer[byte], inTiles int) {
	in, inTiles = r.through(l, in, inTiles)
	sizes := r.product(l.outer, inTiles)
	sizes.ResidualStride, sizes.OutBlocks = r.stride(r.sizes.hidden), int32(r.sizes.hidden)
	sizes.OutColumns = int32(r.sizes.sumColumns())
	sizes.OutStride = int64(r.rows) * int64(sizes.OutColumns)
	r.multiply(r.kernels.sum, l.outer, sizes, in, r.states.Arg(), r.sums.Arg())
}

func (r *tiledRun) attend() {
	z, in, out := &r.sizes, r.stride(r.sizes.qkv), r.stride(r.sizes.heads)
	heads, parts, first := r.g.network.Heads, int32(z.parts), int32(r.span.slot)
	threads := attentionThreads
	sizes := gpu.Value(attentionSizes{InStride: in, OutStride: out, InBlocks: int32(z.qkv), OutBlocks: int32(z.heads), Heads: heads, Parts: parts, FirstSlot: first})
	if r.g.choice.Precision == FP32 {
		threads = 256
		sizes = gpu.Value(singleSizes{InStride: in, OutStride: out, InBlocks: int32(z.qkv), OutBlocks: int32(z.heads), Heads: heads, Parts: parts, Dims: int32(z.attentionHead), FirstSlot: first})
	}
	r.launch(r.kernels.attention, r.span.queries*int(heads)*z.parts, threads, z.attentionShared(r.g.choice.Precision), sizes,
		r.queries.Slice(r.span.query, r.queries.Len()).Arg(), r.wide.Arg(), r.heads.Arg())
}

// norm: states = layer norm of the sums
func (r *tiledRun) norm(block, weight int) {
	z, rows := &r.sizes, r.span.rows()
	tensor := firstBlock + block*blockTensors + weight
	sizes := normSizes{
		InStride: int64(r.rows) * int64(z.sumColumns()), OutStride: r.stride(z.hidden),
		Hidden: r.g.network.Hidden, InColumns: int32(z.sumColumns()), Blocks: int32(z.hidden), Rows: int32(rows),
	}
	r.launch(r.kernels.norm, rows/tiledRowsPerBlock, 256, 0, gpu.Value(sizes), r.sums.Arg(), r.tensor(tensor).Arg(), r.tensor(tensor+biasFollows).Arg(),
		gpu.Value(int64(r.g.layout.Phenotype)), r.states.Arg())
}

func (r *tiledRun) loss() {
	z, rows, tokens, decoder := &r.sizes, r.span.rows(), r.g.tables.tokens, r.sizes.decoder.outer
	in, inTiles := r.through(z.decoder, r.states, z.hidden)
	sizes := lossSizes{
		InStride: r.stride(inTiles), WeightStride: int64(z.prepared), BiasStride: int64(z.prepared / 4), Blocks: int32(decoder.blocks),
		VocabTiles: int32(decoder.rows / tiledSide), PartTiles: lossPartTiles, Parts: int32(z.vocabularies), Slots: int32(r.span.slots), Rows: int32(r.rows),
	}
	r.launch(r.kernels.loss, rows/tiledSide*z.vocabularies, r.kernels.threads, r.kernels.shared, gpu.Value(sizes), in.Arg(),
		r.prepared.Slice(decoder.offset, r.prepared.Len()).Arg(), r.prepared.Slice(decoder.biasOffset(), r.prepared.Len()).Arg(),
		tokens.Slice(r.span.slot, tokens.Len()).Arg(), r.partials.Arg(), r.logits.Arg())
	nll := r.g.work.nll
	r.launch(r.kernels.nll, (r.span.slots+255)/256, 256, 0, r.partials.Arg(), r.logits.Arg(), gpu.Value(int32(z.vocabularies)), gpu.Value(int32(r.span.slots)),
		gpu.Value(int32(r.rows)), nll.Slice(r.span.slot, nll.Len()).Arg(), gpu.Value(int64(r.g.plan.slots())))
}
