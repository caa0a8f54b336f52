package lm

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/evorank/evorank/kernels/develop"
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/kernels/vector"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/population"
)

// block is the number of stories whose losses are added up before they join
// the total: fixed, so that a sum's rounding does not depend on who computed
// which part of it.
const block = 32

// Options chooses how a CPU evaluator computes.
type Options struct {
	Threads     int    // 0: all that the process may use
	Precision   string // fp64 or fp32
	Application transformer.Application
	ISA         vector.ISA // of fp32
}

// CPU evaluates candidates on stories with all cores. It implements
// evolve.Evaluator.
type CPU struct {
	*population.CPU // the parents: Restore, Import, Export
	layout          *model.Layout
	data            Data
	workers         []*worker
}

// Data are the stories that selection sees, and those that it never sees.
type Data struct {
	Train, Heldout transformer.Sequences
}

// of returns the stories that the cases are about.
func (d Data) of(cases model.Cases) (transformer.Sequences, error) {
	s := d.Train
	if cases.Heldout {
		s = d.Heldout
	}
	if n := max(0, s.Len()); cases.Count < 1 || cases.Count > n || cases.First < 0 {
		return s, fmt.Errorf("lm: evaluate: %d stories from number %d on: there are %d", cases.Count, cases.First, n)
	}
	return s, nil
}

// scorer computes sequence losses of the network it was loaded with.
type scorer interface {
	Losses(s transformer.Sequences, from, to int, out []float64)
}

// worker is what one goroutine needs to evaluate one candidate at a time.
type worker struct {
	genotype, phenotype []float32
	network             *transformer.Network // bound to the two vectors
	load                func() scorer        // takes over the network's present weights
	scorer              scorer
	candidate           int // index of the loaded one, -1 if none
	losses              [block]float64
}

// NewCPU returns an evaluator without parents.
func NewCPU(spec model.Transformer, layout *model.Layout, data Data, o Options) (*CPU, error) {
	threads := o.Threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	e := &CPU{CPU: population.NewCPU(layout), layout: layout, data: data}
	for range threads {
		w := &worker{genotype: make([]float32, layout.Genotype), phenotype: make([]float32, layout.Phenotype), candidate: -1}
		w.network = Bind(spec, layout, w.genotype, w.phenotype)
		if err := w.network.Check(); err != nil {
			return nil, fmt.Errorf("lm: %w", err)
		}
		w.load = loader(w.network, o)
		e.workers = append(e.workers, w)
	}
	return e, nil
}

// loader returns the function that turns the network into a scorer.
func loader(n *transformer.Network, o Options) func() scorer {
	if o.Precision == "fp64" {
		return func() scorer { return transformer.NewReference(n) }
	}
	fast := transformer.NewEvaluator(n.Shape, o.Application, o.ISA)
	return func() scorer { fast.Load(n); return fast }
}

// Close has nothing to give back.
func (e *CPU) Close() error { return nil }

// Adopt makes the candidates the parents.
func (e *CPU) Adopt(_ context.Context, candidates []model.Candidate) ([]model.Digest, error) {
	return e.CPU.Adopt(candidates)
}

// Evaluate returns each candidate's fitness on the stories.
func (e *CPU) Evaluate(ctx context.Context, candidates []model.Candidate, cases model.Cases) ([]model.Fitness, error) {
	stories, err := e.data.of(cases)
	if err != nil {
		return nil, err
	}
	blocks := (cases.Count + block - 1) / block
	sums := make([]float64, len(candidates)*blocks)
	err = e.each(ctx, len(candidates), blocks, func(w *worker, candidate, b int) error {
		if err := w.develop(e, candidate, candidates[candidate]); err != nil {
			return err
		}
		sums[candidate*blocks+b] = w.sum(stories, cases, b)
		return nil
	})
	if err != nil {
		return nil, err
	}
	fitness := make([]model.Fitness, len(candidates))
	for i := range fitness {
		sum := 0.0
		for _, s := range sums[i*blocks : (i+1)*blocks] {
			sum += s
		}
		fitness[i] = model.Fitness(-sum / float64(cases.Count))
	}
	return fitness, nil
}

// PerStory returns the loss of one candidate on each of the cases' stories,
// which must not wrap around.
func (e *CPU) PerStory(ctx context.Context, c model.Candidate, cases model.Cases) ([]float64, error) {
	stories, err := e.data.of(cases)
	if err != nil {
		return nil, err
	}
	losses := make([]float64, cases.Count)
	blocks := (len(losses) + block - 1) / block
	err = e.each(ctx, 1, blocks, func(w *worker, _, b int) error {
		if err := w.develop(e, 0, c); err != nil {
			return err
		}
		from, to := b*block, min((b+1)*block, len(losses))
		w.scorer.Losses(stories, cases.First+from, cases.First+to, losses[from:to])
		return nil
	})
	return losses, err
}

// develop makes the worker's network that of the candidate.
func (w *worker) develop(e *CPU, index int, c model.Candidate) error {
	if w.candidate == index {
		return nil
	}
	if err := e.Genotype(w.genotype, c); err != nil {
		return err
	}
	develop.Phenotype(w.phenotype, w.genotype, e.layout)
	w.scorer, w.candidate = w.load(), index
	return nil
}

// sum adds up the losses of block b of the cases, in story order; the window
// of cases wraps around at the last story.
func (w *worker) sum(stories transformer.Sequences, cases model.Cases, b int) float64 {
	sum := 0.0
	for at, end := b*block, min((b+1)*block, cases.Count); at < end; {
		from := (cases.First + at) % stories.Len()
		n := min(end-at, stories.Len()-from)
		w.scorer.Losses(stories, from, from+n, w.losses[:n])
		for _, loss := range w.losses[:n] {
			sum += loss
		}
		at += n
	}
	return sum
}

// each calls do for all pairs (candidate, block), candidate by candidate, on
// all workers. A worker takes the next few blocks of one candidate at a time:
// all of them when there are many candidates, fewer when there are few, so
// that all cores have work and develop a candidate as rarely as possible.
func (e *CPU) each(ctx context.Context, candidates, blocks int, do func(w *worker, candidate, block int) error) error {
	const sharesPerWorker = 8
	shares := min(blocks, max(1, (sharesPerWorker*len(e.workers)+candidates-1)/candidates))
	var next atomic.Int64
	errs := make([]error, len(e.workers))
	var wait sync.WaitGroup
	for i, w := range e.workers {
		w.candidate = -1
		wait.Go(func() {
			for errs[i] == nil {
				item := int(next.Add(1)) - 1
				candidate, share := item/shares, item%shares
				if candidate >= candidates {
					return
				}
				for b := share * blocks / shares; b < (share+1)*blocks/shares && errs[i] == nil; b++ {
					if errs[i] = ctx.Err(); errs[i] == nil {
						errs[i] = do(w, candidate, b)
					}
				}
			}
			next.Store(int64(candidates * shares)) // an error stops everyone
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
