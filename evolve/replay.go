package evolve

import (
	"fmt"
	"math"
	"slices"

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
		stage, ok := plan.Reached(int(r.Cases))
		if !ok {
			return s, fmt.Errorf("generation %d: individual %d: %d cases end no stage", brood.Generation, r.ID, r.Cases)
		}
		scores[i] = Score{Fitness: r.Fitness, Cases: int(r.Cases), Stage: stage, Earlier: r.Earlier}
		if r.Selected != model.Unselected {
			digests[r.Selected] = r.Digest
		}
	}
	if err := plan.eliminations(brood, scores); err != nil {
		return s, err
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
	a.Fitness, b.Fitness, a.Earlier, b.Earlier = 0, 0, model.Earlier{}, model.Earlier{}
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

// eliminations checks that who met the cases of a later stage is who was best
// in the ones before.
func (p Plan) eliminations(b Brood, scores []Score) error {
	race := b.unknown()
	for stage := range p.Stages[:len(p.Stages)-1] {
		then := slices.Clone(scores)
		var stayed []int
		for _, i := range race {
			then[i].Stage, then[i].Fitness = stage, scores[i].Earlier[stage]
			if scores[i].Stage > stage {
				stayed = append(stayed, i)
			} else if !equalBits(scores[i].Earlier[stage], scores[i].Fitness) {
				return fmt.Errorf("generation %d: individual %d: it went out in stage %d with %v, its fitness is recorded as %v", b.Generation, b.Members[i].ID, stage+1, scores[i].Earlier[stage], scores[i].Fitness)
			}
		}
		race = best(race, then, p.Stages[stage].Keep)
		if len(stayed) != len(race) {
			return fmt.Errorf("generation %d: %d individuals are recorded as going on after stage %d, not %d", b.Generation, len(stayed), stage+1, len(race))
		}
		for at, i := range race {
			if stayed[at] != i {
				return fmt.Errorf("generation %d: individual %d is recorded as going on after stage %d, individual %d did better", b.Generation, b.Members[stayed[at]].ID, stage+1, b.Members[i].ID)
			}
		}
	}
	return nil
}

// equalBits takes NaN for equal to itself.
func equalBits(a, b model.Fitness) bool {
	return math.Float64bits(float64(a)) == math.Float64bits(float64(b))
}
