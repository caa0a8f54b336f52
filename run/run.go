package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/evorank/evorank/configs"
	"github.com/evorank/evorank/evolve"
	"github.com/evorank/evorank/files"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/run/lineage"
)

// Options are what a caller brings besides a config.
type Options struct {
	Version     string           // of the program, for run.json
	Now         func() time.Time // nil: time.Now
	Warn        func(string)     // what the user should know; nil: nothing is said
	Device      string           // Resume: instead of the config's
	Generations int              // Resume: extend to so many
	Text        string           // Resume: where the text lies now, if not where it was; it must be the same
	Heldout     string           // the same of the held-out text
	// AllowDeviceChange lets a run go on with another kind of device. The
	// lineage is marked, for the results then depend on where that happened.
	AllowDeviceChange bool
}

func (o Options) now() time.Time {
	if o.Now != nil {
		return o.Now()
	}
	return time.Now()
}

func (o Options) warn(format string, args ...any) {
	if o.Warn != nil {
		o.Warn(fmt.Sprintf(format, args...))
	}
}

// Run is a run directory that this process has locked, and its engine.
type Run struct {
	dir        string
	experiment *Experiment
	device     Device
	engine     Engine
	state      evolve.State // after the lineage's last generation
	manifest   Manifest
	lock       *files.Lock
	lineage    *lineage.Writer
	options    Options
	stage      stageNow
}

// Dir returns the run directory.
func (r *Run) Dir() string { return r.dir }

// Device describes where the run is evaluated.
func (r *Run) Device() string { return r.device.Name }

// Config returns the resolved config.
func (r *Run) Config() configs.Config { return r.experiment.Config }

// Layout returns the network's layout.
func (r *Run) Layout() *model.Layout { return r.experiment.Layout }

// Experiment returns the config with its data.
func (r *Run) Experiment() *Experiment { return r.experiment }

// Generation returns the last complete generation.
func (r *Run) Generation() model.Generation { return r.state.Generation }

// Generations returns how many the run is to have.
func (r *Run) Generations() int { return r.experiment.Config.Generations }

// Close gives the directory back.
func (r *Run) Close() error {
	var err error
	if r.lineage != nil {
		err = r.lineage.Close()
	}
	if r.engine != nil {
		err = errors.Join(err, r.engine.Close())
	}
	if r.lock != nil {
		r.lock.Release()
	}
	return err
}

// Create makes the directory of a new run and everything that Train needs.
// name is the config's name or path, dir the directory or "" for a fresh one.
func Create(cfg configs.Config, name, dir string, o Options) (*Run, error) {
	r := &Run{state: evolve.NewState(), options: o}
	if err := r.create(cfg, name, dir); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func (r *Run) create(cfg configs.Config, name, dir string) (err error) {
	if r.experiment, err = NewExperiment(cfg); err != nil {
		return err
	}
	for _, note := range r.experiment.Notes {
		r.options.warn("%s", note)
	}
	if r.device, err = r.experiment.device(); err != nil {
		return err
	}
	r.device.tell(r.options)
	if r.engine, err = r.experiment.NewEngine(r.device); err != nil {
		return err
	}
	title := experimentName(name)
	if r.dir, err = makeDirectory(dir, title, r.options.now()); err != nil {
		return err
	}
	if r.lock, err = files.Acquire(r.dir); err != nil {
		return err
	}
	if err := checkEmpty(r.dir); err != nil { // another process may have been quicker
		return err
	}
	if err := r.furnish(title, name); err != nil {
		os.RemoveAll(r.dir) // it was absent or empty before, and holds no run yet
		return err
	}
	return nil
}

// furnish writes the files of a new run directory. The lineage comes last: a
// directory without one holds no run.
func (r *Run) furnish(title, name string) error {
	given, err := configs.Source(name)
	if err != nil {
		return as(BadConfig, err)
	}
	for file, text := range map[string][]byte{fileConfig: given, fileResolved: r.experiment.Config.Print(true)} {
		if err := writeBytes(filepath.Join(r.dir, file), text); err != nil {
			return err
		}
	}
	if err := r.experiment.Task.furnish(r.dir); err != nil {
		return err
	}
	r.manifest = r.newManifest(title)
	if err := r.manifest.write(r.dir); err != nil {
		return err
	}
	r.lineage, err = lineage.Create(filepath.Join(r.dir, fileLineage), r.header())
	return err
}

func (r *Run) header() lineage.Header {
	return lineage.Header{
		Config: r.experiment.Identity(), Seed: r.experiment.Strategy.Seed,
		Population: r.experiment.Strategy.Population, Earlier: len(r.experiment.Plan.Stages) - 1,
	}
}

func (r *Run) newManifest(title string) Manifest {
	x, now := r.experiment, r.options.now()
	host, _ := os.Hostname()
	m := Manifest{
		Goal: x.Config.Generations, Config: fmt.Sprintf("%016x", x.Config.Identity()),
		Experiment: title, Status: Running, Version: r.options.Version, Host: host,
		Parameters: x.Layout.Genotype, Phenotype: x.Layout.Phenotype,
		Started: now, Updated: now,
	}
	m.setDevice(r.device)
	x.Task.describe(&m)
	return m
}

func writeBytes(path string, text []byte) error {
	return files.WriteWhole(path, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// experimentName is the name that a run directory carries: that of the config
// without folder and ending.
func experimentName(nameOrPath string) string {
	base := filepath.Base(nameOrPath)
	for _, ending := range []string{".yaml", ".yml"} {
		if cut := len(base) - len(ending); cut > 0 && base[cut:] == ending {
			return base[:cut]
		}
	}
	return base
}

// Train evolves until the config's number of generations and calls show after
// each. If the context ends first, the run is checkpointed and the error has
// the kind Stopped.
func (r *Run) Train(ctx context.Context, show func(Progress)) error {
	rec, err := newRecorder(r, show)
	if err != nil {
		return err
	}
	defer rec.close()
	goal := model.Generation(r.Generations())
	_, err = evolve.Run(ctx, r.experiment.Strategy, r.experiment.Plan, rec, rec, r.state, goal)
	if err == nil && rec.lastCheckpoint != r.state.Generation {
		err = r.checkpoint()
	}
	return r.finish(ctx, err)
}

// finish records how the run ended and what can be done next.
func (r *Run) finish(ctx context.Context, err error) error {
	if failed := r.lineage.Flush(); failed != nil && !errors.Is(err, failed) { // also if it was stopped: what is on the disk counts
		err = failed
	}
	r.manifest.Status, r.manifest.Reason = Done, ""
	if stopped := ctx.Err() != nil && errors.Is(err, ctx.Err()); stopped {
		r.manifest.Status, r.manifest.Reason = Interrupted, context.Cause(ctx).Error()
		err = errorf(Stopped, "stopped after generation %d", r.state.Generation)
		if failed := r.checkpoint(); failed != nil { // it would only have saved time
			r.options.warn("%v: resume rebuilds the parents from their genomes", failed)
		}
	} else if err != nil {
		r.manifest.Status, r.manifest.Reason = Failed, err.Error()
		err = fmt.Errorf("%w: evorank resume %s goes on after generation %d", err, r.dir, r.lineage.Last())
	}
	r.manifest.Generation, r.manifest.Updated = int(r.lineage.Last()), r.options.now()
	if writeErr := r.manifest.write(r.dir); err == nil {
		err = writeErr
	}
	return err
}

func (r *Run) checkpoint() error {
	if r.state.Generation == 0 {
		return nil
	}
	return writeCheckpoint(r.dir, r.engine, r.state)
}

// Archive returns the run's directory for reading.
func (r *Run) Archive() *Archive {
	return &Archive{Dir: r.dir, Manifest: r.manifest, Experiment: r.experiment}
}

// WriteSamples keeps sampled texts in the run directory, one a line.
func (r *Run) WriteSamples(texts []string) error {
	dir := filepath.Join(r.dir, dirSamples)
	if err := makeAll(dir); err != nil {
		return err
	}
	return writeBytes(filepath.Join(dir, fmt.Sprintf("generation-%09d.txt", r.state.Generation)), []byte(strings.Join(texts, "\n")+"\n"))
}
