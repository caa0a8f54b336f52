package evolve

import (
	"fmt"

	"github.com/evorank/evorank/model"
)

// Replay returns the state after a recorded generation, given the state before
// it. Nothing is evaluated: the records bring the scores and digests, and
// everything else — who was asked for, from which parents and seeds, and who
// was selected — is computed again and compared. So a lineage that replays is
// one that this strategy would have written.
func Replay(strategy Strategy, plan Plan, s State, recorded []model.Record) (State, error) {
	brood := strategy.Ask(s)
	if len(recorded) != len(brood.Members) {
		return s, fmt.Errorf("generation %d: %d individuals recorded, the strategy asks for %d", brood.Generation, len(recorded), len(brood.Members))
	}
	scores := make([]Score, len(recorded))
	digests := map[model.Slot]model.Digest{}
	for i, r := range recorded {
		scores[i] = Score{Fitness: r.Fitness, Cases: int(r.Cases), Stage: plan.stageAfter(int(r.Cases))}
		if r.Selected != model.Unselected {
			digests[r.Selected] = r.Digest
		}
	}
	next, parents := strategy.Tell(s, brood, scores)
	inOrder := make([]model.Digest, len(parents))
	for slot := range next.Parents {
		inOrder[slot] = digests[model.Slot(slot)]
		next.Parents[slot].Digest = inOrder[slot]
	}
	for i, want := range records(brood, scores, parents, inOrder) {
		if got := recorded[i]; !same(got, want) {
			return s, fmt.Errorf("generation %d: individual %d is recorded as %+v, but follows from the generation before as %+v", brood.Generation, got.ID, got, want)
		}
	}
	return next, nil
}

// same compares records whose fitness is the same by construction and may be
// NaN, which equals nothing.
func same(a, b model.Record) bool {
	a.Fitness, b.Fitness = 0, 0
	return a == b
}

// GenomeOf returns the genome of a member of the generation after s.
func (s State) GenomeOf(c model.Candidate) model.Genome {
	var genome model.Genome
	if c.Parent != model.NoParent {
		genome = s.Parents[c.Parent].Genome
	}
	return genome.With(c.Gene)
}

// stageAfter returns the stage in which that many cases have been met.
func (p Plan) stageAfter(cases int) int {
	for i, s := range p.Stages {
		if cases -= s.Cases; cases <= 0 {
			return i
		}
	}
	return len(p.Stages) - 1
}
