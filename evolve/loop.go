package evolve

import (
	"context"
	"fmt"

	"github.com/evorank/evorank/model"
)

// Evaluator scores candidates and keeps the parents' genotypes; population
// and task together implement it on a device.
type Evaluator interface {
	// Evaluate returns one fitness per candidate: the mean over the cases.
	Evaluate(context.Context, []model.Candidate, model.Cases) ([]model.Fitness, error)
	// Adopt makes the candidates the new parents, in slot order, and returns
	// the digest of each one's genotype.
	Adopt(context.Context, []model.Candidate) ([]model.Digest, error)
}

// Recorder makes generations durable, each before the next one is recorded.
type Recorder interface {
	// Record gets the generation's records and the state after it. What it
	// gets it may still be writing when the next generation starts.
	Record(context.Context, []model.Record, State) error
}

// Run evolves from a state until that many generations have been evaluated.
// It returns the state after the last recorded generation, also on error, so
// an interrupted run goes on from there.
func Run(ctx context.Context, strategy Strategy, plan Plan, ev Evaluator, rec Recorder, s State, generations model.Generation) (State, error) {
	for s.Generation < generations {
		if err := ctx.Err(); err != nil {
			return s, err
		}
		next, records, err := Step(ctx, strategy, plan, ev, s)
		if err != nil {
			return s, fmt.Errorf("generation %d: %w", s.Generation+1, err)
		}
		if err := rec.Record(ctx, records, next); err != nil {
			return s, fmt.Errorf("generation %d: %w", next.Generation, err)
		}
		s = next
	}
	return s, nil
}

// Step evaluates one generation: ask, score stage by stage, tell, adopt.
func Step(ctx context.Context, strategy Strategy, plan Plan, ev Evaluator, s State) (State, []model.Record, error) {
	brood := strategy.Ask(s)
	scores, err := score(ctx, plan, ev, brood)
	if err != nil {
		return s, nil, err
	}
	next, parents := strategy.Tell(s, brood, scores)
	adopted := make([]model.Candidate, len(parents))
	for slot, i := range parents {
		adopted[slot] = brood.Members[i].Candidate
	}
	digests, err := ev.Adopt(ctx, adopted)
	if err != nil {
		return s, nil, err
	}
	for slot := range next.Parents {
		next.Parents[slot].Digest = digests[slot]
	}
	return next, records(brood, scores, parents, digests), nil
}

// score evaluates everyone whose score is not known, stage by stage.
func score(ctx context.Context, plan Plan, ev Evaluator, b Brood) ([]Score, error) {
	scores := make([]Score, len(b.Members))
	for i, m := range b.Members {
		scores[i] = m.Known
	}
	race := b.unknown()
	for stage := range plan.Stages {
		last := stage == len(plan.Stages)-1
		candidates := make([]model.Candidate, len(race))
		for j, i := range race {
			candidates[j] = b.Members[i].Candidate
		}
		cases := plan.cases(b.Generation, stage, race)
		fitness, err := ev.Evaluate(ctx, candidates, cases)
		if err != nil {
			return nil, err
		}
		for j, i := range race {
			scores[i] = scores[i].merged(fitness[j], cases.Count, stage, last)
		}
		if !last {
			race = best(race, scores, plan.Stages[stage].Keep)
		}
	}
	return scores, nil
}

// best returns the n best of the members still in the race, in population
// order, so that ties in the next stage fall as they would have fallen here.
func best(race []int, scores []Score, n int) []int {
	raced := make([]Score, len(race))
	for j, i := range race {
		raced[j] = scores[i]
	}
	in := make([]bool, len(race))
	for _, j := range Rank(raced)[:n] {
		in[j] = true
	}
	var kept []int
	for j, i := range race {
		if in[j] {
			kept = append(kept, i)
		}
	}
	return kept
}

// records describes the generation for the lineage, in population order.
func records(b Brood, scores []Score, parents []int, digests []model.Digest) []model.Record {
	out := make([]model.Record, len(b.Members))
	for i, m := range b.Members {
		out[i] = model.Record{
			Generation: b.Generation, Index: int32(i), ID: m.ID, Parent: m.Parent, Gene: m.Candidate.Gene,
			Cases: int32(scores[i].Cases), Fitness: scores[i].Fitness, Earlier: scores[i].Earlier, Selected: model.Unselected,
		}
	}
	for slot, i := range parents {
		out[i].Selected, out[i].Digest = model.Slot(slot), digests[slot]
	}
	return out
}
