package evolve

import (
	"context"
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/evorank/evorank/model"
	"pgregory.net/rapid"
)

// fake is an evaluator whose fitness is a pure function of the genome, so that
// whatever the loop does wrong with slots shows up as wrong fitness.
type fake struct {
	parents   []model.Genome
	evaluated int
	score     func(model.Genome, model.Cases, int) model.Fitness
}

func (f *fake) genome(c model.Candidate) model.Genome {
	if c.Parent == model.NoParent {
		return model.Genome{c.Gene}
	}
	return f.parents[c.Parent].With(c.Gene)
}

func (f *fake) Evaluate(_ context.Context, cs []model.Candidate, cases model.Cases) ([]model.Fitness, error) {
	f.evaluated += len(cs)
	out := make([]model.Fitness, len(cs))
	for i, c := range cs {
		out[i] = f.score(f.genome(c), cases, i)
	}
	return out, nil
}

func (f *fake) Adopt(_ context.Context, cs []model.Candidate) ([]model.Digest, error) {
	next, digests := make([]model.Genome, len(cs)), make([]model.Digest, len(cs))
	for i, c := range cs {
		next[i] = f.genome(c)
		digests[i] = digest(next[i])
	}
	f.parents = next
	return digests, nil
}

func digest(g model.Genome) model.Digest {
	h := uint64(14695981039346656037)
	for _, gene := range g {
		h = (h ^ uint64(gene.Seed) ^ uint64(gene.Kind)) * 1099511628211
	}
	return model.Digest(h)
}

// byGenome depends on every gene and, coarsely, ties now and then.
func byGenome(g model.Genome, _ model.Cases, _ int) model.Fitness {
	return model.Fitness(uint64(digest(g)) >> 58)
}

type log struct{ generations [][]model.Record }

func (l *log) Record(_ context.Context, r []model.Record, _ State) error {
	l.generations = append(l.generations, r)
	return nil
}

func stories(n int) Plan { return Plan{Stages: []Stage{{Cases: n}}, Stories: n} }

func TestRunProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		population := rapid.IntRange(2, 40).Draw(t, "population")
		ga := GeneticAlgorithm{
			Seed:       model.Seed(rapid.Uint64().Draw(t, "seed")),
			Population: population,
			Survivors:  rapid.IntRange(1, population-1).Draw(t, "survivors"),
		}
		ev, l := &fake{score: byGenome}, &log{}
		const generations = 6
		s, err := Run(context.Background(), ga, stories(3), ev, l, NewState(), generations)
		if err != nil {
			t.Fatal(err)
		}
		if want := population + (generations-1)*(population-ga.Survivors); ev.evaluated != want {
			t.Fatalf("%d evaluations, want %d: survivors of a deterministic task are not evaluated twice", ev.evaluated, want)
		}
		for g, records := range l.generations {
			checkGeneration(t, ga, g, records, l)
		}
		for slot, p := range s.Parents {
			if p.Digest != digest(p.Genome) || !reflect.DeepEqual(p.Genome, ev.parents[slot]) {
				t.Fatalf("slot %d: the state and the evaluator hold different parents", slot)
			}
		}
	})
}

func checkGeneration(t *rapid.T, ga GeneticAlgorithm, g int, records []model.Record, l *log) {
	ids := map[model.ID]bool{}
	bySlot := map[model.Slot]model.Record{}
	worst, bestLeft := math.Inf(1), math.Inf(-1)
	for i, r := range records {
		if ids[r.ID] || int(r.Index) != i || int(r.Generation) != g+1 {
			t.Fatalf("generation %d: record %d is %+v", g+1, i, r)
		}
		ids[r.ID] = true
		if r.Selected >= 0 {
			bySlot[r.Selected] = r
			worst = min(worst, float64(r.Fitness))
		} else {
			bestLeft = max(bestLeft, float64(r.Fitness))
		}
	}
	if len(bySlot) != ga.Survivors || !(worst >= bestLeft) {
		t.Fatalf("generation %d: %d selected, worst of them %v, best of the others %v", g+1, len(bySlot), worst, bestLeft)
	}
	if g == 0 {
		return
	}
	born := ga.Population - ga.Survivors
	for child, r := range records[ga.Survivors:] {
		if want := model.ID(ga.Population + (g-1)*born + child + 1); r.ID != want {
			t.Fatalf("generation %d: child %d has id %d: individuals are numbered from 1 without a gap, this is %d", g+1, child, r.ID, want)
		}
	}
	for slot := range ga.Survivors {
		before := slices.IndexFunc(l.generations[g-1], func(r model.Record) bool { return r.Selected == model.Slot(slot) })
		old := l.generations[g-1][before]
		if now := records[slot]; now.ID != old.ID || now.Fitness != old.Fitness || now.Gene.Kind != model.GeneNone {
			t.Fatalf("generation %d: survivor %d changed: %+v after %+v", g+1, slot, now, old)
		}
	}
}

// TestOlderWinsTies: with equal fitness everywhere nobody is ever replaced.
func TestOlderWinsTies(t *testing.T) {
	ga := GeneticAlgorithm{Seed: 1, Population: 9, Survivors: 4}
	l := &log{}
	ev := &fake{score: func(model.Genome, model.Cases, int) model.Fitness { return 1 }}
	s, err := Run(context.Background(), ga, stories(1), ev, l, NewState(), 5)
	if err != nil {
		t.Fatal(err)
	}
	for slot, p := range s.Parents {
		if p.ID != model.ID(slot+1) {
			t.Errorf("slot %d holds %d, want founder %d", slot, p.ID, slot+1)
		}
	}
}

func TestRankPutsNonsenseLast(t *testing.T) {
	nan, inf := model.Fitness(math.NaN()), model.Fitness(math.Inf(1))
	scores := []Score{{Fitness: nan}, {Fitness: -3}, {Fitness: inf}, {Fitness: -2}, {Fitness: -inf}, {Fitness: -3}, {Fitness: -9, Stage: 1}}
	if got, want := Rank(scores), []int{6, 3, 1, 5, 0, 2, 4}; !slices.Equal(got, want) {
		t.Errorf("order %v, want %v", got, want)
	}
}

// TestRankIsStable: many ties in an order that an unstable sort disturbs.
func TestRankIsStable(t *testing.T) {
	scores := make([]Score, 1000)
	for i := range scores {
		scores[i].Fitness = model.Fitness(i * 7 % 3)
	}
	order := Rank(scores)
	for i := 1; i < len(order); i++ {
		a, b := order[i-1], order[i]
		if scores[a].Fitness < scores[b].Fitness || scores[a].Fitness == scores[b].Fitness && a > b {
			t.Fatalf("%d comes before %d", a, b)
		}
	}
}

// TestParentsAreDrawnUniformly: chi-squared over 20,000 children of 8 parents.
func TestParentsAreDrawnUniformly(t *testing.T) {
	ga := GeneticAlgorithm{Seed: 42, Population: 20008, Survivors: 8}
	s := State{Generation: 3, NextID: 100, Parents: make([]Parent, 8)}
	counts := make([]float64, 8)
	seeds := map[model.Seed]bool{}
	for _, m := range ga.Ask(s).Members[8:] {
		counts[m.Candidate.Parent]++
		seeds[m.Candidate.Gene.Seed] = true
	}
	chi := 0.0
	for _, c := range counts {
		chi += (c - 2500) * (c - 2500) / 2500
	}
	if !(chi <= 24.3) { // 99.9 % quantile, 7 degrees of freedom
		t.Errorf("chi-squared %.1f: %v", chi, counts)
	}
	if len(seeds) != 20000 {
		t.Errorf("%d different seeds among 20000 children", len(seeds))
	}
}

// TestStages: two cases for all, four more for the best 5, and the mean over
// all six decides, as in the paper's CarRacing runs.
func TestStages(t *testing.T) {
	ga := GeneticAlgorithm{Seed: 7, Population: 12, Survivors: 3, Reevaluate: true}
	plan := Plan{Stages: []Stage{{Cases: 2, Keep: 5}, {Cases: 4}}, Seed: 7}
	calls := []model.Cases{}
	ev := &fake{score: func(g model.Genome, c model.Cases, i int) model.Fitness {
		if i == 0 {
			calls = append(calls, c)
		}
		if len(c.Episodes)/c.Count == 5 { // second stage: reversed
			return -2 * byGenome(g, c, i)
		}
		return byGenome(g, c, i)
	}}
	l := &log{}
	if _, err := Run(context.Background(), ga, plan, ev, l, NewState(), 2); err != nil {
		t.Fatal(err)
	}
	if len(calls) != 4 || len(calls[0].Episodes) != 24 || len(calls[1].Episodes) != 20 || calls[1].First != 2 {
		t.Fatalf("stages were called with %+v", calls)
	}
	seen := map[model.Seed]bool{}
	for _, c := range calls {
		for _, e := range c.Episodes {
			if seen[e] {
				t.Fatal("an episode seed was used twice")
			}
			seen[e] = true
		}
	}
	for _, r := range l.generations[0] {
		value := byGenome(model.Genome{r.Gene}, model.Cases{}, 0)
		want := value
		if r.Cases == 6 {
			want = (2*value - 4*2*value) / 6
		}
		if !(math.Abs(float64(r.Fitness-want)) <= 1e-12) || r.Selected >= 0 && r.Cases != 6 {
			t.Errorf("%+v: fitness want %v", r, want)
		}
	}
}

func TestWindowsMove(t *testing.T) {
	p := Plan{Stages: []Stage{{Cases: 4}}, Stories: 10}
	if p.Deterministic() || !stories(10).Deterministic() {
		t.Error("a moving window is not deterministic, all stories are")
	}
	for g, want := range []int{0, 4, 8, 2, 6, 0} {
		if got := p.cases(model.Generation(g+1), 0, nil).First; got != want {
			t.Errorf("generation %d starts at story %d, want %d", g+1, got, want)
		}
	}
}

func TestSharedEpisodes(t *testing.T) {
	p := Plan{Stages: []Stage{{Cases: 2}}, Seed: 5, SharedEpisodes: true}
	e := p.cases(1, 0, []int{0, 1}).Episodes
	if e[0] != e[2] || e[1] != e[3] || e[0] == e[1] {
		t.Errorf("shared episodes differ: %v", e)
	}
	if next := p.cases(2, 0, []int{0, 1}).Episodes; next[0] == e[0] {
		t.Error("the next generation has the same episodes")
	}
}

// TestInterruptedRunGoesOn: stopping after any generation and going on from
// the returned state gives the same records as never having stopped.
func TestInterruptedRunGoesOn(t *testing.T) {
	ga := GeneticAlgorithm{Seed: 3, Population: 10, Survivors: 4}
	whole := &log{}
	if _, err := Run(context.Background(), ga, stories(2), &fake{score: byGenome}, whole, NewState(), 6); err != nil {
		t.Fatal(err)
	}
	parts, ev, s := &log{}, &fake{score: byGenome}, NewState()
	for g := model.Generation(1); g <= 6; g++ {
		var err error
		if s, err = Run(context.Background(), ga, stories(2), ev, parts, s, g); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(whole, parts) {
		t.Error("the records differ")
	}
}

// TestReplay: folding Replay over the records gives the states that the run
// went through, and any change to a record is noticed.
func TestReplay(t *testing.T) {
	for _, plan := range []Plan{stories(3), {Stages: []Stage{{Cases: 2, Keep: 6}, {Cases: 4}}, Seed: 8}} {
		ga := GeneticAlgorithm{Seed: 8, Population: 12, Survivors: 4, Reevaluate: !plan.Deterministic()}
		l := &log{}
		want, err := Run(context.Background(), ga, plan, &fake{score: byGenome}, l, NewState(), 5)
		if err != nil {
			t.Fatal(err)
		}
		s := NewState()
		for _, records := range l.generations {
			for _, spoil := range spoilers {
				spoilt := slices.Clone(records)
				spoil(&spoilt[7])
				if _, err := Replay(ga, plan, s, spoilt); err == nil {
					t.Fatalf("generation %d: %+v passed for %+v", records[0].Generation, spoilt[7], records[7])
				}
			}
			if s, err = Replay(ga, plan, s, records); err != nil {
				t.Fatal(err)
			}
		}
		if !reflect.DeepEqual(s, want) {
			t.Errorf("replayed %+v, want %+v", s, want)
		}
		if _, err := Replay(ga, plan, NewState(), l.generations[0][1:]); err == nil {
			t.Error("a missing record was accepted")
		}
	}
}

var spoilers = []func(*model.Record){
	func(r *model.Record) { r.ID++ },
	func(r *model.Record) { r.Parent++ },
	func(r *model.Record) { r.Gene.Seed ^= 1 },
	func(r *model.Record) { r.Gene.Kind = model.GeneNone },
	func(r *model.Record) { r.Selected = 3 - r.Selected },
	func(r *model.Record) { r.Fitness = 1e9; r.Cases = 6; r.Selected = model.Unselected },
	func(r *model.Record) { r.Index++ },
	func(r *model.Record) { r.Generation++ },
}

var errDisk = errors.New("disk full")

type full struct{ after int }

func (f *full) Record(context.Context, []model.Record, State) error {
	if f.after--; f.after < 0 {
		return errDisk
	}
	return nil
}

func TestErrorsNameTheGeneration(t *testing.T) {
	ga := GeneticAlgorithm{Population: 4, Survivors: 2}
	s, err := Run(context.Background(), ga, stories(1), &fake{score: byGenome}, &full{after: 2}, NewState(), 9)
	if !errors.Is(err, errDisk) || err.Error() != "generation 3: disk full" || s.Generation != 2 {
		t.Errorf("after generation %d: %v", s.Generation, err)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(cancelled, ga, stories(1), &fake{score: byGenome}, &log{}, NewState(), 1); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled run: %v", err)
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []struct{ population, survivors int }{{1, 1}, {0, 0}, {10, 10}, {10, 0}, {1 << 25, 3}} {
		if (GeneticAlgorithm{Population: c.population, Survivors: c.survivors}).Validate() == nil {
			t.Errorf("%+v was accepted", c)
		}
	}
	for _, p := range []Plan{{}, {Stages: []Stage{{Cases: 0}}}, {Stages: []Stage{{Cases: 1, Keep: 11}, {Cases: 1}}}, {Stages: []Stage{{Cases: 5}}, Stories: 4}} {
		if p.Validate(10) == nil {
			t.Errorf("%+v was accepted", p)
		}
	}
	if err := (Plan{Stages: []Stage{{Cases: 2, Keep: 10}, {Cases: 4}}}).Validate(10); err != nil {
		t.Error(err)
	}
}
