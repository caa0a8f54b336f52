package run

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/evorank/evorank/configs"
	"github.com/evorank/evorank/kernels/vector"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/run/lineage"
	"github.com/evorank/evorank/run/lineage/lineagetest"
	"github.com/evorank/evorank/task/carracing"
)

// tinyDrive is a run of CarRacing with episodes of a second, in which cars that
// do different things come to different tiles.
var tinyDrive = []string{
	"search={population: 5, survivors: 2}", "generations=2", "execution.checkpoint_every=2", "execution.threads=2",
	"carracing.network={channels: [2, 3], kernel: 8, stride: 4, hidden: 4}", "carracing.environment.max_steps=40",
	"carracing.episodes={all: 1, finalists: 3, more: 1, heldout: 1, heldout_every: 2}",
}

func drivingConfig(t testing.TB, settings ...string) configs.Config {
	t.Helper()
	return loaded(t, "carracing-factored", tinyDrive, settings)
}

// race makes a run of CarRacing in a fresh directory and finishes it.
func race(t testing.TB, settings ...string) string {
	t.Helper()
	return made(t, drivingConfig(t, settings...), "carracing-factored")
}

// TestSameDriveSameBytes: neither threads nor held-out tracks nor how often a
// checkpoint is written change the lineage; seeds, tracks and limits change the
// founders' returns, not only the config that the lineage names.
func TestSameDriveSameBytes(t *testing.T) {
	dir := race(t)
	want, returns := lineageOf(t, dir), foundersOf(t, dir)
	for _, setting := range []string{"execution.threads=1", "carracing.episodes.heldout=0", "execution.checkpoint_every=0"} {
		if !bytes.Equal(lineageOf(t, race(t, setting)), want) {
			t.Errorf("%s: another lineage", setting)
		}
	}
	for _, setting := range []string{"seed=2", "carracing.environment.max_steps=30", "carracing.environment.negative_rewards=5",
		"carracing.environment.lap_complete_percent=0", "carracing.episodes.shared_tracks=true"} {
		if got := foundersOf(t, race(t, "generations=1", setting)); slices.Equal(got, returns) {
			t.Errorf("%s: the same returns %v", setting, got)
		}
	}
}

// foundersOf lists the founders' fitness. Two lineages of different configs
// differ in any case, as each names its own.
func foundersOf(t testing.TB, dir string) (fitness []model.Fitness) {
	t.Helper()
	err := eachGeneration(LineagePath(dir), func(_ *lineage.Reader, records []model.Record) error {
		for _, r := range records {
			if r.Generation == 1 {
				fitness = append(fitness, r.Fitness)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return fitness
}

// stopping is an engine whose evaluations are cut off from the nth on.
type stopping struct {
	*carracing.CPU
	left int
	stop context.CancelFunc
}

func (s *stopping) Evaluate(ctx context.Context, c []model.Candidate, cases model.Cases) ([]model.Fitness, error) {
	if s.left--; s.left < 0 {
		s.stop()
	}
	return s.CPU.Evaluate(ctx, c, cases)
}

// TestStopsInAnyStage: a run that is stopped in the first or the second stage
// of any generation resumes to the same bytes, with its checkpoints or without.
func TestStopsInAnyStage(t *testing.T) {
	want := lineageOf(t, race(t))
	for evaluations := range 4 { // two stages a generation; held-out ones come between
		dir := filepath.Join(t.TempDir(), "run")
		r, err := Create(drivingConfig(t), "carracing-factored", dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		engine := &stopping{r.engine.(*carracing.CPU), evaluations, cancel}
		r.engine = engine
		if err := r.Train(ctx, func(Progress) {}); KindOf(err) != Stopped {
			t.Fatalf("cut off in evaluation %d it ended with %v", evaluations+1, err)
		}
		r.Close()
		if evaluations%2 == 0 {
			os.RemoveAll(filepath.Join(dir, dirCheckpoints))
		}
		if r, err = Resume(dir, Options{}); err != nil {
			t.Fatal(err)
		}
		finish(t, r)
		if !bytes.Equal(lineageOf(t, dir), want) {
			t.Errorf("cut off in evaluation %d: another lineage", evaluations+1)
		}
	}
}

// looking is an engine that looks at the run while it evaluates.
type looking struct {
	*carracing.CPU
	look func()
}

func (l *looking) Evaluate(ctx context.Context, c []model.Candidate, cases model.Cases) ([]model.Fitness, error) {
	fitness, err := l.CPU.Evaluate(ctx, c, cases)
	l.look()
	return fitness, err
}

// TestStageUnderWay: a run tells which stage is under way and how far it is,
// and that held-out episodes are none.
func TestStageUnderWay(t *testing.T) {
	r, err := Create(drivingConfig(t, "generations=1", "carracing.episodes.heldout_every=1"), "carracing-factored", filepath.Join(t.TempDir(), "run"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var seen []Stage
	r.engine = &looking{r.engine.(*carracing.CPU), func() {
		s, ok := r.Stage()
		if ok != (s.Cases > 0) {
			t.Errorf("%+v under way is %v", s, ok)
		}
		s.Units = min(s.Units, 1)
		seen = append(seen, s)
	}}
	if _, ok := r.Stage(); ok {
		t.Error("a stage is under way before the run is")
	}
	finish(t, r)
	if want := []Stage{{1, 1, 2, 5, 5, 1}, {1, 2, 2, 3, 3, 1}, {}}; !slices.Equal(seen, want) {
		t.Errorf("%+v, want %+v", seen, want)
	}
}

// TestVerifyPlaysAgain: everybody's episodes give the recorded returns, and a
// record that says otherwise is found.
func TestVerifyPlaysAgain(t *testing.T) {
	dir := race(t)
	v, err := archive(t, dir).Verify(context.Background(), 10)
	if err != nil {
		t.Fatal(err)
	}
	if v.Records != 10 || v.Rebuilt != 10 || v.Fitnesses != 10 || v.Equal != 10 || v.Largest != 0 || !v.SameKind || v.Score != "return" {
		t.Errorf("%+v", v)
	}
	for name, spoil := range map[string]func([]model.Record){
		"a loser's return": func(rs []model.Record) {
			i := slices.IndexFunc(rs, func(r model.Record) bool { return r.Cases == 1 })
			rs[i].Fitness -= 0.5
			rs[i].Earlier[0] = rs[i].Fitness
		},
		"a finalist's first round": func(rs []model.Record) {
			i := slices.IndexFunc(rs, func(r model.Record) bool { return r.Cases == 2 })
			rs[i].Earlier[0] += 0.5
		},
	} {
		spoilt := filepath.Join(t.TempDir(), "run")
		if err := os.CopyFS(spoilt, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		lineagetest.Rewrite(t, LineagePath(spoilt), spoil)
		if _, err := archive(t, spoilt).Verify(context.Background(), 10); KindOf(err) != BadData || !strings.Contains(err.Error(), "evaluated again its return is") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestEpisodes: an individual's network, let loose on the tracks that the
// archive names, drives the recorded returns, stage by stage.
func TestEpisodes(t *testing.T) {
	a := archive(t, race(t))
	task, err := a.Experiment.CarRacing()
	if err != nil {
		t.Fatal(err)
	}
	d, err := a.Experiment.device()
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []model.ID{0, 1, 2, 3, 4, 5} {
		i, err := a.Find(1, id)
		if err != nil {
			t.Fatal(err)
		}
		s, err := a.Episodes(i)
		if err != nil {
			t.Fatal(err)
		}
		n, err := a.Network(i)
		if err != nil {
			t.Fatal(err)
		}
		outcomes, err := n.Drive(context.Background(), d, task.Environment, task.Limits, s.Episodes)
		if err != nil {
			t.Fatal(err)
		}
		whole := outcomes[0].Return
		if len(outcomes) == 2 {
			whole = (whole + outcomes[1].Return) / 2
			if len(s.Earlier) != 1 || s.Earlier[0] != outcomes[0].Return {
				t.Errorf("individual %d: the first round is %v, recorded is %v", i.ID, outcomes[0].Return, s.Earlier)
			}
		}
		if whole != s.Return {
			t.Errorf("individual %d: %v, recorded is %v", i.ID, whole, s.Return)
		}
	}
}

// TestDrivingMetrics: the population's statistics are of the first round, and
// the work is counted.
func TestDrivingMetrics(t *testing.T) {
	var seen []Progress
	r, err := Create(drivingConfig(t), "carracing-factored", filepath.Join(t.TempDir(), "run"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Train(context.Background(), func(p Progress) { seen = append(seen, p) }); err != nil {
		t.Fatal(err)
	}
	for _, p := range seen {
		if p.Work.Cases != 5+3 || p.Work.Units < 22*p.Work.Cases || p.Work.Units > 40*p.Work.Cases || p.Evaluated != 8 {
			t.Errorf("generation %d: %+v", p.Generation, p)
		}
		if (p.HeldoutBest != nil) != (p.Generation > 1) { // every second one, and the last
			t.Errorf("generation %d: held-out %v", p.Generation, p.HeldoutBest)
		}
	}
	records := []model.Record{
		{ID: 1, Cases: 2, Fitness: 10, Earlier: model.Earlier{10}}, {ID: 2, Cases: 3, Fitness: 50, Earlier: model.Earlier{20}},
		{ID: 3, Cases: 3, Fitness: 40, Earlier: model.Earlier{60}},
	}
	if p := summarise(returnWords, 2, records); p.Best != 50 || p.BestID != 2 || p.Mean != 30 || p.Median != 20 || p.Worst != 10 {
		t.Errorf("%+v", p.Scores)
	}
}

// TestDriversDiffer: on one track for all, not all founders have the same
// return, so that these runs can tell one network from another.
func TestDriversDiffer(t *testing.T) {
	a := archive(t, race(t, "carracing.episodes.shared_tracks=true", "generations=1"))
	returns := map[float64]bool{}
	for id := model.ID(1); id <= 5; id++ {
		i, err := a.Find(1, id)
		if err != nil {
			t.Fatal(err)
		}
		returns[float64(i.Earlier[0])] = true
	}
	if len(returns) < 3 {
		t.Errorf("only %d different returns among 5: %v", len(returns), returns)
	}
}

// TestDeviceKindNamesThePlan: another way to compute a policy is another kind,
// because it gives other bits.
func TestDeviceKindNamesThePlan(t *testing.T) {
	kind := func(settings ...string) string {
		x, err := NewExperiment(drivingConfig(t, settings...))
		if err != nil {
			t.Fatal(err)
		}
		d, err := x.device()
		if err != nil {
			t.Fatal(err)
		}
		return d.bits()
	}
	factored, built := kind(), kind("execution.application=materialised")
	if !strings.HasPrefix(factored, string(vector.BestISA())+" (fp32, plan f") || !strings.Contains(built, "plan m") || kind("execution.precision=fp64") != "reference (fp64)" {
		t.Errorf("%q, %q", factored, built)
	}
	dir := race(t)
	manifest, err := readManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	manifest.Plan = strings.Replace(manifest.Plan, "f", "m", 1)
	if err := manifest.write(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := Resume(dir, Options{Generations: 4}); KindOf(err) != BadDevice {
		t.Errorf("resumed with another plan: %v", err)
	}
	v, err := archive(t, dir).Verify(context.Background(), 2)
	if err != nil || v.SameKind || !math.IsInf(float64(v.Tolerance), 1) {
		t.Errorf("verified with another plan: %+v, %v", v, err)
	}
}
