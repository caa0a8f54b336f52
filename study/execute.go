package study

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/evorank/evorank/files"
	"github.com/evorank/evorank/run"
)

// Options say how a study is carried out; they do not change its results.
type Options struct {
	Dir      string      // of the study; "" means Study.Dir
	Parallel int         // trials at a time; 0 means 1
	Run      run.Options // version, clock and warnings, for every trial
	Watch    func(Event) // called for every event, one at a time; nil: nobody watches
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
	o.Parallel = max(1, o.Parallel)
	if err := os.MkdirAll(o.Dir, 0o777); err != nil {
		return fmt.Errorf("study: %w", err)
	}
	lock, err := files.Acquire(o.Dir)
	if err != nil {
		return err
	}
	defer lock.Release()
	states, err := s.States(o.Dir)
	if err != nil {
		return err
	}
	if err := s.keep(o.Dir); err != nil {
		return err
	}
	x := executor{options: o}
	err = x.all(ctx, states)
	if run.KindOf(err) == run.Stopped {
		return &run.Error{Kind: run.Stopped, Err: fmt.Errorf("study %s: stopped: %w: go on with evorank study run %s", s.Name, context.Cause(ctx), o.Dir)}
	}
	return err
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
	mutex   sync.Mutex // of the watcher
}

// all carries out the trials that are not done, so many at a time.
func (x *executor) all(parent context.Context, states []State) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	queue := make(chan State)
	errs := make(chan error, x.options.Parallel)
	var workers sync.WaitGroup
	for range x.options.Parallel {
		workers.Go(func() {
			for state := range queue {
				if err := x.trial(ctx, state); err != nil {
					errs <- err
					cancel(err) // the others stop, to be resumed
					return
				}
			}
		})
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

func (x *executor) open(s State) (*run.Run, error) {
	o := x.options.Run
	if s.Status != waiting {
		o.Generations, o.Device = s.Config.Generations, s.Config.Execution.Device
		return run.Resume(s.Dir, o)
	}
	if err := clearUnborn(s.Dir); err != nil {
		return nil, err
	}
	cfg := s.Config
	if cfg.Execution.Threads == 0 { // trials share the cores; results do not depend on it
		cfg.Execution.Threads = max(1, runtime.GOMAXPROCS(0)/x.options.Parallel)
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
