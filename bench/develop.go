package bench

import (
	"fmt"
	"math"
	"sync"

	"github.com/evorank/evorank/kernels/develop"
	"github.com/evorank/evorank/model"
)

// Develop times building children's genotypes (noise, one multiply and one add
// an element) and their phenotypes (W = A·B) on this processor, having
// compared a network with the products in float64.
func Develop(n Network, individuals, threads int, c Clock) ([]Measure, error) {
	l, err := n.layout()
	if err != nil {
		return nil, err
	}
	parent := make([]float32, l.Genotype)
	develop.Genotype(parent, nil, l, founders(1)[0].Gene)
	checked, err := checkPhenotype(parent, l)
	if err != nil {
		return nil, fmt.Errorf("bench: %s: %w", n.Name, err)
	}
	genotypes, phenotypes, brood := vectors(threads, l.Genotype), vectors(threads, l.Phenotype), children(individuals)
	each := func(do func(thread, child int)) func() error {
		return func() error {
			var wait sync.WaitGroup
			for thread := range threads {
				wait.Go(func() {
					for child := thread; child < individuals; child += threads {
						do(thread, child)
					}
				})
			}
			wait.Wait()
			return nil
		}
	}
	breed := each(func(thread, child int) { develop.Genotype(genotypes[thread], parent, l, brood[child].Gene) })
	multiply := each(func(thread, _ int) { develop.Phenotype(phenotypes[thread], parent, l) })
	return developed(Measure{Device: "cpu", Threads: threads, Checked: checked}, n.Name, l, individuals, 0, c, breed, multiply)
}

// developed times both halves of development. What they read and write is
// counted once: parent and child; genotype and phenotype.
func developed(line Measure, network string, l *model.Layout, individuals int, copyCeiling float64, c Clock, breed, multiply func() error) ([]Measure, error) {
	line.Unit = "networks"
	bred, err := c.median(breed)
	if err != nil {
		return nil, err
	}
	multiplied, err := c.median(multiply)
	if err != nil {
		return nil, err
	}
	noise, product, p := line, line, float64(individuals)
	noise.Name, product.Name = "noise, "+network, "A·B, "+network
	return []Measure{
		noise.rates(bred, p, p*8*float64(l.Genotype), copyCeiling),
		product.rates(multiplied, p, p*4*float64(l.Genotype+l.Phenotype), copyCeiling),
	}, nil
}

// children of one parent.
func children(n int) []model.Candidate {
	out := make([]model.Candidate, n)
	for i := range out {
		out[i] = model.Candidate{Parent: 0, Gene: model.Gene{Kind: model.GeneMutation, Seed: model.Seed(500 + i), Multiplier: 1}}
	}
	return out
}

// checkPhenotype compares every product of a transformer with that of float64,
// within what the roundings of rank + 1 float32 operations may add up to.
func checkPhenotype(genotype []float32, l *model.Layout) (string, error) {
	phenotype := make([]float32, l.Phenotype)
	develop.Phenotype(phenotype, genotype, l)
	compared := 0
	for i := range l.Tensors {
		t := &l.Tensors[i]
		if t.Encoding.Kind != model.Factored {
			continue
		}
		a, b, w := t.Parts[0].Of(genotype), t.Parts[1].Of(genotype), t.Of(phenotype)
		for at := range w {
			row, col := at/t.Cols, at%t.Cols
			if t.Orientation == model.Transposed {
				row, col = at%t.Rows, at/t.Rows
			}
			want, size := 0.0, 0.0
			for k := range t.Encoding.Rank {
				term := float64(a[row*t.Encoding.Rank+k]) * float64(b[k*t.Cols+col])
				want, size = want+term, size+math.Abs(term)
			}
			if !(math.Abs(float64(w[at])-want) <= float64(t.Encoding.Rank+1)*6e-8*size) {
				return "", fmt.Errorf("%s: element %d is %v, in float64 %v: nothing is timed", t.Name, at, w[at], want)
			}
			compared++
		}
	}
	return fmt.Sprintf("%d products with float64", compared), nil
}
