package develop

import (
	"github.com/evorank/evorank/kernels/noise"
	"github.com/evorank/evorank/model"
)

// Genotype writes the genotype of parent + gene to dst [Layout.Genotype].
// The parent is nil for GeneInit and otherwise of the same length; it may be
// dst itself.
func Genotype(dst, parent []float32, layout *model.Layout, gene model.Gene) {
	switch gene.Kind {
	case model.GeneNone:
		copy(dst, parent)
	case model.GeneInit:
		found(dst, layout, gene.Seed)
	case model.GeneMutation:
		mutate(dst, parent, layout, gene)
	default:
		panic("develop: Genotype: " + gene.Kind.String())
	}
}

// Rebuild writes the genotype of a whole genome to dst: the exact sum of its
// genes, in order (method 1.2). A genome starts with its GeneInit.
func Rebuild(dst []float32, layout *model.Layout, genome model.Genome) {
	for _, gene := range genome {
		Genotype(dst, dst, layout, gene)
	}
}

// found sets every element to initial value + initial std × noise.
func found(dst []float32, layout *model.Layout, seed model.Seed) {
	for t := range layout.Tensors {
		for _, p := range layout.Tensors[t].Parts {
			part := p.Of(dst)
			for i := range part {
				part[i] = p.InitValue
			}
			if p.InitStd != 0 {
				noise.AddScaled(part, part, p.InitStd, seed, p.Stream, 0)
			}
		}
	}
}

// mutate adds multiplier × mutation scale × noise to what is not frozen.
func mutate(dst, parent []float32, layout *model.Layout, gene model.Gene) {
	for t := range layout.Tensors {
		for _, p := range layout.Tensors[t].Parts {
			scale := gene.Multiplier * p.MutationScale
			if p.Frozen || scale == 0 {
				copy(p.Of(dst), p.Of(parent))
				continue
			}
			noise.AddScaled(p.Of(dst), p.Of(parent), scale, gene.Seed, p.Stream, 0)
		}
	}
}
