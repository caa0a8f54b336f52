package study

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/evorank/evorank/configs"
	"github.com/evorank/evorank/run"
)

// Trial is one run of a study, made or not.
type Trial struct {
	Condition int    // index among the study's conditions
	Name      string // of the condition
	Seed      uint64
	Dir       string
	Config    configs.Config
	base      string // embedded name or path of the config
}

// String names the trial for messages.
func (t Trial) String() string { return fmt.Sprintf("%s, seed %d", t.Name, t.Seed) }

// Dir returns where the study's runs are unless another directory is named.
func (s *Study) Dir() string { return filepath.Join("runs", "studies", folderName(s.Name)) }

// Plan lists the trials below a directory: first seed of every condition, then
// the second of every condition, so that a study cut short is a balanced one.
func (s *Study) Plan(dir string) []Trial {
	var trials []Trial
	for k := range int(s.Trials) {
		for i, c := range s.Conditions {
			t := Trial{Condition: i, Name: c.Name, Seed: uint64(s.FirstSeed) + uint64(k), Config: s.configs[i], base: s.configOf(c)}
			t.Config.Seed = t.Seed
			t.Dir = filepath.Join(dir, folderName(c.Name), fmt.Sprintf("seed-%04d", t.Seed))
			trials = append(trials, t)
		}
	}
	return trials
}

// begun reports whether a directory holds a run: one without a lineage does not.
func begun(dir string) bool {
	_, err := os.Lstat(run.LineagePath(dir))
	return err == nil
}

// sameAs reports how a run that lies in the trial's directory differs from
// what the study wants there.
func (t Trial) sameAs(r *Run) error {
	if r.Config.Seed != t.Config.Seed || r.Config.Identity() != t.Config.Identity() {
		return badConfig(fmt.Errorf("study: %s: the run there was made with another config (evorank config check %s): move it away, or give the study another --dir",
			t.Dir, filepath.Join(t.Dir, "config.resolved.yaml")))
	}
	return nil
}

// State is how far a trial is.
type State struct {
	Trial
	Generation int // the last complete one
	Status     run.Status
	Seconds    float64 // that its generations took, as far as is known
	Best       float64 // the study's metric in the last generation
}

// Done reports whether nothing is left to do.
func (s State) Done() bool { return s.Generation >= s.Config.Generations && s.Status == run.Done }

// waiting is the status of a trial that was not begun.
const waiting run.Status = "waiting"

// States reads how far each trial below a directory is.
func (s *Study) States(dir string) ([]State, error) {
	var states []State
	for _, t := range s.Plan(dir) {
		state, err := t.state(s.Metric)
		if err != nil {
			return nil, err
		}
		states = append(states, state)
	}
	return states, nil
}

func (t Trial) state(metric string) (State, error) {
	s := State{Trial: t, Status: waiting}
	if !begun(t.Dir) {
		return s, checkUnborn(t.Dir)
	}
	r, err := ReadRun(t.Dir)
	if err != nil {
		return s, err
	}
	if err := t.sameAs(r); err != nil {
		return s, err
	}
	s.Generation, s.Status = r.Last(), r.Manifest.Status
	for _, row := range r.Rows {
		if v := row["generation_seconds"]; v > 0 {
			s.Seconds += v
		}
	}
	if row := r.At(s.Generation); row != nil {
		s.Best = row[metric]
	}
	return s, nil
}

// born are the files that package run writes before the lineage, which makes a
// directory a run.
var born = map[string]bool{"config.yaml": true, "config.resolved.yaml": true, "tokenizer.json": true, "run.json": true, "lock": true}

// checkUnborn reports what stands in the way of a new run in a directory: any
// file that is not a leftover of one that was killed before it began.
func checkUnborn(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("study: %w", err)
	}
	for _, e := range entries {
		if !born[e.Name()] && e.Name()[0] != '.' {
			return badConfig(fmt.Errorf("study: %s: holds %s but no run: move it away, or give the study another --dir", dir, e.Name()))
		}
	}
	return nil
}

// clearUnborn removes the leftovers of a run that was killed before it began.
func clearUnborn(dir string) error {
	if err := checkUnborn(dir); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		err = errors.Join(err, os.Remove(filepath.Join(dir, e.Name())))
	}
	return err
}
