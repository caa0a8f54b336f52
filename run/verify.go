package run

import (
	"context"
	"fmt"
	"math"

	"github.com/evorank/evorank/evolve"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/run/lineage"
	"github.com/evorank/evorank/run/metrics"
)

// Verdict is what Verify found.
type Verdict struct {
	Generations int    `json:"generations"`
	Records     int    `json:"records"`
	Rebuilt     int    `json:"rebuilt"`   // individuals rebuilt from their genomes
	Digests     int    `json:"digests"`   // of those, compared by digest
	Fitnesses   int    `json:"fitnesses"` // of those, evaluated again
	Equal       int    `json:"equal"`     // of those, to the last bit
	Score       string `json:"score"`     // what is compared: loss or return
	Device      string `json:"device"`
	SameKind    bool   `json:"same_kind"` // of device as in the run, all of it: fitness must be bit-equal
	// Largest is the largest difference of a score, and Tolerance the most that
	// is accepted between kinds of devices: what either may differ from float64.
	// It is infinite, null in JSON, where a task has no bound.
	Largest   float64       `json:"largest_difference"`
	Tolerance metrics.Float `json:"tolerance"`
}

// Verify replays the whole lineage, and rebuilds and evaluates again the best
// individual of the last generation and sample others, spread evenly over all
// records. The first disagreement is an error.
func (a *Archive) Verify(ctx context.Context, sample int) (Verdict, error) {
	var v Verdict
	if err := a.LoadData(); err != nil {
		return v, err
	}
	v, chosen, err := a.survey(sample)
	if err != nil {
		return v, err
	}
	execution := a.Experiment.Config.Execution
	if a.Precision != "" {
		execution.Precision = a.Precision
	}
	d, err := a.Experiment.Task.device(execution)
	if err != nil {
		return v, err
	}
	engine, err := a.Experiment.NewEngine(d)
	if err != nil {
		return v, err
	}
	defer engine.Close()
	v.Device, v.Score, v.SameKind = d.Name, a.Experiment.Task.Words().Score, true
	for _, c := range chosen {
		accepted := 0.0
		if then := a.Manifest.At(c.scored); !then.ComputedOn(d) {
			v.SameKind, accepted = false, a.Experiment.Task.tolerance(then.Precision, d.Precision)
			v.Tolerance = max(v.Tolerance, metrics.Float(accepted))
		}
		if err := a.verify(ctx, engine, c.Individual, accepted, &v); err != nil {
			return v, err
		}
	}
	return v, nil
}

// sampled is an individual that is to be verified.
type sampled struct {
	lineage.Individual
	scored model.Generation // where its score is from: a survivor may have kept it
}

// survey replays the lineage twice: to count the records, and to pick every
// so-manyth of them.
func (a *Archive) survey(sample int) (Verdict, []sampled, error) {
	var v Verdict
	_, err := replay(LineagePath(a.Dir), a.Experiment, func(_ evolve.State, _ evolve.Brood, records []model.Record) error {
		v.Generations++
		v.Records += len(records)
		return nil
	})
	if err != nil {
		return v, nil, err
	}
	if known := max(1, a.Manifest.Generation); v.Generations < known {
		return v, nil, errorf(BadData, "verify: %s: it ends with generation %d, run.json knows of %d: resume computes what is missing", LineagePath(a.Dir), v.Generations, known)
	}
	chosen, err := a.choose(v, sample)
	return v, chosen, err
}

// choose picks the best of the last generation and sample others, evenly.
func (a *Archive) choose(v Verdict, sample int) (chosen []sampled, err error) {
	step := max(1, v.Records/max(1, sample))
	kept := map[model.ID]model.Generation{} // where the parents' scores are from
	at := 0
	_, err = replay(LineagePath(a.Dir), a.Experiment, func(before evolve.State, brood evolve.Brood, records []model.Record) error {
		top := -1
		if int(brood.Generation) == v.Generations {
			top = best(records)
		}
		parents := map[model.ID]model.Generation{}
		for i, r := range records {
			m, scored := brood.Members[i], brood.Generation
			if m.Known.Cases > 0 {
				scored = kept[r.ID]
			}
			if i == top || sample > 0 && at%step == step/2 {
				chosen = append(chosen, sampled{lineage.Individual{Record: r, Genome: before.GenomeOf(m.Candidate)}, scored})
			}
			if r.Selected != model.Unselected {
				parents[r.ID] = scored
			}
			at++
		}
		kept = parents
		return nil
	})
	return chosen, err
}

// verify rebuilds one individual from its genome and compares what the lineage
// has of it; a score may differ by what is accepted.
func (a *Archive) verify(ctx context.Context, engine Engine, w lineage.Individual, accepted float64, v *Verdict) error {
	who := fmt.Sprintf("verify: generation %d: individual %d", w.Generation, w.ID)
	digest, err := engine.Restore(0, w.Genome)
	if err != nil {
		return fmt.Errorf("%s: %w", who, err)
	}
	v.Rebuilt++
	if w.Selected != model.Unselected {
		v.Digests++
		if digest != w.Digest {
			return errorf(BadData, "%s: rebuilt from its genome it has digest %s, the lineage has %s", who, digest, w.Digest)
		}
	}
	plan := a.Experiment.Plan
	reached, _ := plan.Reached(int(w.Cases)) // replayed: there is such a stage
	score, err := evolve.Rescore(ctx, plan, engine, w.Generation, int(w.Index), reached, model.Candidate{Parent: 0})
	if err != nil {
		return fmt.Errorf("%s: %w", who, err)
	}
	v.Fitnesses++
	if score.Fitness == w.Fitness {
		v.Equal++
	}
	words := a.Experiment.Task.Words()
	if reached > 0 {
		if err := compare(who, words, w.Earlier[reached-1], score.Earlier[reached-1], accepted, v); err != nil {
			return err
		}
	}
	return compare(who, words, w.Fitness, score.Fitness, accepted, v)
}

func compare(who string, w Words, recorded, now model.Fitness, accepted float64, v *Verdict) error {
	if math.Float64bits(float64(recorded)) == math.Float64bits(float64(now)) {
		return nil
	}
	difference := math.Abs(float64(recorded - now))
	v.Largest = max(v.Largest, difference)
	if !(difference <= accepted) {
		return errorf(BadData, "%s: evaluated again its %s is %v, the lineage has %v (accepted difference %g)", who, w.Score, w.Of(now), w.Of(recorded), accepted)
	}
	return nil
}
