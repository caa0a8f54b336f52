package develop

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/model"
)

// GPU develops on a device, for one layout: the kernels of genotype.cu and
// phenotype.cu with the layout's tables in device memory.
//
// Shapes: P candidates, S parent slots, G genotype and F phenotype elements;
// vectors follow each other without gaps.
type GPU struct {
	layout              *model.Layout
	genotype, phenotype *gpu.Kernel
	parts               gpu.Buffer[part]
	partTiles           gpu.Buffer[partTile]
	tensors             gpu.Buffer[tensor]
	tensorTiles         gpu.Buffer[tensorTile]
}

// NewGPU uploads the layout's tables.
func NewGPU(m *gpu.Module, s *gpu.Stream, layout *model.Layout) (*GPU, error) {
	g := &GPU{layout: layout}
	var errs [6]error
	g.genotype, errs[0] = m.Kernel("develop_genotype")
	g.phenotype, errs[1] = m.Kernel("develop_phenotype")
	parts, partTiles := partTable(layout)
	tensors, tensorTiles := tensorTable(layout)
	g.parts, errs[2] = gpu.Place(s, "part table", parts)
	g.partTiles, errs[3] = gpu.Place(s, "part tiles", partTiles)
	g.tensors, errs[4] = gpu.Place(s, "tensor table", tensors)
	g.tensorTiles, errs[5] = gpu.Place(s, "tensor tiles", tensorTiles)
	if err := cmp.Or(errs[:]...); err != nil {
		_ = g.Close() // the reason for giving up is err
		return nil, err
	}
	return g, nil
}

// Close frees the tables.
func (g *GPU) Close() error {
	return errors.Join(g.parts.Free(), g.partTiles.Free(), g.tensors.Free(), g.tensorTiles.Free())
}

// Genotypes writes the candidates' genotypes: genotypes [P][G], parents
// [S][G], candidates [P], in stream order. Genotypes may be the parents
// themselves when every candidate p is a founder or a child of slot p.
func (g *GPU) Genotypes(s *gpu.Stream, genotypes, parents gpu.Buffer[float32], candidates gpu.Buffer[Packed]) error {
	n := candidates.Len()
	g.mustHold("genotypes", genotypes, n, g.layout.Genotype)
	return launch(g.genotype, s, n, g.partTiles.Len(),
		genotypes.Arg(), parents.Arg(), gpu.Value(int64(g.layout.Genotype)), candidates.Arg(),
		g.parts.Arg(), g.partTiles.Arg(), gpu.Value(int32(g.partTiles.Len())))
}

// Phenotypes develops n genotypes [n][G] to phenotypes [n][F], in stream order.
func (g *GPU) Phenotypes(s *gpu.Stream, phenotypes, genotypes gpu.Buffer[float32], n int) error {
	g.mustHold("genotypes", genotypes, n, g.layout.Genotype)
	g.mustHold("phenotypes", phenotypes, n, g.layout.Phenotype)
	return launch(g.phenotype, s, n, g.tensorTiles.Len(),
		phenotypes.Arg(), genotypes.Arg(), gpu.Value(int64(g.layout.Phenotype)), gpu.Value(int64(g.layout.Genotype)),
		g.tensors.Arg(), g.tensorTiles.Arg(), gpu.Value(int32(g.tensorTiles.Len())))
}

// Rebuild writes the genotype of a whole genome, gene by gene, to genotype
// [G], as Rebuild does on the CPU. It waits for the stream.
func (g *GPU) Rebuild(s *gpu.Stream, genotype gpu.Buffer[float32], genome model.Genome) error {
	candidates := make([]model.Candidate, len(genome))
	for i, gene := range genome {
		candidates[i] = model.Candidate{Gene: gene} // of slot 0, the vector itself
	}
	packed := make([]Packed, len(candidates))
	if err := Pack(packed, candidates, 1); err != nil {
		return err
	}
	genes, err := gpu.Place(s, "genome", packed)
	if err != nil {
		return err
	}
	for i := range genome {
		if err == nil {
			err = g.Genotypes(s, genotype, genotype, genes.Slice(i, i+1))
		}
	}
	return errors.Join(err, s.Synchronize(), genes.Free())
}

func (g *GPU) mustHold(what string, b gpu.Buffer[float32], n, length int) {
	if b.Len() < n*length {
		panic(fmt.Sprintf("develop: %s: room for %d elements, %d vectors of %d asked for", what, b.Len(), n, length))
	}
}

// launch runs n · tiles thread blocks in one grid.
func launch(k *gpu.Kernel, s *gpu.Stream, n, tiles int, args ...gpu.Arg) error {
	const threads, maxGrid = 256, 1<<31 - 1
	if n == 0 {
		return nil
	}
	if n > maxGrid/tiles {
		return fmt.Errorf("develop: %d individuals of %d tiles do not fit one launch: evaluate in chunks of at most %d", n, tiles, maxGrid/tiles)
	}
	return k.Launch(s, gpu.Shape{Grid: gpu.Dim{X: n * tiles}, Block: gpu.Dim{X: threads}}, args...)
}
