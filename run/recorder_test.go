package run

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/evorank/evorank/model"
)

// asked notes whom an engine was asked about.
type asked struct {
	Engine
	slots []model.Slot
}

func (a *asked) Evaluate(_ context.Context, candidates []model.Candidate, _ model.Cases) ([]model.Fitness, error) {
	for _, c := range candidates {
		a.slots = append(a.slots, c.Parent)
	}
	return make([]model.Fitness, len(candidates)), nil
}

// TestGenerationSeconds: each generation's own, by a clock that ticks at every look.
func TestGenerationSeconds(t *testing.T) {
	clock := time.Unix(0, 0)
	o := Options{Now: func() time.Time { clock = clock.Add(time.Second); return clock }}
	r, err := Create(config(t, "lm.data.heldout_every=0"), "lm-quick", filepath.Join(t.TempDir(), "run"), o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var seconds []float64
	if err := r.Train(context.Background(), func(p Progress) { seconds = append(seconds, p.GenerationSeconds) }); err != nil {
		t.Fatal(err)
	}
	for g, s := range seconds[1:] {
		if s != seconds[1] || s < 4 { // evaluation and adoption look twice each
			t.Errorf("generation %d took %v s, generation 2 took %v s", g+2, s, seconds[1])
		}
	}
}

// TestHeldoutIsOfTheBest: the individual of best_id, whatever its slot; nobody
// if nobody has a score.
func TestHeldoutIsOfTheBest(t *testing.T) {
	x, err := NewExperiment(config(t, "lm.data.heldout_every=1"))
	if err != nil {
		t.Fatal(err)
	}
	e := &asked{}
	c := &recorder{run: &Run{experiment: x, engine: e}}
	nan := model.Fitness(math.NaN())
	for _, records := range [][]model.Record{
		{{Generation: 1, ID: 1, Fitness: -2, Selected: 1}, {Generation: 1, ID: 2, Fitness: -1, Selected: 0}},
		{{Generation: 1, ID: 9, Fitness: -1, Selected: 0}, {Generation: 1, ID: 3, Fitness: -1, Selected: 1}}, // a tie goes to the oldest
		{{Generation: 1, ID: 1, Fitness: nan, Selected: 0}, {Generation: 1, ID: 2, Fitness: nan, Selected: 1}},
	} {
		if _, err := c.heldout(context.Background(), records); err != nil {
			t.Fatal(err)
		}
	}
	if want := []model.Slot{0, 1}; !slices.Equal(e.slots, want) {
		t.Errorf("slots %v were evaluated, want %v", e.slots, want)
	}
}
