package evolve

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/evorank/evorank/model"
)

// byEpisode depends on the genome and on the episodes.
func byEpisode(g model.Genome, c model.Cases, i int) model.Fitness {
	sum := float64(byGenome(g, c, i))
	for _, e := range c.Episodes[i*c.Count : (i+1)*c.Count] {
		sum += float64(e%1000) / 500
	}
	return model.Fitness(sum)
}

// threeRounds is a run with two eliminations in a generation.
func threeRounds(t *testing.T) (GeneticAlgorithm, Plan, *log) {
	t.Helper()
	ga := GeneticAlgorithm{Seed: 7, Population: 12, Survivors: 2, Reevaluate: true}
	plan := Plan{Stages: []Stage{{Cases: 2, Keep: 6}, {Cases: 1, Keep: 4}, {Cases: 3}}, Seed: 7}
	l := &log{}
	if _, err := Run(context.Background(), ga, plan, &fake{score: byEpisode}, l, NewState(), 3); err != nil {
		t.Fatal(err)
	}
	return ga, plan, l
}

// TestEarlierFitness: a record has the fitness after each stage, and who went
// out keeps the one it had.
func TestEarlierFitness(t *testing.T) {
	_, plan, l := threeRounds(t)
	counts := map[int32]int{}
	for _, r := range l.generations[2] {
		counts[r.Cases]++
		reached, _ := plan.Reached(int(r.Cases))
		for stage, f := range r.Earlier[:2] {
			if went := reached > stage; went == (f == r.Fitness) {
				t.Errorf("%+v: went on after stage %d is %v", r, stage+1, went)
			}
		}
		if r.Earlier[2] != r.Earlier[1] && r.Cases < 6 {
			t.Errorf("%+v: eliminated, and yet it changed", r)
		}
	}
	if counts[2] != 6 || counts[3] != 2 || counts[6] != 4 {
		t.Errorf("so many met so many cases: %v", counts)
	}
}

// TestReplayChecksEliminations: who met the later cases must have been among
// the best before, by what the records say.
func TestReplayChecksEliminations(t *testing.T) {
	ga, plan, l := threeRounds(t)
	first := l.generations[0]
	out := slices.IndexFunc(first, func(r model.Record) bool { return r.Cases == 2 })
	third := slices.IndexFunc(first, func(r model.Record) bool { return r.Cases == 3 })
	final := slices.IndexFunc(first, func(r model.Record) bool { return r.Cases == 6 && r.Selected == model.Unselected })
	for name, c := range map[string]struct {
		at    int
		spoil func(*model.Record)
		want  string
	}{
		"a loser was better":      {out, func(r *model.Record) { r.Fitness, r.Earlier = 1e3, model.Earlier{1e3, 1e3, 1e3} }, "did better"},
		"a finalist was worse":    {final, func(r *model.Record) { r.Earlier[0] = -1e3 }, "did better"},
		"so was one in the end":   {final, func(r *model.Record) { r.Earlier[1] = -1e3 }, "did better"},
		"went out with another":   {out, func(r *model.Record) { r.Fitness -= 1 }, "it went out in stage 1"},
		"one more went on":        {out, func(r *model.Record) { r.Cases = 3 }, "7 individuals are recorded as going on after stage 1, not 6"},
		"one fewer was in stage3": {final, func(r *model.Record) { r.Cases = 3; r.Earlier[1] = r.Fitness }, "3 individuals are recorded as going on after stage 2, not 4"},
		"cases between stages":    {third, func(r *model.Record) { r.Cases = 4 }, "4 cases end no stage"},
	} {
		spoilt := slices.Clone(first)
		c.spoil(&spoilt[c.at])
		if _, err := Replay(ga, plan, NewState(), spoilt); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := Replay(ga, plan, NewState(), first); err != nil {
		t.Error(err)
	}
}

// TestRescore: any member, evaluated again alone, has the score that it had
// among the others, bit for bit.
func TestRescore(t *testing.T) {
	_, plan, l := threeRounds(t)
	for _, r := range l.generations[0] {
		ev := &fake{score: byEpisode}
		reached, _ := plan.Reached(int(r.Cases))
		got, err := Rescore(context.Background(), plan, ev, 1, int(r.Index), reached, model.Candidate{Parent: model.NoParent, Gene: r.Gene})
		if err != nil {
			t.Fatal(err)
		}
		if !equalBits(got.Fitness, r.Fitness) || got.Earlier != r.Earlier || got.Cases != int(r.Cases) {
			t.Errorf("%+v, was %+v", got, r)
		}
	}
}

// TestUnfitInStages: NaN goes out first and replays.
func TestUnfitInStages(t *testing.T) {
	ga := GeneticAlgorithm{Seed: 7, Population: 8, Survivors: 2, Reevaluate: true}
	plan := Plan{Stages: []Stage{{Cases: 1, Keep: 6}, {Cases: 2}}, Seed: 7}
	l := &log{}
	ev := &fake{score: func(g model.Genome, c model.Cases, i int) model.Fitness {
		if i%2 == 1 {
			return model.Fitness(math.NaN())
		}
		return byGenome(g, c, i)
	}}
	if _, err := Run(context.Background(), ga, plan, ev, l, NewState(), 1); err != nil {
		t.Fatal(err)
	}
	if _, err := Replay(ga, plan, NewState(), l.generations[0]); err != nil {
		t.Error(err)
	}
}
