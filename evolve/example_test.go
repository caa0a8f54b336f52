package evolve_test

import (
	"context"
	"fmt"

	"github.com/evorank/evorank/evolve"
	"github.com/evorank/evorank/kernels/develop"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/population"
)

// fit is a task of one's own: the fittest network is the one whose weight is
// closest to a target. population.CPU keeps the parents.
type fit struct {
	*population.CPU
	layout *model.Layout
	target []float32
}

// Evaluate rebuilds each candidate from its parent and its gene, develops it,
// and scores it. Selection keeps the highest, so an error has a minus.
func (f fit) Evaluate(_ context.Context, candidates []model.Candidate, _ model.Cases) ([]model.Fitness, error) {
	fitness := make([]model.Fitness, len(candidates))
	genotype, phenotype := make([]float32, f.layout.Genotype), make([]float32, f.layout.Phenotype)
	for i, c := range candidates {
		if err := f.Genotype(genotype, c); err != nil {
			return nil, err
		}
		develop.Phenotype(phenotype, genotype, f.layout)
		for j, w := range phenotype {
			d := float64(w - f.target[j])
			fitness[i] -= model.Fitness(d * d)
		}
	}
	return fitness, nil
}

func (f fit) Adopt(_ context.Context, parents []model.Candidate) ([]model.Digest, error) {
	return f.CPU.Adopt(parents)
}

// best prints the best of some generations, where a run writes its lineage.
type best struct{}

func (best) Record(_ context.Context, records []model.Record, s evolve.State) error {
	if s.Generation != 1 && s.Generation != 10 && s.Generation != 100 {
		return nil
	}
	top := records[0].Fitness
	for _, r := range records {
		top = max(top, r.Fitness)
	}
	fmt.Printf("generation %d: squared error %.3f\n", s.Generation, -top)
	return nil
}

// A 4×4 matrix of rank 1 is found as W = A·B: 8 numbers mutate instead of 16.
func Example() {
	factor := func(role model.Role, rows, cols, offset int) model.Part {
		return model.Part{Role: role, Shape: []int{rows, cols}, Offset: offset, Stream: uint32(role), InitStd: 1, MutationScale: 0.05}
	}
	layout := &model.Layout{Genotype: 8, Phenotype: 16, Tensors: []model.Tensor{{
		Name: "w", Shape: []int{4, 4}, Rows: 4, Cols: 4, Encoding: model.Encoding{Kind: model.Factored, Rank: 1},
		Parts: []model.Part{factor(model.RoleA, 4, 1, 0), factor(model.RoleB, 1, 4, 4)},
	}}}
	task := fit{population.NewCPU(layout), layout, []float32{2, 0, 1, 1, 4, 0, 2, 2, 0, 0, 0, 0, 2, 0, 1, 1}}
	search := evolve.GeneticAlgorithm{Seed: 1, Population: 64, Survivors: 8}
	plan := evolve.Plan{Stages: []evolve.Stage{{Cases: 1}}, Stories: 1} // one case, always the same: survivors keep their fitness
	if _, err := evolve.Run(context.Background(), search, plan, task, best{}, evolve.NewState(), 100); err != nil {
		fmt.Println(err)
	}
	// Output:
	// generation 1: squared error 26.919
	// generation 10: squared error 15.913
	// generation 100: squared error 0.007
}
