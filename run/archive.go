package run

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/evorank/evorank/evolve"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/run/lineage"
)

// Archive is a run directory opened for reading. Nothing in it is changed, so
// it may be that of a run in progress.
type Archive struct {
	Dir        string
	Manifest   Manifest
	Experiment *Experiment
	Precision  string // of Verify, if not that of the run's config
}

// OpenArchive reads a run's config and what its directory keeps of the task. A
// text is not needed until LoadData asks for it.
func OpenArchive(dir string, o Options) (*Archive, error) {
	m, err := readManifest(dir)
	if err != nil {
		return nil, err
	}
	x, err := openExperiment(dir, o)
	if err != nil {
		return nil, err
	}
	if got := fmt.Sprintf("%016x", x.Config.Identity()); got != m.Config {
		return nil, errorf(BadData, "run: %s: it has changed since the run began: its identity is %s, the run's is %s", filepath.Join(dir, fileResolved), got, m.Config)
	}
	return &Archive{Dir: dir, Manifest: m, Experiment: x}, nil
}

// LoadData reads what the run is scored on, which must be what it began with.
func (a *Archive) LoadData() error {
	x := a.Experiment
	if x.planned() {
		return nil
	}
	if err := x.LoadData(); err != nil {
		return err
	}
	var now Manifest
	x.Task.describe(&now)
	if now.DataDigest != a.Manifest.DataDigest {
		return errorf(BadData, "run: %s: the text has changed: its digest is %s, the run began with %s", a.Dir, now.DataDigest, a.Manifest.DataDigest)
	}
	return nil
}

// checkHeldout refuses to go on with other held-out cases than the run began
// with: its metrics would change their meaning on the way.
func (a *Archive) checkHeldout() error {
	var now Manifest
	a.Experiment.Task.describe(&now)
	if now.HeldoutDigest != a.Manifest.HeldoutDigest {
		return errorf(BadData, "run: %s: the held-out text has changed: its digest is %q, the run began with %q", a.Dir, now.HeldoutDigest, a.Manifest.HeldoutDigest)
	}
	return nil
}

// LineagePath returns where a run directory has its lineage.
func LineagePath(dir string) string { return filepath.Join(dir, fileLineage) }

// Find returns an individual with its genome: that of the id, or the best if
// id is 0, of the generation. If that is 0, it is the last complete one, or for
// an id the last in which the individual lived.
func (a *Archive) Find(generation model.Generation, id model.ID) (lineage.Individual, error) {
	var found lineage.Individual
	var ancestry lineage.Ancestry
	var last model.Generation
	path := LineagePath(a.Dir)
	err := eachGeneration(path, func(_ *lineage.Reader, records []model.Record) error {
		last = records[0].Generation
		if at := pick(records, id); at >= 0 && (generation == 0 || last == generation) {
			genome, err := ancestry.Genome(&records[at])
			if err != nil {
				return wrap("lineage: "+path, err)
			}
			found = lineage.Individual{Record: records[at], Genome: genome}
		}
		return wrap("lineage: "+path, ancestry.Advance(records))
	})
	if err != nil {
		return found, as(BadData, err)
	}
	wanted := generation
	if wanted == 0 && id != 0 {
		wanted = found.Generation
	}
	if wanted == 0 {
		wanted = last
	}
	switch {
	case last == 0:
		return found, errorf(BadData, "run: %s: no generation is complete yet", a.Dir)
	case wanted > last || wanted < 0:
		return found, errorf(BadData, "run: %s: generation %d: the last complete one is %d", a.Dir, wanted, last)
	case found.Generation != wanted:
		return found, errorf(BadData, "run: %s: generation %d has no %s", a.Dir, wanted, whom(id))
	}
	return found, nil
}

// pick returns the index of the individual of that id, or of the best if id is
// 0; -1 if there is none.
func pick(records []model.Record, id model.ID) int {
	if id == 0 {
		return best(records)
	}
	return slices.IndexFunc(records, func(r model.Record) bool { return r.ID == id })
}

func whom(id model.ID) string {
	if id == 0 {
		return "individual with a finite score"
	}
	return fmt.Sprintf("individual %d", id)
}

// eachGeneration calls visit with the records of each complete generation; they
// are valid until it returns.
func eachGeneration(path string, visit func(*lineage.Reader, []model.Record) error) error {
	reader, err := lineage.Open(path)
	if err != nil {
		return err
	}
	defer reader.Close()
	for {
		records, err := reader.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := visit(reader, records); err != nil {
			return err
		}
	}
}

// visitor is called with the state before a generation, whom the strategy asks
// for, and what was recorded.
type visitor func(before evolve.State, brood evolve.Brood, records []model.Record) error

// replay folds the lineage at path into the state after its last complete
// generation, and calls visit, if not nil, with each one on the way.
func replay(path string, x *Experiment, visit visitor) (evolve.State, error) {
	s, want := evolve.NewState(), x.Identity()
	err := eachGeneration(path, func(reader *lineage.Reader, records []model.Record) error {
		if got := reader.Header().Config; got != want {
			return fmt.Errorf("lineage: %s: it belongs to another config or text (%x…, these are %x…): was a file changed?", path, got[:4], want[:4])
		}
		next, err := evolve.Replay(x.Strategy, x.Plan, s, records)
		if err != nil {
			return fmt.Errorf("lineage: %s: %w", path, err)
		}
		if visit != nil {
			if err := visit(s, x.Strategy.Ask(s), records); err != nil {
				return err
			}
		}
		s = next
		return nil
	})
	return s, as(BadData, err)
}

// Scored is what an individual was scored on in its generation.
type Scored struct {
	Episodes []model.Seed // in the order of play; Gymnasium's reset takes them
	Rounds   []int        // how many of them were played in each stage
	Earlier  []float64    // the mean return after each stage but its last
	Return   float64      // the mean over all
}

// Episodes returns the episodes of an individual that Find returned. Its
// policy, let loose on their tracks, drives as it did.
func (a *Archive) Episodes(i lineage.Individual) (Scored, error) {
	if _, err := a.Experiment.CarRacing(); err != nil {
		return Scored{}, err
	}
	if err := a.LoadData(); err != nil {
		return Scored{}, err
	}
	plan, s := a.Experiment.Plan, Scored{Return: float64(i.Fitness)}
	reached, ok := plan.Reached(int(i.Cases))
	if !ok {
		return s, errorf(BadData, "run: %s: generation %d: individual %d: %d episodes end no stage", a.Dir, i.Generation, i.ID, i.Cases)
	}
	for stage := range reached + 1 {
		cases := plan.Meets(i.Generation, stage, int(i.Index))
		s.Episodes, s.Rounds = append(s.Episodes, cases.Episodes...), append(s.Rounds, cases.Count)
		if stage < reached {
			s.Earlier = append(s.Earlier, float64(i.Earlier[stage]))
		}
	}
	return s, nil
}
