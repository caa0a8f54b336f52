package study

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/evorank/evorank/files"
	"github.com/evorank/evorank/run"
)

// Options say how a study is carried out; they do not change its results.
type Options struct {
	Dir      string      // of the study; "" means Study.Dir
	Places   []string    // devices of trials that run side by side (see Places); none: one trial, where its config says
	Only     []string    // conditions; none: all
	Finished []string    // other places where finished trials lie (see States)
	Run      run.Options // version, clock and warnings, for every trial
	Watch    func(Event) // called for every event, one at a time; nil: nobody watches
}

// again is what the command line needs to go on.
func (o Options) again() string {
	words := []string{o.Dir}
	for _, place := range o.Finished {
		words = append(words, "--finished", place)
	}
	return strings.Join(words, " ")
}

// Event is something that happened to a trial.
type Event struct {
	Trial    Trial
	Progress *run.Progress // a generation was finished, or
	Began    bool          // the trial began or goes on, or
	Ended    bool          // it ended, with Err if it failed or was stopped
	Err      error
}

// Execute runs all trials that are not done, resuming those that were begun.
// When the context ends, the trials under way are stopped so that they can be
// resumed, and the error has package run's kind Stopped. The first trial that
// fails stops the others in the same way.
func (s *Study) Execute(ctx context.Context, o Options) error {
	if o.Dir == "" {
		o.Dir = s.Dir()
	}
	if len(o.Places) == 0 {
		o.Places = []string{""}
	}
	if err := os.MkdirAll(o.Dir, 0o777); err != nil {
		return fmt.Errorf("study: %w", err)
	}
	lock, err := files.Acquire(o.Dir)
	if err != nil {
		return err
	}
	defer lock.Release()
	states, err := s.States(o.Dir, o.Finished...)
	if err != nil {
		return err
	}
	if states, err = s.Only(states, o.Only); err != nil {
		return err
	}
	if err := s.keep(o.Dir); err != nil {
		return err
	}
	x := executor{options: o, first: map[int]*Run{}}
	err = x.all(ctx, states)
	if run.KindOf(err) == run.Stopped {
		return &run.Error{Kind: run.Stopped, Err: fmt.Errorf("study %s: stopped: %w: go on with evorank study run %s", s.Name, context.Cause(ctx), o.again())}
	}
	return err
}

// Only returns the states of some conditions, of all if none is named.
func (s *Study) Only(states []State, conditions []string) ([]State, error) {
	for _, name := range conditions {
		if s.index(name) < 0 {
			return nil, badConfig(fmt.Errorf("study: %s: condition %q: want one of %s", s.Name, name, strings.Join(s.names(), "; ")))
		}
	}
	return slices.DeleteFunc(slices.Clone(states), func(state State) bool {
		return len(conditions) > 0 && !slices.Contains(conditions, state.Name)
	}), nil
}

// keep writes the study as it is being run, settings of the command line
// included, into its directory.
func (s *Study) keep(dir string) error {
	text, err := s.print()
	if err != nil {
		return fmt.Errorf("study: %w", err)
	}
	return files.WriteWhole(filepath.Join(dir, fileStudy), func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// executor carries out the trials of one study.
type executor struct {
	options Options
	mutex   sync.Mutex   // of the watcher and of first
	first   map[int]*Run // of each condition: its texts are those of the others
}

// all carries out the trials that are not done, so many at a time.
func (x *executor) all(parent context.Context, states []State) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	queue := make(chan State)
	errs := make(chan error, len(x.options.Places))
	var workers sync.WaitGroup
	for _, device := range x.options.Places {
		workers.Go(func() {
			for state := range queue {
				if device != "" {
					state.Config.Execution.Device = device
				}
				if err := x.trial(ctx, state); err != nil {
					errs <- err
					cancel(err) // the others stop, to be resumed
					return
				}
			}
		})
	}
	for _, state := range states {
		if state.Run != nil && x.first[state.Condition] == nil {
			x.first[state.Condition] = state.Run
		}
	}
	for _, state := range states {
		if state.Done() {
			continue
		}
		select {
		case queue <- state:
		case <-ctx.Done():
		}
	}
	close(queue)
	workers.Wait()
	close(errs)
	return worst(parent, errs)
}

// worst returns the error that explains the others: what stopped the study
// rather than that a trial was stopped.
func worst(ctx context.Context, errs <-chan error) error {
	var found error
	for err := range errs {
		if found == nil || run.KindOf(found) == run.Stopped {
			found = err
		}
	}
	if found == nil && ctx.Err() != nil { // between two trials
		found = &run.Error{Kind: run.Stopped, Err: ctx.Err()}
	}
	return found
}

// trial makes or resumes one run and finishes it.
func (x *executor) trial(ctx context.Context, s State) (err error) {
	if ctx.Err() != nil {
		return &run.Error{Kind: run.Stopped, Err: ctx.Err()}
	}
	x.tell(Event{Trial: s.Trial, Began: true})
	defer func() { x.tell(Event{Trial: s.Trial, Ended: true, Err: err}) }()
	r, err := x.open(s)
	if err != nil {
		return fmt.Errorf("study: trial %s: %w", s.Trial, err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	err = r.Train(ctx, func(p run.Progress) { x.tell(Event{Trial: s.Trial, Progress: &p}) })
	if err != nil {
		return fmt.Errorf("study: trial %s: %w", s.Trial, err)
	}
	return nil
}

// open makes or resumes the trial's run, which must be about the text that the
// condition's other trials are about.
func (x *executor) open(s State) (*run.Run, error) {
	r, err := x.openAny(s)
	if err != nil {
		return nil, err
	}
	a := r.Archive()
	own := &Run{Dir: s.Dir, Manifest: a.Manifest, Config: a.Experiment.Config}
	x.mutex.Lock()
	defer x.mutex.Unlock()
	if x.first[s.Condition] == nil {
		x.first[s.Condition] = own
	}
	if err := sameTexts(x.first[s.Condition], own); err != nil {
		return nil, errors.Join(badData(err), r.Close())
	}
	return r, nil
}

func (x *executor) openAny(s State) (*run.Run, error) {
	o := x.options.Run
	if s.Status != waiting {
		if !hasLineage(s.Dir) {
			return nil, badDataf("%s: its lineage was moved away (%s stands for it): bring it back to go on", s.Dir, filepath.Base(digestPath(s.Dir)))
		}
		if began := s.Run.Manifest.Version; began != o.Version && o.Warn != nil {
			o.Warn(fmt.Sprintf("study: %s: begun by version %s, goes on with %s: if their arithmetic differs, its results are those of neither: to have it made anew, remove it", s.Dir, began, o.Version))
		}
		o.Generations, o.Device = s.Config.Generations, s.Config.Execution.Device
		o.Text, o.Heldout = s.Config.LM.Data.Text, s.Config.LM.Data.Heldout // which may lie elsewhere now
		return run.Resume(s.Dir, o)
	}
	if err := clearUnborn(s.Dir); err != nil {
		return nil, err
	}
	cfg := s.Config
	if cfg.Execution.Threads == 0 { // trials share the cores; results do not depend on it
		cfg.Execution.Threads = max(1, runtime.GOMAXPROCS(0)/len(x.options.Places))
	}
	return run.Create(cfg, s.base, s.Dir, o)
}

func (x *executor) tell(e Event) {
	if x.options.Watch == nil {
		return
	}
	x.mutex.Lock()
	defer x.mutex.Unlock()
	x.options.Watch(e)
}
