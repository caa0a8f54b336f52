package develop

import (
	"testing"
	"time"
	"unsafe"

	"github.com/evorank/evorank/kernels/gputest"
	"github.com/evorank/evorank/model"
)

func size[T any]() uintptr { return unsafe.Sizeof(*new(T)) }

// paperLayout has the sizes of the paper's factored transformer.
func paperLayout() *model.Layout {
	l := new(model.Layout)
	add(l, 0, model.Transposed, []int{2051, 32}, factored(32))
	add(l, 1, model.Plain, []int{2051}, model.Encoding{})
	for i := range 3 {
		for j, shape := range [][]int{{16, 32}, {16, 32}, {16, 32}, {32, 16}, {128, 32}, {32, 128}} {
			add(l, 2+12*i+2*j, model.Plain, shape, factored(4))
			add(l, 3+12*i+2*j, model.Plain, shape[:1], model.Encoding{})
		}
	}
	return l
}

func BenchmarkCPU(b *testing.B) {
	l := paperLayout()
	parent, g, p := make([]float32, l.Genotype), make([]float32, l.Genotype), make([]float32, l.Phenotype)
	b.Run("genotype", func(b *testing.B) {
		for i := range b.N {
			Genotype(g, parent, l, model.Gene{Kind: model.GeneMutation, Seed: model.Seed(i), Multiplier: 1})
		}
	})
	b.Run("phenotype", func(b *testing.B) {
		for range b.N {
			Phenotype(p, g, l)
		}
	})
}

// 512 children of 16 parents at the paper's size, as one generation asks for.
func BenchmarkGPU(b *testing.B) {
	s, m := gputest.Open(b)
	l := paperLayout()
	const children, slots = 512, 16
	g, err := NewGPU(m, s, l)
	gputest.Check(b, err)
	candidates := make([]model.Candidate, children)
	for i := range candidates {
		candidates[i] = model.Candidate{Parent: model.Slot(i % slots), Gene: model.Gene{Kind: model.GeneMutation, Seed: model.Seed(i), Multiplier: 1}}
	}
	packed := make([]Packed, children)
	gputest.Check(b, Pack(packed, candidates, slots))
	orders := gputest.Upload(b, s, packed)
	parents := gputest.Upload(b, s, make([]float32, slots*l.Genotype))
	genotypes := gputest.Alloc[float32](b, s, children*l.Genotype)
	phenotypes := gputest.Alloc[float32](b, s, children*l.Phenotype)
	timed := func(name string, bytes int, work func() error) {
		b.Run(name, func(b *testing.B) {
			gputest.Check(b, work())
			gputest.Check(b, s.Synchronize())
			start := time.Now()
			for range b.N {
				gputest.Check(b, work())
			}
			gputest.Check(b, s.Synchronize())
			b.ReportMetric(float64(b.N)*float64(bytes)/time.Since(start).Seconds()/1e9, "GB/s")
		})
	}
	timed("genotype", genotypes.Bytes(), func() error { return g.Genotypes(s, genotypes, parents, orders) })
	timed("phenotype", genotypes.Bytes()+phenotypes.Bytes(), func() error { return g.Phenotypes(s, phenotypes, genotypes, children) })
	graph, err := s.Capture(func() error {
		if err := g.Genotypes(s, genotypes, parents, orders); err != nil {
			return err
		}
		return g.Phenotypes(s, phenotypes, genotypes, children)
	})
	gputest.Check(b, err)
	timed("graph of both", 2*genotypes.Bytes()+phenotypes.Bytes(), func() error { return graph.Launch(s) })
	gputest.Check(b, graph.Close())
	gputest.Check(b, g.Close())
}
