package lm

import (
	"context"
	"errors"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/develop"
	"github.com/evorank/evorank/kernels/image"
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/population"
)

// CUDA evaluates candidates on stories with one GPU. It implements
// evolve.Evaluator: 16 bytes a candidate go up, 8 bytes of loss come down, and
// weights exist only in device memory. One goroutine at a time uses it.
type CUDA struct {
	*population.CUDA // the parents: Restore, Import, Export, Adopt of candidates
	spec             model.Transformer
	layout           *model.Layout
	data             Data
	precision        transformer.Precision
	application      transformer.Application
	device           *gpu.Device
	module           *gpu.Module
	owns             bool // device and module
	stream           *gpu.Stream
	train, heldout   stage
	work             cudaWorkspace
}

// stage is the evaluator of the stories that were asked for last. A run whose
// stories change with the generation plans and uploads them anew each time.
type stage struct {
	cases      model.Cases
	candidates int // at most so many at a time were planned for
	kernel     *transformer.GPU
}

// cudaWorkspace is room for a chunk of C candidates, and for P in all.
type cudaWorkspace struct {
	chunk      int
	packed     gpu.Pinned[develop.Packed] // [P]
	candidates gpu.Buffer[develop.Packed] // [P]
	genotypes  gpu.Buffer[float32]        // [C][G]
	phenotypes gpu.Buffer[float32]        // [C][F]
	losses     gpu.Buffer[float64]        // [P]
	result     gpu.Pinned[float64]        // [P]
}

// NewCUDA opens a device and makes an evaluator without parents, with room for
// that many.
func NewCUDA(ordinal int, spec model.Transformer, layout *model.Layout, data Data, precision transformer.Precision, parents int) (*CUDA, error) {
	d, m, err := open(ordinal)
	if err != nil {
		return nil, err
	}
	e, err := newCUDA(d, m, spec, layout, data, precision, parents)
	if err != nil {
		_ = errors.Join(m.Close(), d.Close()) // the reason for giving up is err
		return nil, err
	}
	e.owns = true
	return e, nil
}

// open opens a device and loads the kernels there.
func open(ordinal int) (*gpu.Device, *gpu.Module, error) {
	d, err := gpu.Open(ordinal)
	if err != nil {
		return nil, nil, err
	}
	m, err := image.Load(d, "")
	if err != nil {
		_ = d.Close() // the reason for giving up is err
		return nil, nil, err
	}
	return d, m, nil
}

// newCUDA makes an evaluator on a device that somebody else opened and closes.
func newCUDA(d *gpu.Device, m *gpu.Module, spec model.Transformer, layout *model.Layout, data Data, precision transformer.Precision, parents int) (*CUDA, error) {
	e := &CUDA{spec: spec, layout: layout, data: data, precision: precision, application: transformer.Auto, device: d, module: m}
	var err error
	if e.stream, err = d.NewStream(); err == nil {
		e.CUDA, err = population.NewCUDA(m, e.stream, layout, parents)
	}
	if err != nil {
		_ = e.Close() // the reason for giving up is err
		return nil, err
	}
	return e, nil
}

// Close frees everything on the device.
func (e *CUDA) Close() error {
	errs := []error{e.work.free(), e.train.close(), e.heldout.close()}
	if e.CUDA != nil {
		errs = append(errs, e.CUDA.Close())
	}
	if e.stream != nil {
		errs = append(errs, e.stream.Close())
	}
	if e.owns {
		errs = append(errs, e.module.Close(), e.device.Close())
	}
	return errors.Join(errs...)
}

// Device returns the GPU, whose Traffic counts what was copied.
func (e *CUDA) Device() *gpu.Device { return e.device }

// Traffic returns the bytes copied between host and device so far.
func (e *CUDA) Traffic() gpu.Traffic { return e.device.Traffic() }

// Adopt makes the candidates the parents.
func (e *CUDA) Adopt(_ context.Context, candidates []model.Candidate) ([]model.Digest, error) {
	return e.CUDA.Adopt(candidates)
}

// Evaluate returns each candidate's fitness on the stories.
func (e *CUDA) Evaluate(ctx context.Context, candidates []model.Candidate, cases model.Cases) ([]model.Fitness, error) {
	kernel, err := e.prepare(len(candidates), cases)
	if err != nil {
		return nil, err
	}
	if err := e.settled(e.enqueue(ctx, kernel, candidates)); err != nil {
		return nil, err
	}
	fitness := make([]model.Fitness, len(candidates))
	for i, loss := range e.work.result.Values()[:len(candidates)] {
		fitness[i] = model.Fitness(-loss)
	}
	return fitness, nil
}

// enqueue puts the evaluation of all candidates into the stream, from the
// upload of their seeds to the download of their losses.
func (e *CUDA) enqueue(ctx context.Context, kernel *transformer.GPU, candidates []model.Candidate) error {
	if err := e.upload(candidates); err != nil {
		return err
	}
	n, w := len(candidates), &e.work
	for first := 0; first < n; first += w.chunk {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := e.evaluate(kernel, first, min(first+w.chunk, n), gpu.Buffer[float32]{}); err != nil {
			return err
		}
	}
	return gpu.Download(e.stream, w.result.Slice(0, n), w.losses.Slice(0, n))
}

// settled waits for what is in the stream, however far it came, so that the
// workspace is free again. The first failure is the one that is told.
func (e *CUDA) settled(err error) error {
	if waitErr := e.stream.Synchronize(); err == nil {
		err = waitErr
	}
	return err
}

// PerStory returns the loss of one candidate on each of the cases' stories,
// which may wrap around here, though not on a CPU.
func (e *CUDA) PerStory(_ context.Context, c model.Candidate, cases model.Cases) ([]float64, error) {
	kernel, err := e.prepare(1, cases)
	if err != nil {
		return nil, err
	}
	stories, err := gpu.Alloc[float32](e.device, "losses of stories", cases.Count)
	if err != nil {
		return nil, err
	}
	losses := make([]float32, cases.Count)
	err = e.upload([]model.Candidate{c})
	if err == nil {
		err = e.evaluate(kernel, 0, 1, stories)
	}
	if err == nil {
		err = gpu.Read(e.stream, losses, stories)
	}
	err = errors.Join(e.settled(err), stories.Free())
	out := make([]float64, len(losses))
	for i, loss := range losses {
		out[i] = float64(loss)
	}
	return out, err
}

// upload sends the candidates: seeds and slots.
func (e *CUDA) upload(candidates []model.Candidate) error {
	n, w := len(candidates), &e.work
	if err := develop.Pack(w.packed.Values(), candidates, e.Slots()); err != nil {
		return err
	}
	return gpu.Upload(e.stream, w.candidates.Slice(0, n), w.packed.Slice(0, n))
}

// evaluate puts the work of candidates [first, next) into the stream.
func (e *CUDA) evaluate(kernel *transformer.GPU, first, next int, stories gpu.Buffer[float32]) error {
	w, n := &e.work, next-first
	phenotypes := w.phenotypes.Slice(0, n*e.layout.Phenotype)
	if err := e.Phenotypes(e.stream, phenotypes, w.genotypes.Slice(0, n*e.layout.Genotype), w.candidates.Slice(first, next)); err != nil {
		return err
	}
	return kernel.Losses(e.stream, w.losses.Slice(first, next), stories, phenotypes, w.genotypes.Slice(0, n*e.layout.Genotype))
}

// prepare returns the evaluator of the cases' stories, and makes room for that
// many candidates.
func (e *CUDA) prepare(candidates int, cases model.Cases) (*transformer.GPU, error) {
	s := &e.train
	if cases.Heldout {
		s = &e.heldout
	}
	if s.kernel == nil || s.cases.First != cases.First || s.cases.Count != cases.Count || s.candidates < candidates {
		if err := e.plan(s, candidates, cases); err != nil {
			return nil, err
		}
	}
	return s.kernel, e.work.reserve(e, candidates)
}

// plan lays out the evaluation of other stories, or of more candidates at a
// time. Half of what is free is for it, so that both stages and the candidates
// find room.
func (e *CUDA) plan(s *stage, candidates int, cases model.Cases) error {
	stories, err := e.data.of(cases)
	if err != nil {
		return err
	}
	if err := s.close(); err != nil {
		return err
	}
	free, _, err := e.device.Memory()
	if err != nil {
		return err
	}
	// For all the data, so that a story has the same bits in every window of it.
	choice, err := transformer.ChooseGPU(e.spec, e.precision, e.device.Info, stories.Longest())
	if err != nil {
		return err
	}
	chosen := window(stories, cases.First, cases.Count)
	s.cases, s.candidates = cases, candidates
	return gpu.WithinMemory(free/2, func(budget uint64) (err error) {
		s.kernel, err = transformer.NewGPU(e.module, e.stream, e.layout, e.spec, choice, e.application, chosen, candidates, budget)
		return err
	})
}

// window returns count sequences from first on, wrapping around at the end.
func window(s transformer.Sequences, first, count int) transformer.Sequences {
	if first == 0 && count == s.Len() {
		return s
	}
	chosen := make([][]int32, count)
	for i := range chosen {
		chosen[i] = s.At((first + i) % s.Len())
	}
	return transformer.Pack(chosen...)
}

func (s *stage) close() error {
	if s.kernel == nil {
		return nil
	}
	k := s.kernel
	s.kernel = nil
	return k.Close()
}

// reserve makes room for n candidates; those that do not fit a third of the
// free memory at a time are developed in chunks.
func (w *cudaWorkspace) reserve(e *CUDA, n int) error {
	if n <= w.losses.Len() {
		return nil
	}
	if err := w.free(); err != nil {
		return err
	}
	free, _, err := e.device.Memory()
	if err != nil {
		return err
	}
	return gpu.WithinMemory(free/3, func(budget uint64) error {
		err := w.allocate(e, n, budget)
		if err != nil {
			err = errors.Join(err, w.free())
		}
		return err
	})
}

// allocate makes room for n candidates, and to develop as many at a time as
// fit the budget.
func (w *cudaWorkspace) allocate(e *CUDA, n int, budget uint64) error {
	each := 4 * uint64(e.layout.Genotype+e.layout.Phenotype)
	w.chunk = int(min(uint64(n), budget/each))
	if w.chunk == 0 {
		return e.device.NoRoom("a network", each, budget)
	}
	var errs [6]error
	w.packed, errs[0] = gpu.AllocPinned[develop.Packed](e.device, "candidates", n)
	w.candidates, errs[1] = gpu.Alloc[develop.Packed](e.device, "candidates", n)
	w.genotypes, errs[2] = gpu.Alloc[float32](e.device, "genotypes", w.chunk*e.layout.Genotype)
	w.phenotypes, errs[3] = gpu.Alloc[float32](e.device, "phenotypes", w.chunk*e.layout.Phenotype)
	w.losses, errs[4] = gpu.Alloc[float64](e.device, "losses", n)
	w.result, errs[5] = gpu.AllocPinned[float64](e.device, "losses", n)
	return errors.Join(errs[:]...)
}

func (w *cudaWorkspace) free() error {
	old := *w
	*w = cudaWorkspace{}
	return errors.Join(old.packed.Free(), old.candidates.Free(), old.genotypes.Free(), old.phenotypes.Free(), old.losses.Free(), old.result.Free())
}
