package transformer

import (
	"errors"
	"fmt"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/model"
)

// GPU evaluates whole populations of one network on one set of sequences, on
// one device. Developed networks are read from device memory, and only losses
// come back.
//
//	fused       prepare → blocks → loss → targets (or loss_general) → reduce
//	tiled       see tiledPath → reduce
//	reference   reference → reduce
//
// With the same kernels a loss is a pure function of the network and the
// sequence: neither the size of chunks, the launch geometry nor the other
// sequences change a bit of it. Which kernels, ChooseGPU says: a long sequence
// may be too long for the fused ones, so the choice is made for all the
// sequences that are ever to be compared.
//
// Shapes: P individuals, F phenotype elements, S sequences.
type GPU struct {
	choice  GPUChoice
	layout  *model.Layout
	network gpuNetwork
	plan    *gpuPlan
	device  *gpu.Device

	kernels gpuKernels
	tiled   *tiledPath // nil unless chosen
	tables  gpuTables
	work    gpuWorkspace
}

// gpuNetwork is struct Network of layout.cuh.
type gpuNetwork struct {
	Hidden, Heads, HeadDim, FFN, Blocks, Vocab int32
	RotaryDims, Additive                       int32
	InverseHidden                              float32
}

// gpuKernels are the functions of one precision and size; those that the
// choice does not need are nil.
type gpuKernels struct {
	prepare, blocks, loss, lossGeneral, targets, reference, reduce *gpu.Kernel
}

// gpuTables are what the kernels read besides the networks.
type gpuTables struct {
	offsets   gpu.Buffer[int32]
	tokens    gpu.Buffer[uint32]
	positions gpu.Buffer[float32]
	stories   gpu.Buffer[[2]int32]
	groups    gpu.Buffer[int32]
	windows   gpu.Buffer[[2]int32]
	schedule  gpu.Buffer[uint32]
}

// NewGPU uploads the sequences and allocates room to evaluate up to population
// individuals at a time, fewer if they need more than memory bytes. The
// kernels are ChooseGPU's, for sequences at least as long. The tiled ones apply
// factored weights as the application says; the others always have developed
// weights, as GPUPlan tells.
func NewGPU(m *gpu.Module, s *gpu.Stream, layout *model.Layout, shape Shape, choice GPUChoice, application Application, sequences Sequences, population int, memory uint64) (*GPU, error) {
	if sequences.Len() == 0 || population < 1 {
		return nil, fmt.Errorf("transformer: %d sequences, %d individuals: nothing to evaluate", sequences.Len(), population)
	}
	for i := range sequences.Len() {
		if n := len(sequences.At(i)); n < 2 {
			return nil, fmt.Errorf("transformer: sequence %d: %d ids, a loss needs two", i, n)
		}
	}
	if longest := sequences.Longest(); choice.Fused() && longest > choice.WindowTiles*tileTokens {
		return nil, fmt.Errorf("transformer: a sequence of %d tokens: the kernels were chosen for at most %d", longest, choice.WindowTiles*tileTokens)
	}
	g := &GPU{choice: choice, layout: layout, network: newGPUNetwork(shape), device: s.Device()}
	windowTiles, warps := choice.WindowTiles, choice.TeamWarps
	if !choice.Fused() {
		windowTiles, warps = fullWindow, fusedWarps
	}
	var err error
	if g.plan, err = newGPUPlan(sequences, shape.Vocab, windowTiles, warps); err != nil {
		return nil, err
	}
	err = errors.Join(g.findKernels(m), g.uploadTables(s, shape))
	if err == nil && choice.Kernels == tiledKernelsName {
		err = g.newTiledPath(m, s, application, population, memory)
	}
	if err == nil {
		err = g.allocate(population, memory)
	}
	if err != nil {
		_ = g.Close() // the reason for giving up is err
		return nil, err
	}
	return g, nil
}

func newGPUNetwork(s Shape) gpuNetwork {
	n := gpuNetwork{
		Hidden: int32(s.Hidden), Heads: int32(s.Heads), HeadDim: int32(s.HeadDim), FFN: int32(s.FFN),
		Blocks: int32(s.Blocks), Vocab: int32(s.Vocab), RotaryDims: int32(s.RotaryDims), InverseHidden: 1 / float32(s.Hidden),
	}
	if s.Position == model.Sinusoid {
		n.Additive = 1
	}
	return n
}

func (g *GPU) findKernels(m *gpu.Module) error {
	var errs []error
	find := func(k **gpu.Kernel, name string) {
		var err error
		*k, err = m.Kernel("transformer_" + name)
		errs = append(errs, err)
	}
	find(&g.kernels.reduce, "reduce")
	if !g.choice.Fused() {
		if g.choice.Kernels == referenceKernelName {
			find(&g.kernels.reference, "reference")
		}
		return errors.Join(errs...)
	}
	suffix := "_" + string(g.choice.Precision) + "_" + g.choice.size.name
	find(&g.kernels.prepare, "prepare"+suffix)
	find(&g.kernels.blocks, "blocks"+suffix)
	find(&g.kernels.loss, "loss"+suffix)
	find(&g.kernels.lossGeneral, "loss_general"+suffix)
	find(&g.kernels.targets, "targets"+suffix)
	return errors.Join(errs...)
}

func (g *GPU) uploadTables(s *gpu.Stream, shape Shape) error {
	positions := positionTable{shape: shape}
	positions.reserve(g.plan.longest)
	return errors.Join(
		upload(s, &g.tables.offsets, "tensor offsets", tensorOffsets(g.layout)),
		upload(s, &g.tables.tokens, "tokens", g.plan.tokens),
		upload(s, &g.tables.positions, "positions", positions.rows),
		upload(s, &g.tables.stories, "sequences", g.plan.stories),
		upload(s, &g.tables.groups, "token groups", g.plan.groups),
		upload(s, &g.tables.windows, "windows", g.plan.windows),
		upload(s, &g.tables.schedule, "schedule", g.plan.schedule),
	)
}

// tensorOffsets is the kernels' table of tensors: the layout has their order.
func tensorOffsets(layout *model.Layout) []int32 {
	offsets := make([]int32, len(layout.Tensors))
	for i := range layout.Tensors {
		offsets[i] = int32(layout.Tensors[i].Offset)
	}
	return offsets
}

func upload[T any](s *gpu.Stream, b *gpu.Buffer[T], name string, values []T) (err error) {
	*b, err = gpu.Place(s, name, values)
	return err
}

// Choice says which kernels are used.
func (g *GPU) Choice() GPUChoice { return g.choice }

// Chunk is the number of individuals that one launch takes.
func (g *GPU) Chunk() int { return g.work.chunk }

// Targets is the number of scored tokens of an individual.
func (g *GPU) Targets() int { return g.plan.targets }

// Close frees the device memory.
func (g *GPU) Close() error {
	t, w := &g.tables, &g.work
	var tiled error
	if g.tiled != nil {
		tiled = g.tiled.close()
	}
	return errors.Join(tiled, t.offsets.Free(), t.tokens.Free(), t.positions.Free(), t.stories.Free(), t.groups.Free(), t.windows.Free(), t.schedule.Free(),
		w.prepared.Free(), w.states.Free(), w.scratch.Free(), w.nll.Free(), w.stories.Free())
}
