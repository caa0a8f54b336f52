package evolve

import (
	"context"
	"fmt"

	"github.com/evorank/evorank/model"
)

// Stage is one round of evaluation within a generation: everyone still in the
// race is scored on Cases more cases, then the best Keep go on. Keep of the
// last stage has no meaning: the strategy selects then.
type Stage struct {
	Cases int `json:"cases" yaml:"cases"`
	Keep  int `json:"keep,omitempty" yaml:"keep,omitempty"`
}

// Plan says what a generation is evaluated on. The paper's language models use
// one stage with all stories; its CarRacing runs two episodes for all, then
// four more for the best 32 (method 4.3).
type Plan struct {
	Stages []Stage
	// Stories is the number of stories at hand, 0 for environments. If a
	// generation uses fewer, the window moves on with each generation and
	// wraps around.
	Stories int
	// Seed draws the episodes' seeds; every individual gets its own, unless
	// SharedEpisodes gives all of a generation the same ones.
	Seed           model.Seed
	SharedEpisodes bool
}

// Validate reports a plan that cannot be carried out with that population.
func (p Plan) Validate(population int) error {
	if len(p.Stages) == 0 {
		return fmt.Errorf("plan: stages: none given")
	}
	if len(p.Stages) > model.MaxStages {
		return fmt.Errorf("plan: stages: %d, at most %d", len(p.Stages), model.MaxStages)
	}
	left := population
	for i, s := range p.Stages {
		last := i == len(p.Stages)-1
		if s.Cases < 1 {
			return fmt.Errorf("plan: stage %d: cases: %d is not at least 1", i+1, s.Cases)
		}
		if !last && (s.Keep < 1 || s.Keep > left) {
			return fmt.Errorf("plan: stage %d: keep: %d is not between 1 and the %d evaluated", i+1, s.Keep, left)
		}
		left = s.Keep
	}
	if n := p.total(); p.Stories > 0 && n > p.Stories {
		return fmt.Errorf("plan: stages: %d stories asked for, %d at hand", n, p.Stories)
	}
	return nil
}

// Deterministic reports whether an individual's score is the same in every
// generation: all stories are used, in one stage.
func (p Plan) Deterministic() bool { return len(p.Stages) == 1 && p.total() == p.Stories }

func (p Plan) total() int {
	n := 0
	for _, s := range p.Stages {
		n += s.Cases
	}
	return n
}

// cases returns what the members still in the race meet in a stage. The
// windows and episode numbers of a generation's stages do not overlap.
func (p Plan) cases(g model.Generation, stage int, members []int) model.Cases {
	first := 0
	for _, s := range p.Stages[:stage] {
		first += s.Cases
	}
	count := p.Stages[stage].Cases
	if p.Stories > 0 {
		window := (int(g-1)*p.total() + first) % p.Stories
		return model.Cases{First: window, Count: count}
	}
	c := model.Cases{First: first, Count: count, Episodes: make([]model.Seed, 0, count*len(members))}
	for _, m := range members {
		for episode := first; episode < first+count; episode++ {
			c.Episodes = append(c.Episodes, p.episode(g, m, episode))
		}
	}
	return c
}

// episode is a pure function of (run seed, generation, place, episode).
func (p Plan) episode(g model.Generation, member, episode int) model.Seed {
	if p.SharedEpisodes {
		member = 0
	}
	return model.SeedOf(p.Seed.Draw(model.PurposeEpisode, g, uint32(member), uint32(episode)))
}

// Meets returns what a member that came as far as a stage met in that stage of
// a generation.
func (p Plan) Meets(g model.Generation, stage, member int) model.Cases {
	return p.cases(g, stage, []int{member})
}

// Reached returns the stage, from 0, in which that many cases have been met;
// false if there is none.
func (p Plan) Reached(cases int) (stage int, ok bool) {
	for i, s := range p.Stages {
		if cases -= s.Cases; cases == 0 {
			return i, true
		}
	}
	return 0, false
}

// Rescore evaluates a member of a generation again, as far as it came, and
// returns the score that it must have had.
func Rescore(ctx context.Context, p Plan, ev Evaluator, g model.Generation, member, reached int, c model.Candidate) (Score, error) {
	var score Score
	for stage := range p.Stages[:reached+1] {
		cases := p.Meets(g, stage, member)
		fitness, err := ev.Evaluate(ctx, []model.Candidate{c}, cases)
		if err != nil {
			return score, err
		}
		score = score.merged(fitness[0], cases.Count, stage, stage == len(p.Stages)-1)
	}
	return score, nil
}
