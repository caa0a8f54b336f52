package evolve

import (
	"fmt"

	"github.com/evorank/evorank/model"
)

// Strategy proposes generations and learns from their scores. Both methods are
// pure: the same arguments give the same results, and nothing is kept.
type Strategy interface {
	// Ask returns the next generation.
	Ask(State) Brood
	// Tell returns the state after the generation, without digests, and the
	// members that become the parents, by index in the brood and in slot order.
	Tell(State, Brood, []Score) (next State, parents []int)
}

// GeneticAlgorithm is the paper's search: truncation selection with elitism,
// asexual reproduction, one mutation of every parameter per child (method 4;
// after Such et al., "Deep Neuroevolution", 2017).
//
// Generation 1 is Population founders. From then on the Survivors best stay,
// unchanged, in slots 0 … Survivors-1, and every other place goes to a child of
// a survivor drawn uniformly with replacement.
type GeneticAlgorithm struct {
	Seed       model.Seed
	Population int
	Survivors  int
	// Reevaluate says that the task is stochastic or its cases change, so that
	// survivors are scored again each generation.
	Reevaluate bool
}

var _ Strategy = GeneticAlgorithm{}

// Validate reports settings that describe no population.
func (g GeneticAlgorithm) Validate() error {
	const most = 1 << 24
	if g.Population < 2 || g.Population > most {
		return fmt.Errorf("genetic algorithm: population: %d is not between 2 and %d", g.Population, most)
	}
	if g.Survivors < 1 || g.Survivors >= g.Population {
		return fmt.Errorf("genetic algorithm: survivors: %d is not between 1 and population-1 (%d)", g.Survivors, g.Population-1)
	}
	return nil
}

// Ask returns the founders, or the survivors followed by their children.
func (g GeneticAlgorithm) Ask(s State) Brood {
	b := Brood{Generation: s.Generation + 1, Members: make([]Member, g.Population)}
	for i := range b.Members {
		switch {
		case s.Generation == 0:
			b.Members[i] = g.founder(s, i)
		case i < len(s.Parents):
			b.Members[i] = g.survivor(s, i)
		default:
			b.Members[i] = g.child(s, i)
		}
	}
	return b
}

func (g GeneticAlgorithm) founder(s State, i int) Member {
	seed := model.SeedOf(g.Seed.Draw(model.PurposeFounder, s.Generation+1, uint32(i), 0))
	return Member{
		ID:        s.NextID + model.ID(i),
		Candidate: model.Candidate{Parent: model.NoParent, Gene: model.Gene{Kind: model.GeneInit, Seed: seed, Multiplier: 1}},
	}
}

func (g GeneticAlgorithm) survivor(s State, slot int) Member {
	p := s.Parents[slot]
	m := Member{ID: p.ID, Parent: p.Parent, Candidate: model.Candidate{Parent: model.Slot(slot)}}
	if !g.Reevaluate {
		m.Known = p.Score
	}
	return m
}

func (g GeneticAlgorithm) child(s State, i int) Member {
	draw := g.Seed.Draw(model.PurposeChild, s.Generation+1, uint32(i), 0)
	slot := model.Below(draw, len(s.Parents))
	gene := model.Gene{Kind: model.GeneMutation, Seed: model.SeedOf(draw), Multiplier: 1}
	return Member{
		ID:        s.NextID + model.ID(i-len(s.Parents)),
		Parent:    s.Parents[slot].ID,
		Candidate: model.Candidate{Parent: model.Slot(slot), Gene: gene},
	}
}

// Tell keeps the best Survivors of the brood.
func (g GeneticAlgorithm) Tell(s State, b Brood, scores []Score) (State, []int) {
	kept := Rank(scores)[:g.Survivors]
	next := State{Generation: b.Generation, NextID: s.NextID, Parents: make([]Parent, len(kept))}
	for _, m := range b.Members {
		next.NextID = max(next.NextID, m.ID+1)
	}
	for slot, i := range kept {
		m := b.Members[i]
		next.Parents[slot] = Parent{ID: m.ID, Parent: m.Parent, Genome: s.GenomeOf(m.Candidate), Score: scores[i]}
	}
	return next, kept
}
