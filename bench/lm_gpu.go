package bench

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/ceiling"
	"github.com/evorank/evorank/kernels/image"
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/kernels/vector"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/task/lm"
)

// Card is the GPUs that a benchmark runs on.
type Card struct {
	Ordinals []int
	Ceilings ceiling.Rates // of the first
}

// LMOnGPU checks and times every network in every precision. The first
// repetition, which plans and uploads, is not timed.
func LMOnGPU(ctx context.Context, card Card, precisions []transformer.Precision, networks []Network, stories transformer.Sequences, o Options, show func(Row)) ([]Row, error) {
	var rows []Row
	for _, n := range networks {
		c, err := newCheck(n, stories)
		if err != nil {
			return nil, err
		}
		for _, p := range precisions {
			row := Row{Network: n.Name, Hidden: n.Spec.Hidden, Framework: "evorank", Precision: string(p)}
			if err := row.measureOnGPU(ctx, card, c, n.Spec, stories, p, o); err != nil {
				return nil, fmt.Errorf("bench: %s: %s: %w", n.Name, p, err)
			}
			rows = append(rows, row)
			show(row)
		}
	}
	return rows, nil
}

func (r *Row) measureOnGPU(ctx context.Context, card Card, c check, spec model.Transformer, stories transformer.Sequences, p transformer.Precision, o Options) (err error) {
	fleet, err := lm.NewFleet(card.Ordinals, spec, c.layout, c.data(stories), p, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fleet.Close()) }()
	if _, err := fleet.Evaluate(ctx, founders(o.Individuals), model.Cases{Count: stories.Len()}); err != nil {
		return err
	}
	r.Implementation = fmt.Sprintf("%d GPU", len(fleet))
	if err := r.measure(ctx, fleet, c, spec, stories, lm.Tolerance(p), o); err != nil {
		return err
	}
	if card.Ceilings.Exponentials > 0 {
		r.OfExponentialCeiling = r.ExponentialsPerSecond / card.Ceilings.Exponentials / float64(len(fleet))
		r.OfTensorCeiling = r.FLOPPerSecond / card.Ceilings.Tensor / float64(len(fleet))
	}
	return r.compareTimed(ctx, c, spec, stories, lm.Tolerance(p)+lm.Tolerance(transformer.FP32))
}

// compareTimed compares losses of what was timed, as it was timed, with this
// processor's.
func (r *Row) compareTimed(ctx context.Context, c check, spec model.Transformer, stories transformer.Sequences, tolerance float64) error {
	host, err := lm.NewCPU(spec, c.layout, lm.Data{Train: stories}, lm.Options{Precision: "fp32", Application: transformer.Auto, ISA: vector.BestISA()})
	if err != nil {
		return err
	}
	fitness, err := host.Evaluate(ctx, founders(min(2, r.Individuals)), model.Cases{Count: stories.Len()})
	if err != nil {
		return err
	}
	for i, want := range negated(fitness) {
		if difference := math.Abs(r.losses[i] - want); !(difference <= tolerance) {
			return fmt.Errorf("individual %d: the loss that was timed is %v, the processor says %v: they differ by more than %g", i, r.losses[i], want, tolerance)
		}
	}
	return nil
}

// MeasureCeilings opens a GPU and measures what it can do at most.
func MeasureCeilings(ordinal int) (rates ceiling.Rates, err error) {
	err = onGPU(ordinal, func(s *gpu.Stream, m *gpu.Module) error {
		g, err := ceiling.NewGPU(m)
		if err == nil {
			rates, err = g.Measure(s)
		}
		return err
	})
	return rates, err
}

// onGPU lends a stream and the kernels of a GPU.
func onGPU(ordinal int, use func(*gpu.Stream, *gpu.Module) error) error {
	d, err := gpu.Open(ordinal)
	if err != nil {
		return err
	}
	m, err := image.Load(d, "")
	if err != nil {
		return errors.Join(err, d.Close())
	}
	s, err := d.NewStream()
	if err == nil {
		err = errors.Join(use(s, m), s.Close())
	}
	return errors.Join(err, m.Close(), d.Close())
}
