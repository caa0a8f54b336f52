package run

import (
	"os"
	"path/filepath"

	"github.com/evorank/evorank/configs"
	"github.com/evorank/evorank/files"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/run/lineage"
	"github.com/evorank/evorank/run/metrics"
)

// Resume takes up a run after its last complete generation. The lineage is
// replayed and compared with the config; the parents come from a checkpoint or
// from their genomes, and every one must have the digest that the lineage has.
func Resume(dir string, o Options) (*Run, error) {
	if _, err := readManifest(dir); err != nil {
		return nil, err
	}
	lock, err := files.Acquire(dir)
	if err != nil {
		return nil, err
	}
	r := &Run{dir: dir, lock: lock, options: o}
	if err := r.resume(); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func (r *Run) resume() error {
	if err := r.sweep(); err != nil {
		return err
	}
	if err := r.reopen(); err != nil {
		return err
	}
	changed, err := r.openLineage()
	if err != nil {
		return err
	}
	if r.engine, err = r.experiment.NewEngine(r.device); err != nil {
		return err
	}
	if err := restore(r.dir, r.engine, r.state); err != nil {
		return err
	}
	if err := r.mendMetrics(); err != nil {
		return err
	}
	if changed { // only now is it certain that the run can go on there
		if err := r.lineage.MarkDeviceChange(); err != nil {
			return err
		}
	}
	r.manifest.Status, r.manifest.Updated = Running, r.options.now()
	return r.manifest.write(r.dir)
}

// sweep removes what a process that was killed had half written.
func (r *Run) sweep() error {
	for _, folder := range []string{"", dirCheckpoints, dirSamples} {
		if err := files.Sweep(filepath.Join(r.dir, folder)); err != nil {
			return err
		}
	}
	return nil
}

// reopen reads the run's config and data, and chooses the device.
func (r *Run) reopen() error {
	o := r.options
	a, err := OpenArchive(r.dir, o)
	if err != nil {
		return err
	}
	if err := a.LoadData(); err != nil {
		return err
	}
	if err := a.checkHeldout(); err != nil {
		return err
	}
	r.manifest, r.experiment = a.Manifest, a.Experiment
	if o.Generations == 0 {
		r.experiment.Config.Generations = r.manifest.Goal
	}
	r.manifest.Goal = r.experiment.Config.Generations
	for _, note := range r.experiment.Notes {
		o.warn("%s", note)
	}
	if r.device, err = r.experiment.device(); err != nil {
		return err
	}
	r.device.tell(o)
	return nil
}

// openLineage replays the lineage and takes it up for appending. It reports
// whether the run goes on with another kind of device.
func (r *Run) openLineage() (changed bool, err error) {
	path := LineagePath(r.dir)
	if r.state, err = replay(path, r.experiment, nil); err != nil {
		return false, err
	}
	r.manifest.forget(r.state.Generation) // what is computed again is computed here
	switch g := int(r.state.Generation); {
	case g < r.manifest.Generation:
		r.options.warn("resume: %s: it ends with generation %d, run.json knew of %d: what is missing is computed again", path, g, r.manifest.Generation)
	case g >= r.Generations():
		r.options.warn("resume: %s: all %d generations are complete: give --generations to extend the run", r.dir, g)
		r.manifest.Goal = g // fewer cannot be wanted any more
	}
	if changed, err = r.checkDevice(); err != nil {
		return false, err
	}
	var dropped int64
	if r.lineage, dropped, err = lineage.Continue(path); err != nil {
		return false, as(BadData, err)
	}
	if dropped > 0 {
		r.options.warn("resume: %s: the last generation was half written: %d bytes dropped", path, dropped)
	}
	return changed, nil
}

// mendMetrics makes metrics.jsonl end with the lineage: lines of generations
// that were not completed go, and lines that a crash kept from being written
// are made from the lineage, without the times, which nobody knows any more.
func (r *Run) mendMetrics() error {
	path := filepath.Join(r.dir, fileMetrics)
	last, err := metrics.TruncateAfter(path, r.state.Generation)
	if err != nil || last == r.state.Generation {
		return err
	}
	log, err := metrics.Open(path)
	if err != nil {
		return err
	}
	defer log.Close()
	return eachGeneration(LineagePath(r.dir), func(_ *lineage.Reader, records []model.Record) error {
		if records[0].Generation <= last {
			return nil
		}
		return log.Write(r.experiment.summarise(records))
	})
}

// checkDevice refuses to go on with another kind of device unless told to, and
// reports whether it is another one.
func (r *Run) checkDevice() (changed bool, err error) {
	m := &r.manifest
	if m.ComputedOn(r.device) {
		return false, nil
	}
	if !r.options.AllowDeviceChange {
		return false, errorf(BadDevice, "resume: %s: begun on %s, this is %s: results would differ; give --allow-device-change to go on all the same",
			r.dir, m.device().bits(), r.device.bits())
	}
	r.options.warn("resume: %s: goes on with %s instead of %s", r.dir, r.device.bits(), m.device().bits())
	m.leave(r.state.Generation)
	m.setDevice(r.device)
	return true, nil
}

// openExperiment rebuilds the experiment of a run directory, without its data,
// from its resolved config and what the directory keeps.
func openExperiment(dir string, o Options) (*Experiment, error) {
	path := filepath.Join(dir, fileResolved)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, errorf(BadData, "run: %w: restore the file from a copy", err)
	}
	cfg, err := configs.Read(text, path)
	if err != nil {
		return nil, errorf(BadData, "run: %w: restore the file from a copy", err)
	}
	if o.Device != "" {
		cfg.Execution.Device = o.Device
	}
	if o.Generations > 0 {
		cfg.Generations = o.Generations
	}
	if o.Text != "" {
		cfg.LM.Data.Text = o.Text
	}
	if o.Heldout != "" {
		cfg.LM.Data.Heldout = o.Heldout
	}
	return newExperiment(cfg, dir)
}
