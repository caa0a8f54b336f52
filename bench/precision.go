package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/kernels/vector"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/run/lineage"
	"github.com/evorank/evorank/task/lm"
)

// Evolved is a population of a run with what it was evaluated on: what
// precisions are compared on.
type Evolved struct {
	Spec      model.Transformer
	Layout    *model.Layout
	Stories   transformer.Sequences
	Survivors int

	parents    []model.Genome // the slots that candidates refer to
	candidates []model.Candidate
}

// Individuals is the size of the population.
func (e *Evolved) Individuals() int { return len(e.candidates) }

// Population reads who lived in a generation from a run's lineage.
func (e *Evolved) Population(path string, generation model.Generation) error {
	reader, err := lineage.Open(path)
	if err != nil {
		return err
	}
	defer reader.Close()
	var ancestry lineage.Ancestry
	for {
		records, err := reader.Next()
		if err == io.EOF {
			return fmt.Errorf("bench: %s: it ends before generation %d", path, generation)
		}
		if err != nil {
			return err
		}
		if records[0].Generation == generation {
			return e.settle(&ancestry, records)
		}
		if err := ancestry.Advance(records); err != nil {
			return err
		}
	}
}

// settle turns records into candidates: each the last gene of its genome, on
// top of the genes before it.
func (e *Evolved) settle(ancestry *lineage.Ancestry, records []model.Record) error {
	e.parents, e.candidates, e.Survivors = nil, nil, 0
	slots := map[string]model.Slot{}
	for i := range records {
		if records[i].Selected != model.Unselected {
			e.Survivors++
		}
		genome, err := ancestry.Genome(&records[i])
		if err != nil {
			return err
		}
		last := len(genome) - 1
		c := model.Candidate{Parent: model.NoParent, Gene: genome[last]}
		if last > 0 {
			key := fmt.Sprint(genome[:last])
			slot, known := slots[key]
			if !known {
				slot = model.Slot(len(e.parents))
				slots[key], e.parents = slot, append(e.parents, genome[:last])
			}
			c.Parent = slot
		}
		e.candidates = append(e.candidates, c)
	}
	return nil
}

// engine is an evaluator whose parents can be restored.
type engine interface {
	evaluator
	Restore(model.Slot, model.Genome) (model.Digest, error)
	Close() error
}

// losses evaluates the first n individuals.
func (e *Evolved) losses(ctx context.Context, on engine, n int) (losses []float64, err error) {
	defer func() { err = errors.Join(err, on.Close()) }()
	for slot, genome := range e.parents {
		if _, err := on.Restore(model.Slot(slot), genome); err != nil {
			return nil, err
		}
	}
	fitness, err := on.Evaluate(ctx, e.candidates[:n], model.Cases{Count: e.Stories.Len()})
	return negated(fitness), err
}

// OnGPU returns everyone's loss in a precision of GPUs.
func (e *Evolved) OnGPU(ctx context.Context, ordinals []int, p transformer.Precision) ([]float64, error) {
	fleet, err := lm.NewFleet(ordinals, e.Spec, e.Layout, lm.Data{Train: e.Stories}, p, max(1, len(e.parents)))
	if err != nil {
		return nil, err
	}
	return e.losses(ctx, fleet, len(e.candidates))
}

// OnCPU returns the first n individuals' losses on this processor, in fp64 (the
// reference) or fp32.
func (e *Evolved) OnCPU(ctx context.Context, precision string, n int) ([]float64, error) {
	cpu, err := lm.NewCPU(e.Spec, e.Layout, lm.Data{Train: e.Stories}, lm.Options{Precision: precision, Application: transformer.Auto, ISA: vector.BestISA()})
	if err != nil {
		return nil, err
	}
	return e.losses(ctx, cpu, n)
}

// TruthByPython lets PyTorch compute everyone's loss in float64 on the GPU,
// which the reference here would take long for, and compares the first
// individuals with the reference.
func (e *Evolved) TruthByPython(ctx context.Context, python string) ([]float64, error) {
	const compared, tolerance = 2, 1e-9
	truth, err := e.byPython(ctx, python, "--precision", "fp64", "--no-compile", "--no-graph", "--group", "8", "--chunk", "8192", "--repeat", "0")
	if err != nil {
		return nil, err
	}
	want, err := e.OnCPU(ctx, "fp64", min(compared, len(truth)))
	if err != nil {
		return nil, err
	}
	for i := range want {
		if !(math.Abs(truth[i]-want[i]) <= tolerance) {
			return nil, fmt.Errorf("bench: individual %d: PyTorch's loss in float64 is %v, the reference's %v", i, truth[i], want[i])
		}
	}
	return truth, nil
}

func (e *Evolved) byPython(ctx context.Context, python string, args ...string) ([]float64, error) {
	dir, err := unpack()
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	stories, population := filepath.Join(dir, "stories.json"), filepath.Join(dir, "population.safetensors")
	if err := writeStories(stories, e.Stories); err != nil {
		return nil, err
	}
	if err := writePopulation(population, e.Spec, e.Layout, e.parents, e.candidates); err != nil {
		return nil, err
	}
	args = append([]string{filepath.Join(dir, "bench_torch_gpu.py"), "--population", population, "--stories", stories}, args...)
	s, err := Python{Interpreter: python}.run(ctx, args)
	if err == nil && len(s.Losses) != len(e.candidates) {
		err = fmt.Errorf("it has losses of %d individuals, not %d", len(s.Losses), len(e.candidates))
	}
	if err != nil {
		return nil, fmt.Errorf("bench: PyTorch: %w", err)
	}
	return s.Losses, nil
}
