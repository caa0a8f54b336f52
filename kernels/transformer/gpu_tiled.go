package transformer

import (
	"errors"
	"math"

	"github.com/evorank/evorank/gpu"
)

// What the tiled kernels assume; tiled.cuh, tiled_product.cuh and
// tiled_hopper.cuh have the same numbers.
const (
	tiledSide         = 128 // rows and columns of an output tile
	tiledRowBytes     = 128 // of an operand tile
	tiledStageBytes   = 2 * tiledSide * tiledRowBytes
	tiledShared       = 3 * tiledStageBytes
	hopperShared      = tiledShared + 1024 + 6*8
	tiledThreads      = 256
	hopperThreads     = tiledThreads + 32
	attentionQueries  = 64
	attentionThreads  = 128
	singleShared      = 4 * 64 * (64 + 4) * 4 // of attention in float32
	maxTiledHidden    = 4096                  // what a warp holds of a row in registers
	lossPartTiles     = 32                    // tiles of the vocabulary that one thread block takes
	tiledRowsPerBlock = 8                     // of embed and norm
	tiledEnough       = 8 << 30               // bytes; more gain nothing (NOTES.md)
)

// attentionShared is ATTENTION_SHARED of tiled_attention.cu.
func (z *tiledSizes) attentionShared(p Precision) int {
	if p == FP32 {
		return singleShared
	}
	return 4 * attentionQueries * (z.dim*z.bytes + 16)
}

// tiledSpan is a run of whole sequences that is evaluated at a time.
type tiledSpan struct{ slot, slots, query, queries int }

func (s tiledSpan) rows() int { return roundUp(s.slots, tiledSide) }

// tiledPath evaluates with the tiled kernels.
//
//	pack → embed → (operand → attention → sum → norm → operand → sum → norm) per block → loss → nll
type tiledPath struct {
	sizes   tiledSizes
	spans   []tiledSpan
	rows    int // of the largest span
	kernels tiledKernels
	places  gpu.Buffer[int32]    // [slots] position in the sequence
	queries gpu.Buffer[[4]int32] // [query tiles] first slot, length, tile, 0

	prepared gpu.Buffer[byte]    // [C] networks
	states   gpu.Buffer[byte]    // [C][rows][Hp]
	wide     gpu.Buffer[byte]    // [C][rows] queries, keys and values; then the feed-forward part
	heads    gpu.Buffer[byte]    // [C][rows][Dp]
	inner    gpu.Buffer[byte]    // [C][rows] between two factors
	sums     gpu.Buffer[float32] // [C][rows][Hp]
	partials gpu.Buffer[float32] // [C][parts][rows] (max, sum)
	logits   gpu.Buffer[float32] // [C][rows] of the targets

	launched func(*gpu.Kernel, *gpu.Stream) error // if not nil, called after each launch: a test's clock
}

// tiledKernels are the functions of one precision.
type tiledKernels struct {
	pack, embed, norm, attention, operand, sum, loss, nll *gpu.Kernel
	threads, shared                                       int // of operand, sum and loss
}

// tiledTables returns each slot's position in its sequence, and the tiles of
// 64 queries in the order of their sequences' slots.
func (p *gpuPlan) tiledTables() (places []int32, queries [][4]int32) {
	places = make([]int32, p.slots())
	for _, story := range p.bySlot() {
		first, length := int(story[0]), int(story[1])
		for i := range roundUp(length, tileTokens) {
			places[first+i] = int32(i)
		}
		for tile := range (length + attentionQueries - 1) / attentionQueries {
			queries = append(queries, [4]int32{story[0], story[1], int32(tile), 0})
		}
	}
	return places, queries
}

// tiledSpans cuts the sequences into runs of at most that many rows.
func (p *gpuPlan) tiledSpans(rows int) []tiledSpan {
	var spans []tiledSpan
	for _, story := range p.bySlot() {
		slots := roundUp(int(story[1]), tileTokens)
		queries := (int(story[1]) + attentionQueries - 1) / attentionQueries
		if len(spans) == 0 || roundUp(spans[len(spans)-1].slots+slots, tiledSide) > rows {
			next := tiledSpan{slot: int(story[0])}
			if len(spans) > 0 {
				next.query = spans[len(spans)-1].query + spans[len(spans)-1].queries
			}
			spans = append(spans, next)
		}
		last := &spans[len(spans)-1]
		last.slots += slots
		last.queries += queries
	}
	return spans
}

// newTiledPath plans chunk and spans for that many bytes, and allocates them.
func (g *GPU) newTiledPath(m *gpu.Module, s *gpu.Stream, application Application, population int, memory uint64) error {
	t := &tiledPath{sizes: newTiledSizes(g.shape(), g.choice.Precision, factoredRanks(g.layout), application)}
	g.tiled = t
	places, queries := g.plan.tiledTables()
	if err := upload(s, &t.places, "places", places); err != nil {
		return err
	}
	if err := upload(s, &t.queries, "query tiles", queries); err != nil {
		return err
	}
	if err := t.find(m, g.choice); err != nil {
		return err
	}
	const maxGridY = 65535
	all := roundUp(g.plan.slots(), tiledSide)
	fixed := t.sizes.prepared + 4*(g.plan.slots()+len(g.plan.stories))
	memory = min(memory, max(tiledEnough, uint64(fixed+all*t.sizes.bytesOfARow)))
	rows, chunk := planTiled(all, roundUp(g.plan.longest, tiledSide), t.sizes.bytesOfARow, fixed, min(population, maxGridY), memory)
	if chunk == 0 {
		needed := fixed + roundUp(g.plan.longest, tiledSide)*t.sizes.bytesOfARow
		return g.device.NoRoom("an individual's weights and its longest sequence (a shorter one or a smaller network needs less)", uint64(needed), memory)
	}
	g.work.chunk, t.rows, t.spans = chunk, rows, g.plan.tiledSpans(rows)
	return t.allocate(s, chunk, rows)
}

// planTiled returns how many rows of how many individuals are evaluated at a
// time: all rows if one individual's fit, otherwise as many as do.
func planTiled(all, longest, bytesOfARow, fixed, population int, memory uint64) (rows, chunk int) {
	room := int(min(memory, math.MaxInt64)) - fixed
	rows = min(all, room/bytesOfARow/tiledSide*tiledSide)
	if rows < longest {
		return 0, 0
	}
	return rows, min(population, int(min(memory, math.MaxInt64))/(fixed+rows*bytesOfARow))
}

func (t *tiledPath) allocate(s *gpu.Stream, chunk, rows int) error {
	d, z, n := s.Device(), &t.sizes, chunk*rows
	var err error
	bytes := func(b *gpu.Buffer[byte], name string, length int) {
		if err == nil {
			*b, err = gpu.Alloc[byte](d, name, length)
		}
	}
	floats := func(b *gpu.Buffer[float32], name string, length int) {
		if err == nil {
			*b, err = gpu.Alloc[float32](d, name, length)
		}
	}
	bytes(&t.prepared, "prepared networks", chunk*z.prepared)
	bytes(&t.states, "states", n*z.hidden*tiledRowBytes)
	bytes(&t.wide, "queries, keys and values", n*z.wide*tiledRowBytes)
	bytes(&t.heads, "attention", n*z.heads*tiledRowBytes)
	bytes(&t.inner, "factored products", n*z.inner*tiledRowBytes)
	floats(&t.sums, "sums", n*z.sumColumns())
	floats(&t.partials, "sums of logits", 2*n*z.vocabularies)
	floats(&t.logits, "target logits", n)
	if err != nil {
		return err
	}
	return gpu.FillBytes(s, t.heads, 0) // NOTE: attention writes no padded column, and 0 · NaN is NaN
}

func (t *tiledPath) close() error {
	return errors.Join(t.places.Free(), t.queries.Free(), t.prepared.Free(), t.states.Free(), t.wide.Free(), t.heads.Free(), t.inner.Free(), t.sums.Free(), t.partials.Free(), t.logits.Free())
}
