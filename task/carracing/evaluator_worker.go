package carracing

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/evorank/evorank/kernels/conv"
	"github.com/evorank/evorank/kernels/develop"
	"github.com/evorank/evorank/model"
)

// lockStep is the number of episodes that a worker plays at once, a step of all
// before the next of any, so that they share each layer's weights while these
// are in the cache. The paper's second stage has four for each candidate.
const lockStep = 4

// worker is what one goroutine needs to let one candidate at a time play.
type worker struct {
	genotype, phenotype []float32
	layout              *model.Layout
	developed           []*model.Tensor // the tensors that the network reads as a whole
	load                func() network  // takes over the present weights
	network             network
	candidate           int // index of the loaded one, -1 if none

	renderer *Renderer
	episodes [lockStep]Episode
	frames   [lockStep][StackDepth][]uint8
	running  []int // indices of episodes
	seen     []conv.Images
	actions  [lockStep]Action
	outputs  [lockStep * actionSize]float64
	see      func(*Episode, Action) error // or nil
	played   *played
}

// WorkerBytes is about what a worker takes besides its network.
const WorkerBytes = int64(unsafe.Sizeof(worker{}) + unsafe.Sizeof(Renderer{}))

func newWorker(policy model.ConvPolicy, layout *model.Layout, plan conv.Plan, o Evaluation) *worker {
	w := &worker{
		layout: layout, candidate: -1, renderer: NewRenderer(),
		genotype: make([]float32, layout.Genotype), phenotype: make([]float32, layout.Phenotype),
		running: make([]int, 0, lockStep), seen: make([]conv.Images, 0, lockStep),
	}
	for i := range w.episodes {
		w.episodes[i].Env.Options, w.episodes[i].Limits = o.Environment, o.Limits
	}
	bound := conv.Bind(policy, layout, w.genotype, w.phenotype)
	var left []string
	if o.Precision == "fp64" {
		w.load = func() network { return conv.NewReference(bound) }
	} else {
		left = plan.Undeveloped(policy)
		for i, c := range plan {
			if c.Application == conv.Factored {
				bound.Layers[i].W = nil
			}
		}
		fast := conv.NewEvaluator(policy, plan, o.ISA, lockStep)
		w.load = func() network { fast.Load(bound); return fast }
	}
	for i := range layout.Tensors {
		if t := &layout.Tensors[i]; !slices.Contains(left, t.Name) {
			w.developed = append(w.developed, t)
		}
	}
	return w
}

// become makes the worker's network that of the candidate.
func (w *worker) become(e *CPU, index int, c model.Candidate) error {
	if w.candidate == index {
		return nil
	}
	if err := e.Genotype(w.genotype, c); err != nil {
		return err
	}
	for _, t := range w.developed {
		develop.Tensor(t.Of(w.phenotype), w.genotype, t)
	}
	w.network, w.candidate = w.load(), index
	return nil
}

// play plays up to lockStep episodes to their ends.
func (w *worker) play(ctx context.Context, seeds []model.Seed, outcomes []Outcome) error {
	w.running = w.running[:0]
	for i, seed := range seeds {
		w.episodes[i].Reset(w.renderer, uint64(seed))
		w.running = append(w.running, i)
		if err := w.show(i, Action{}); err != nil {
			return err
		}
	}
	for len(w.running) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		w.act()
		for _, i := range w.running {
			p := &w.episodes[i]
			p.Step(w.renderer, w.actions[i])
			if err := w.show(i, w.actions[i]); err != nil {
				return err
			}
			if p.Done() {
				outcomes[i] = p.outcome(seeds[i])
			}
		}
		before := len(w.running)
		w.running = slices.DeleteFunc(w.running, func(i int) bool { return w.episodes[i].Done() })
		w.played.steps.Add(int64(before))
		w.played.episodes.Add(int64(before - len(w.running)))
	}
	return nil
}

// act sets the actions of the running episodes.
func (w *worker) act() {
	w.seen = w.seen[:0]
	for _, i := range w.running {
		w.seen = append(w.seen, w.episodes[i].Seen.Images(&w.frames[i]))
	}
	w.network.Forward(w.seen, w.outputs[:])
	for at, i := range w.running {
		w.actions[i] = Action(w.outputs[at*actionSize:])
	}
}

func (w *worker) show(i int, a Action) error {
	if w.see == nil {
		return nil
	}
	return w.see(&w.episodes[i], a)
}

// each calls do for all items on all workers. Items are taken in order, and
// neighbours share a candidate, so that a worker develops few.
func (e *CPU) each(ctx context.Context, items int, do func(w *worker, item int) error) error {
	var next atomic.Int64
	errs := make([]error, len(e.workers))
	var wait sync.WaitGroup
	for i, w := range e.workers {
		w.candidate = -1
		wait.Go(func() {
			for errs[i] == nil {
				item := int(next.Add(1)) - 1
				if item >= items {
					return
				}
				if errs[i] = ctx.Err(); errs[i] == nil {
					errs[i] = do(w, item)
				}
			}
			next.Store(int64(items)) // an error stops everyone
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
