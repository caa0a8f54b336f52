package bench

import (
	"errors"
	"fmt"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/develop"
	"github.com/evorank/evorank/model"
)

// DevelopOnGPU is Develop on a GPU, all children in one launch, having compared
// some of them with this processor bit for bit.
func DevelopOnGPU(n Network, individuals, ordinal int, copyCeiling float64, c Clock) (measures []Measure, err error) {
	l, err := n.layout()
	if err != nil {
		return nil, err
	}
	err = onGPU(ordinal, func(s *gpu.Stream, m *gpu.Module) error {
		w, err := newNursery(s, m, l, individuals)
		if err == nil {
			err = w.compare()
		}
		if err == nil {
			line := Measure{Device: s.Device().String(), Checked: fmt.Sprintf("%d networks bit for bit with this processor", min(individuals, comparedNetworks))}
			measures, err = developed(line, n.Name, l, individuals, copyCeiling, c, w.breed, w.multiply)
		}
		return errors.Join(err, w.free())
	})
	if err != nil {
		err = fmt.Errorf("bench: %s: %w", n.Name, err)
	}
	return measures, err
}

const comparedNetworks = 4

// nursery is what development needs on a GPU.
type nursery struct {
	stream                        *gpu.Stream
	layout                        *model.Layout
	kernels                       *develop.GPU
	individuals                   int
	founder                       []float32
	orders                        gpu.Buffer[develop.Packed]
	parent, genotypes, phenotypes gpu.Buffer[float32]
}

// newNursery returns something to be freed even on an error.
func newNursery(s *gpu.Stream, m *gpu.Module, l *model.Layout, individuals int) (*nursery, error) {
	w := &nursery{stream: s, layout: l, individuals: individuals, founder: make([]float32, l.Genotype)}
	develop.Genotype(w.founder, nil, l, founders(1)[0].Gene)
	packed := make([]develop.Packed, individuals)
	if err := develop.Pack(packed, children(individuals), 1); err != nil {
		return w, err
	}
	var errs [5]error
	w.kernels, errs[0] = develop.NewGPU(m, s, l)
	w.orders, errs[1] = gpu.Alloc[develop.Packed](s.Device(), "children", individuals)
	w.parent, errs[2] = gpu.Alloc[float32](s.Device(), "parent", l.Genotype)
	w.genotypes, errs[3] = gpu.Alloc[float32](s.Device(), "genotypes", individuals*l.Genotype)
	w.phenotypes, errs[4] = gpu.Alloc[float32](s.Device(), "phenotypes", individuals*l.Phenotype)
	if err := errors.Join(errs[:]...); err != nil {
		return w, err
	}
	return w, errors.Join(gpu.Write(s, w.orders, packed), gpu.Write(s, w.parent, w.founder))
}

func (w *nursery) free() error {
	errs := []error{w.orders.Free(), w.parent.Free(), w.genotypes.Free(), w.phenotypes.Free()}
	if w.kernels != nil {
		errs = append(errs, w.kernels.Close())
	}
	return errors.Join(errs...)
}

func (w *nursery) breed() error {
	return errors.Join(w.kernels.Genotypes(w.stream, w.genotypes, w.parent, w.orders), w.stream.Synchronize())
}

func (w *nursery) multiply() error {
	return errors.Join(w.kernels.Phenotypes(w.stream, w.phenotypes, w.genotypes, w.individuals), w.stream.Synchronize())
}

// compare builds all children and looks at the last few, bit for bit.
func (w *nursery) compare() error {
	if err := errors.Join(w.breed(), w.multiply()); err != nil {
		return err
	}
	genotype, phenotype := make([]float32, w.layout.Genotype), make([]float32, w.layout.Phenotype)
	brood := children(w.individuals)
	for i := max(0, w.individuals-comparedNetworks); i < w.individuals; i++ {
		develop.Genotype(genotype, w.founder, w.layout, brood[i].Gene)
		develop.Phenotype(phenotype, genotype, w.layout)
		if err := errors.Join(w.same("genotype", w.genotypes, i, genotype), w.same("phenotype", w.phenotypes, i, phenotype)); err != nil {
			return err
		}
	}
	return nil
}

// same compares vector i of many on the device.
func (w *nursery) same(what string, all gpu.Buffer[float32], i int, want []float32) error {
	got := make([]float32, len(want))
	if err := gpu.Read(w.stream, got, all.Slice(i*len(want), (i+1)*len(want))); err != nil {
		return err
	}
	for at := range want {
		if err := sameBits(what, at, got[at], want[at]); err != nil {
			return err
		}
	}
	return nil
}
