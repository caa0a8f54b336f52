package transformer

import (
	"cmp"
	"fmt"

	"github.com/evorank/evorank/gpu"
)

// gpuWorkspace is the device memory of one chunk of C individuals.
type gpuWorkspace struct {
	chunk          int // C
	storiesAtATime int // of an individual, by the reference kernel

	prepared gpu.Buffer[byte]    // [C] networks in the kernels' form
	states   gpu.Buffer[byte]    // [C][tiles] hidden states
	scratch  gpu.Buffer[float32] // [C][storiesAtATime] activations of the reference kernel
	nll      gpu.Buffer[float32] // [C][slots]
	stories  gpu.Buffer[float32] // [C][S]
}

// allocate plans the chunk before anything is launched; the tiled path has
// done so before.
func (g *GPU) allocate(population int, memory uint64) error {
	w, c := &g.work, g.choice
	tiles, stories := g.plan.slots()/tileTokens, len(g.plan.stories)
	each := 4 * (g.plan.slots() + stories)
	prepared, states, scratch := 0, 0, 0
	switch {
	case c.Fused():
		prepared, states = c.size.preparedBytes(g.shape()), tiles*c.size.tileBytes()
	case g.tiled == nil:
		w.storiesAtATime = min(stories, max(1, 8*g.device.Multiprocessors/population))
		scratch = w.storiesAtATime * g.scratchFloats()
	}
	each += prepared + states + 4*scratch
	const maxGridY = 65535
	if g.tiled == nil {
		w.chunk = min(population, maxGridY, int(memory/uint64(each)))
	}
	if w.chunk == 0 {
		return g.device.NoRoom("an individual on these sequences (fewer at a time need less)", uint64(each), memory)
	}
	var errs [5]error
	w.prepared, errs[0] = gpu.Alloc[byte](g.device, "prepared networks", w.chunk*prepared)
	w.states, errs[1] = gpu.Alloc[byte](g.device, "hidden states", w.chunk*states)
	w.scratch, errs[2] = gpu.Alloc[float32](g.device, "activations", w.chunk*scratch)
	w.nll, errs[3] = gpu.Alloc[float32](g.device, "token losses", w.chunk*g.plan.slots())
	w.stories, errs[4] = gpu.Alloc[float32](g.device, "sequence losses", w.chunk*stories)
	if err := cmp.Or(errs[:]...); err != nil {
		return err
	}
	return nil
}

func (g *GPU) shape() Shape {
	n := g.network
	return Shape{Hidden: int(n.Hidden), Heads: int(n.Heads), HeadDim: int(n.HeadDim), FFN: int(n.FFN), Blocks: int(n.Blocks), Vocab: int(n.Vocab)}
}

// scratchFloats is reference_scratch of reference.cu.
func (g *GPU) scratchFloats() int {
	n := g.network
	return g.plan.longest * int(n.Hidden+4*n.Heads*n.HeadDim+n.FFN)
}

// Losses writes each individual's mean over sequences of its mean loss per
// scored token, in nats, to losses [P], in stream order. It reads phenotypes
// [P][F] and, where weights are applied as factors, genotypes [P][G], which may
// be empty where none are. If sequences is not empty, it gets the means per
// sequence [P][S]. A network whose numbers leave the operands' range has a loss
// that is not finite.
func (g *GPU) Losses(s *gpu.Stream, losses gpu.Buffer[float64], sequences, phenotypes, genotypes gpu.Buffer[float32]) error {
	n, length, stories := losses.Len(), g.layout.Phenotype, len(g.plan.stories)
	if phenotypes.Len() < n*length || sequences.Len() > 0 && sequences.Len() < n*stories {
		panic(fmt.Sprintf("transformer: Losses: %d individuals of %d elements and %d sequences asked for, buffers hold %d and %d",
			n, length, stories, phenotypes.Len(), sequences.Len()))
	}
	factored := g.tiled != nil && g.tiled.sizes.factored()
	if factored && genotypes.Len() < n*g.layout.Genotype {
		panic(fmt.Sprintf("transformer: Losses: %d genotypes of %d elements asked for, the buffer holds %d", n, g.layout.Genotype, genotypes.Len()))
	}
	for first := 0; first < n; first += g.work.chunk {
		next := min(first+g.work.chunk, n)
		storyLosses := g.work.stories
		if sequences.Len() > 0 {
			storyLosses = sequences.Slice(first*stories, next*stories)
		}
		var factors gpu.Buffer[float32]
		if factored {
			factors = genotypes.Slice(first*g.layout.Genotype, next*g.layout.Genotype)
		}
		if err := g.evaluate(s, next-first, phenotypes.Slice(first*length, next*length), factors); err != nil {
			return err
		}
		err := g.kernels.reduce.Launch(s, gpu.Shape{Grid: gpu.Dim{X: next - first}, Block: gpu.Dim{X: reduceThreads}},
			g.work.nll.Arg(), gpu.Value(int32(g.plan.slots())), g.tables.stories.Arg(), gpu.Value(int32(stories)),
			storyLosses.Arg(), losses.Slice(first, next).Arg())
		if err != nil {
			return err
		}
	}
	return nil
}

// evaluate fills the chunk's token losses.
func (g *GPU) evaluate(s *gpu.Stream, n int, phenotypes, genotypes gpu.Buffer[float32]) error {
	switch {
	case g.tiled != nil:
		return g.tiled.evaluate(g, s, n, phenotypes, genotypes)
	case !g.choice.Fused():
		return g.evaluateReference(s, n, phenotypes)
	}
	k, groups, processors := &g.kernels, len(g.plan.groups), g.device.Multiprocessors
	spread := func(parts, threads, shared int) gpu.Shape {
		return gpu.Shape{Grid: gpu.Dim{X: parts, Y: n}, Block: gpu.Dim{X: threads}, Shared: shared}
	}
	t, w, network := &g.tables, &g.work, gpu.Value(g.network)
	stride, prepared := gpu.Value(int64(g.layout.Phenotype)), gpu.Value(int64(g.choice.size.preparedBytes(g.shape())))
	loss := []gpu.Arg{network, w.prepared.Arg(), prepared, gpu.Value(int64(g.choice.size.decoderOffset(int(g.network.Blocks)))),
		w.states.Arg(), t.tokens.Arg(), t.groups.Arg(), gpu.Value(int32(groups)), gpu.Value(int32(g.plan.slots())), w.nll.Arg()}
	for _, launch := range []func() error{
		func() error {
			return k.prepare.Launch(s, gpu.Shape{Grid: gpu.Dim{X: n}, Block: gpu.Dim{X: prepareThreads}},
				network, phenotypes.Arg(), stride, t.offsets.Arg(), w.prepared.Arg(), prepared)
		},
		func() error {
			return k.blocks.Launch(s, spread(blocksParts(len(g.plan.windows), n, processors), fusedThreads, g.choice.BlocksShared),
				network, t.tokens.Arg(), t.positions.Arg(), t.windows.Arg(), t.schedule.Arg(),
				gpu.Value(int32(len(g.plan.windows))), gpu.Value(int32(g.plan.slots()/tileTokens)),
				gpu.Value(int32(32*g.choice.TeamWarps)), gpu.Value(int32(g.choice.WindowTiles)),
				w.prepared.Arg(), prepared, phenotypes.Arg(), stride, t.offsets.Arg(), w.states.Arg())
		},
		func() error {
			return k.loss.Launch(s, spread(lossParts(groups, n, processors), fusedThreads, g.choice.LossShared), loss...)
		},
		func() error {
			return k.targets.Launch(s, spread(parts(groups, 32*targetsWarps, n, processors), 32*targetsWarps, 0), loss...)
		},
		func() error { return k.lossGeneral.Launch(s, spread(4, fusedThreads, 0), loss...) },
	} {
		if err := launch(); err != nil {
			return err
		}
	}
	return nil
}

// evaluateReference runs the plain kernel.
func (g *GPU) evaluateReference(s *gpu.Stream, n int, phenotypes gpu.Buffer[float32]) error {
	return g.kernels.reference.Launch(s, gpu.Shape{Grid: gpu.Dim{X: g.work.storiesAtATime, Y: n}, Block: gpu.Dim{X: 256}},
		gpu.Value(g.network), phenotypes.Arg(), gpu.Value(int64(g.layout.Phenotype)), g.tables.offsets.Arg(),
		g.tables.tokens.Arg(), g.tables.positions.Arg(), g.tables.stories.Arg(), gpu.Value(int32(len(g.plan.stories))),
		gpu.Value(int32(g.plan.slots())), g.work.scratch.Arg(), gpu.Value(int64(g.scratchFloats())), g.work.nll.Arg())
}
