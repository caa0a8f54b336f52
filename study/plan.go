package study

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

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

// Plan lists the trials below a directory: stage by stage, and in each the first
// seed of every condition, then the second of every condition, so that a study
// cut short is a balanced one.
func (s *Study) Plan(dir string) []Trial {
	most := 0
	for i := range s.Conditions {
		most = max(most, s.trialsOf(i))
	}
	var trials []Trial
	for k := range most {
		for i, c := range s.Conditions {
			if k >= s.trialsOf(i) {
				continue
			}
			t := Trial{Condition: i, Name: c.Name, Seed: uint64(s.FirstSeed) + uint64(k), Config: s.configs[i], base: s.configOf(c)}
			t.Config.Seed = t.Seed
			t.Dir = filepath.Join(dir, t.folder())
			trials = append(trials, t)
		}
	}
	slices.SortStableFunc(trials, func(a, b Trial) int {
		return cmp.Compare(s.Conditions[a.Condition].Stage, s.Conditions[b.Condition].Stage)
	})
	return trials
}

// folder is where the trial lies below its study's directory.
func (t Trial) folder() string {
	return filepath.Join(folderName(t.Name), fmt.Sprintf("seed-%04d", t.Seed))
}

// begun reports whether a directory holds a run: one without a lineage does
// not, unless the lineage was moved away and its digest is there.
func begun(dir string) bool {
	for _, path := range []string{run.LineagePath(dir), digestPath(dir)} {
		if _, err := os.Lstat(path); err == nil {
			return true
		}
	}
	return false
}

// sameAs reports how a run that was found differs from what the study wants.
func (t Trial) sameAs(r *Run) error {
	if want := fmt.Sprintf("%016x", t.Config.Identity()); r.Seed() != t.Seed || r.Manifest.Config != want {
		return badConfig(fmt.Errorf("study: %s: the run there was made with another config (evorank config check %s): move it away, or give the study another --dir",
			r.Dir, filepath.Join(r.Dir, "config.resolved.yaml")))
	}
	return nil
}

// State is how far a trial is.
type State struct {
	Trial
	Run        *Run // nil if it was not begun
	Generation int  // the last complete one
	Status     run.Status
	Seconds    float64 // that its generations took, as far as is known
	Best       float64 // the study's metric in the last generation
}

// Done reports whether nothing is left to do.
func (s State) Done() bool { return s.Generation >= s.Config.Generations && s.Status == run.Done }

// waiting is the status of a trial that was not begun.
const waiting run.Status = "waiting"

// States reads how far each trial below a directory is. A trial that is not
// done there but in one of the other places (directories of the same study,
// or reports of it) is taken from the first of them where it is.
func (s *Study) States(dir string, places ...string) ([]State, error) {
	shelves, err := openShelves(places)
	if err != nil {
		return nil, err
	}
	var states []State
	for _, t := range s.Plan(dir) {
		state, err := t.state(s.Metric)
		if err != nil {
			return nil, err
		}
		for _, shelf := range shelves {
			if state.Done() {
				break
			}
			r, err := shelf.find(t)
			if err != nil {
				return nil, err
			}
			if r != nil {
				if other := t.stateOf(r, s.Metric); other.Done() {
					state = other
				}
			}
		}
		states = append(states, state)
	}
	return states, checkTexts(states)
}

func (t Trial) state(metric string) (State, error) {
	if !begun(t.Dir) {
		return State{Trial: t, Status: waiting}, checkUnborn(t.Dir)
	}
	r, err := ReadRun(t.Dir)
	if err != nil {
		return State{}, err
	}
	return t.stateOf(r, metric), t.sameAs(r)
}

// stateOf says how far a trial's run is.
func (t Trial) stateOf(r *Run, metric string) State {
	s := State{Trial: t, Run: r, Generation: r.Last(), Status: r.Manifest.Standing(r.Dir).Status, Seconds: known(r.Seconds)}
	s.Dir = r.Dir
	if row := r.At(s.Generation); row != nil {
		s.Best = row[metric]
	}
	return s
}

// checkTexts refuses trials of one condition whose texts differ: their values
// are not of the same experiment, whatever their configs say.
func checkTexts(states []State) error {
	first := map[int]*Run{}
	for _, s := range states {
		if s.Run == nil {
			continue
		}
		if first[s.Condition] == nil {
			first[s.Condition] = s.Run
		}
		if err := sameTexts(first[s.Condition], s.Run); err != nil {
			return badData(fmt.Errorf("study: condition %s: %w", s.Name, err))
		}
	}
	return nil
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
