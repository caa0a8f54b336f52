package lm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/model"
)

// Fleet evaluates candidates on several GPUs of one host and one architecture.
// Each holds all parents and all stories and takes a contiguous share of the
// candidates; a candidate's fitness does not depend on which GPU computes it,
// nor on how many there are.
type Fleet []*CUDA

// NewFleet opens the devices.
func NewFleet(ordinals []int, spec model.Transformer, layout *model.Layout, data Data, precision transformer.Precision, parents int) (Fleet, error) {
	var f Fleet
	for _, ordinal := range ordinals {
		e, err := NewCUDA(ordinal, spec, layout, data, precision, parents)
		if err != nil {
			_ = f.Close() // the reason for giving up is err
			return nil, err
		}
		f = append(f, e)
	}
	return f, nil
}

// SetApplication says how factored weights are applied in kernels that have a
// choice (see transformer.NewGPU); at first it is transformer.Auto. Call it
// before anything is evaluated.
func (f Fleet) SetApplication(a transformer.Application) {
	for _, e := range f {
		e.application = a
	}
}

// Close frees everything on all devices.
func (f Fleet) Close() error {
	return f.each(func(_ int, e *CUDA) error { return e.Close() })
}

// Traffic returns the bytes copied to and from all devices.
func (f Fleet) Traffic() (sum gpu.Traffic) {
	for _, e := range f {
		t := e.Traffic()
		sum.HostToDevice += t.HostToDevice
		sum.DeviceToHost += t.DeviceToHost
	}
	return sum
}

// each calls do for all devices at once.
func (f Fleet) each(do func(i int, e *CUDA) error) error {
	errs := make([]error, len(f))
	var wait sync.WaitGroup
	for i, e := range f {
		wait.Go(func() { errs[i] = do(i, e) })
	}
	wait.Wait()
	return errors.Join(errs...)
}

// Evaluate returns each candidate's fitness on the stories.
func (f Fleet) Evaluate(ctx context.Context, candidates []model.Candidate, cases model.Cases) ([]model.Fitness, error) {
	fitness := make([]model.Fitness, len(candidates))
	err := f.each(func(i int, e *CUDA) error {
		from, to := i*len(candidates)/len(f), (i+1)*len(candidates)/len(f)
		if from == to {
			return nil
		}
		share, err := e.Evaluate(ctx, candidates[from:to], cases)
		copy(fitness[from:to], share)
		return err
	})
	return fitness, err
}

// Adopt makes the candidates the parents on every device; all must arrive at
// the same digests.
func (f Fleet) Adopt(ctx context.Context, candidates []model.Candidate) ([]model.Digest, error) {
	all := make([][]model.Digest, len(f))
	err := f.each(func(i int, e *CUDA) (err error) {
		all[i], err = e.Adopt(ctx, candidates)
		return err
	})
	if err != nil {
		return nil, err
	}
	return all[0], f.agree("adopt", all)
}

// Restore rebuilds a parent on every device; all must arrive at the same
// digest.
func (f Fleet) Restore(slot model.Slot, genome model.Genome) (model.Digest, error) {
	all := make([][]model.Digest, len(f))
	err := f.each(func(i int, e *CUDA) error {
		digest, err := e.Restore(slot, genome)
		all[i] = []model.Digest{digest}
		return err
	})
	if err != nil {
		return 0, err
	}
	return all[0][0], f.agree("restore", all)
}

// agree returns an error if two devices hold different genotypes.
func (f Fleet) agree(operation string, digests [][]model.Digest) error {
	for i := range digests {
		if !slices.Equal(digests[i], digests[0]) {
			return fmt.Errorf("%s: %v and %v hold different genotypes: one of them computes wrongly", operation, f[0].Device(), f[i].Device())
		}
	}
	return nil
}

// Import puts a genotype into a slot on every device.
func (f Fleet) Import(slot model.Slot, genotype []float32) error {
	return f.each(func(_ int, e *CUDA) error { return e.Import(slot, genotype) })
}

// Export returns a copy of the genotype in a slot.
func (f Fleet) Export(slot model.Slot) ([]float32, error) { return f[0].Export(slot) }

// PerStory returns the loss of one candidate on each of the cases' stories, all
// by the first device.
func (f Fleet) PerStory(ctx context.Context, c model.Candidate, cases model.Cases) ([]float64, error) {
	return f[0].PerStory(ctx, c, cases)
}
