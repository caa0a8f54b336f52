package main

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/run"
	"github.com/evorank/evorank/run/lineage/lineagetest"
	"github.com/evorank/evorank/task/carracing"
)

// tinyDrive is a run of CarRacing with episodes of a second.
var tinyDrive = []string{"train", "carracing-factored", "--quiet", "--generations", "2",
	"--set", "search={population: 5, survivors: 2}", "--set", "execution.checkpoint_every=1",
	"--set", "carracing.network={channels: [2, 3], kernel: 8, stride: 4, hidden: 4}", "--set", "carracing.environment.max_steps=40",
	"--set", "carracing.episodes={all: 1, finalists: 3, more: 1, heldout: 1, heldout_every: 1}"}

// drivingFixture makes a directory with a run of CarRacing, one of stories, and
// weights of both.
func drivingFixture(t testing.TB) string {
	t.Helper()
	dir := fixture(t)
	must(t, append(tinyDrive, "--run-dir", filepath.Join(dir, "race"))...)
	must(t, "export", filepath.Join(dir, "race"), "-o", filepath.Join(dir, "p.safetensors"))
	must(t, "export", filepath.Join(dir, "race"), "-o", filepath.Join(dir, "f.safetensors"), "--factors")
	return dir
}

// TestDrivingCommands: every command that takes a run takes one of CarRacing,
// or says why not.
func TestDrivingCommands(t *testing.T) {
	dir := drivingFixture(t)
	write(t, filepath.Join(dir, "mixed.yaml"), "task: carracing\nlm: {network: {hidden: 32}}\n")
	write(t, filepath.Join(dir, "moved.yaml"), "extends: lm-quick\ntask: carracing\n")
	checkCommands(t, dir, []commandLine{
		{"config print carracing-factored", exitDone, "(?s)finalists: 32.*more: 4"},
		{"config check carracing-factored --set lm.data.stories=3", exitUsage, "lm: it belongs to task lm, this is carracing: leave it out"},
		{"config check lm-quick --set carracing.episodes.all=3", exitUsage, "carracing: it belongs to task carracing, this is lm: leave it out"},
		{"config check $D/mixed.yaml", exitUsage, "mixed.yaml:2: lm: it belongs to task lm"},
		{"config check $D/moved.yaml", exitUsage, "moved.yaml: [a-z_.]+: it belongs to task lm"},
		{"config check carracing-factored --set carracing.episodes.finalists=300", exitUsage, "finalists: 300 of a population of 256"},
		{"config check carracing-factored --set carracing.episodes.more=0", exitUsage, "32 finalists with 0 more episodes"},
		{"config check carracing-factored --set carracing.network.channels=[4,0]", exitUsage, "channels: number 2: 0 is not between"},
		{"train carracing-factored --data $D/text.txt", exitUsage, "train: --data: task carracing reads no text"},
		{"train carracing-factored --device cuda", exitDevice, "carracing is evaluated on the CPU"},
		{"train carracing-factored --dry-run --json", exitDone, `"episodes":25600,.*"env_steps_per_second"`},
		{"train carracing-factored --dry-run", exitDone, "(?s)at most 25600 episodes.*7043 evolve, 957923 developed.*time +at most"},
		{"resume $D/race --generations 3 --quiet", exitDone, "(?s)best return.*held out"},
		{"resume $D/race --generations 4 --quiet --json", exitDone, `"return_start":.*"return_end":.*"episodes":2,"heldout_return"`},
		{"inspect $D/race", exitDone, `(?s)return .* over 2 episodes.*conv.1.weight +factored\(1\)`},
		{"inspect --weights $D/f.safetensors", exitDone, "conv.0.weight"},
		{"lineage $D/race --format jsonl", exitDone, `"cases":1,"fitness":[^,]*,"earlier_fitness":\[`},
		{"lineage $D/race", exitDone, "^id,ancestor_list"},
		{"verify $D/race --sample 5", exitDone, "(?s)4 generations, 20 records.*returns equal bit for bit"},
		{"verify $D/race --sample 1 --json", exitDone, `"score":"return".*"same_kind":true,"largest_difference":0`},
		{"eval $D/race --episodes 3 --seed 7 --max-steps 9", exitDone, "(?s)individual .*mean over 3 episodes on tracks 7 to 9.*standard error.*9 steps on average.*this is not that"},
		{"eval --weights $D/p.safetensors --episodes 1 --max-steps 5", exitDone, "mean over 1 episodes on tracks 0 to 0"},
		{"eval $D/race --generation 1 --individual 3 --episodes 2", exitDone, " 22 steps on average"},
		{"eval $D/race --generation 1 --individual 3 --episodes 2 --no-early-stop", exitDone, " 40 steps on average"},
		{"eval --weights $D/p.safetensors --episodes 1 --max-steps 5 --precision fp64", exitDone, "fp64"},
		{"eval $D/race --episodes 1 --device cuda", exitDevice, "carracing is evaluated on the CPU"},
		{"eval $D/race --episodes 0", exitUsage, "--episodes 0: want 1 to"},
		{"eval $D/race --seed -1", exitUsage, "seed \"-1\": want a whole number from 0"},
		{"eval $D/race --seed 18446744073709551615", exitUsage, "have seeds beyond 2"},
		{"eval $D/race --seed 18446744073709551616", exitUsage, "want a whole number from 0 to 18446744073709551615"},
		{"eval $D/race --max-steps 0", exitUsage, "max-steps 0: want at least 1"},
		{"eval $D/race --heldout", exitUsage, "eval: --heldout: the network is a policy and reads no text"},
		{"eval --weights $D/p.safetensors --data $D/text.txt", exitUsage, "eval: --data: the network is a policy"},
		{"eval $D/run --episodes 5", exitUsage, "eval: --episodes: the network is a language model and plays no episodes"},
		{"compare a=$D/race b=$D/race", exitData, "counts twice"},
		{"compare $D/race $D/run", exitData, "runs of different tasks"},
		{"plot curves $D/race --terminal", exitDone, "^return of the best, higher is better, over generation"},
		{"plot diversity $D/race -o $D/d.svg", exitDone, `^\S+/d.svg\n$`},
		{"generate $D/race", exitData, "no language model"},
		{"generate --weights $D/p.safetensors --tokenizer $D/tok.json", exitData, "no language model"},
	})
	if svg, err := os.ReadFile(filepath.Join(dir, "d.svg")); !strings.Contains(strings.ToLower(string(svg)), "standard deviation of the return") {
		t.Errorf("the figure of diversity is not one: %v", err)
	}
	t.Setenv("EVORANK_DATA", "elsewhere.txt") // for other commands
	must(t, "eval", filepath.Join(dir, "race"), "--episodes", "1", "--max-steps", "2")
}

// TestEvalEpisodesJSON checks the interface that others call: keys, the mean
// and the spread of what each episode gave, and that both forms of a weight
// file and the run drive alike.
func TestEvalEpisodesJSON(t *testing.T) {
	dir := drivingFixture(t)
	type report struct {
		Mean          float64
		StandardError float64                     `json:"standard_error"`
		Interval      struct{ Low, High float64 } `json:"interval_95"`
		Lowest        float64
		Highest       float64
		Solved        int
		Episodes      []struct {
			Seed   uint64
			Return float64
			Steps  int
		}
	}
	eval := func(who ...string) (r report) {
		t.Helper()
		args := append(append([]string{"eval"}, who...), "--json", "--episodes", "4", "--seed", "3", "--max-steps", "12")
		if err := json.Unmarshal([]byte(must(t, args...)), &r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	of := eval(filepath.Join(dir, "race"))
	sum, squares := 0.0, 0.0
	for i, e := range of.Episodes {
		if e.Seed != uint64(3+i) || e.Steps != 12 || !(of.Lowest <= e.Return && e.Return <= of.Highest) {
			t.Errorf("%+v", e)
		}
		sum += e.Return
	}
	for _, e := range of.Episodes {
		squares += (e.Return - sum/4) * (e.Return - sum/4)
	}
	if len(of.Episodes) != 4 || !(math.Abs(of.Mean-sum/4) <= 1e-12 && math.Abs(of.StandardError-math.Sqrt(squares/3/4)) <= 1e-12) || of.Solved != 0 ||
		!(of.Lowest <= of.Interval.Low && of.Interval.Low <= of.Mean && of.Mean <= of.Interval.High) {
		t.Errorf("%+v", of)
	}
	if file := eval("--weights", filepath.Join(dir, "f.safetensors")); file.Mean != of.Mean {
		t.Errorf("exported as factors it has %v, the run %v", file.Mean, of.Mean)
	}
	if file := eval("--weights", filepath.Join(dir, "p.safetensors")); !(math.Abs(file.Mean-of.Mean) <= 1) {
		t.Errorf("exported developed it has %v, the run %v", file.Mean, of.Mean)
	}
}

// TestRunsRules: a run's policies drive by the run's rules, here one by which
// the first step ends a lap of no tiles.
func TestRunsRules(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "race")
	must(t, append(tinyDrive, "--set", "carracing.environment.lap_complete_percent=0", "--run-dir", dir)...)
	for args, want := range map[string]string{
		"eval " + dir + " --episodes 3":   ", 1 steps on average",
		"play " + dir:                     "(?s)1 steps, .* ended by lap.*the same, to the last bit",
		"play " + dir + " --seed 7":       "track 7: 1 steps, .* ended by lap",
		"verify " + dir + " --sample 100": "10 returns equal bit for bit",
	} {
		if out := must(t, strings.Fields(args)...); !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("%s: %s", args, out)
		}
	}
}

// TestSolved: Gymnasium's word is for 100 episodes by its own rules.
func TestSolved(t *testing.T) {
	gymnasium := carracing.Limits{MaxSteps: 1000}
	silent := carracing.DefaultOptions()
	silent.ScoreText = false
	for _, c := range []struct {
		episodes int
		mean     float64
		env      carracing.Options
		limits   carracing.Limits
		want     string
	}{
		{100, 900, carracing.DefaultOptions(), gymnasium, "this is solved"},
		{100, 899.9, carracing.DefaultOptions(), gymnasium, "this is not solved"},
		{99, 950, carracing.DefaultOptions(), gymnasium, "this is not that"},
		{100, 950, silent, gymnasium, "this is not that"},
		{100, 950, carracing.DefaultOptions(), carracing.TrainingLimits(), "this is not that"},
	} {
		r := episodesReport{Mean: c.mean, Episodes: make([]carracing.Outcome, c.episodes)}
		if got := r.verdict(c.env, c.limits); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

// TestAnotherScore: a lineage with a score that its own episodes do not give is
// found by play, which shows the episode nevertheless, and by verify.
func TestAnotherScore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "race")
	must(t, append(tinyDrive, "--run-dir", dir)...)
	lineagetest.Rewrite(t, run.LineagePath(dir), func(records []model.Record) {
		best := slices.IndexFunc(records, func(r model.Record) bool { return r.Selected == 0 })
		records[best].Fitness += 0.25
	})
	code, out, errs := call(t, "", "play", dir)
	if code != exitData || !strings.Contains(out, "generation 2, ") || !strings.Contains(errs, "its score is ") {
		t.Errorf("play: exit %d, %s%s", code, out, errs)
	}
	if code, _, errs := call(t, "", "verify", dir); code != exitData || !strings.Contains(errs, "evaluated again its return is") {
		t.Errorf("verify: exit %d, %s", code, errs)
	}
}

// TestViews: each view is the picture of that name.
func TestViews(t *testing.T) {
	e, r := carracing.NewEnv(carracing.DefaultOptions(), 2), carracing.NewRenderer()
	for range 40 {
		e.Step(carracing.Action{0.1, 0.5, 0})
	}
	var full carracing.Picture
	var large carracing.Obs96
	var small carracing.Obs64
	r.Draw(e, &full)
	r.Observe(e, &large, &small)
	draw := views(carracing.NewRenderer())
	for name, want := range map[string]*image.RGBA{"full": full.Image(), "96": large.Image(), "64": small.Image()} {
		if got := draw[name](e); got.Rect != want.Rect || !bytes.Equal(got.Pix, want.Pix) {
			t.Errorf("%s: %v, another picture", name, got.Rect)
		}
	}
}

// TestWatchedAndPlayedDiffer: what was watched must come out again among all
// the episodes.
func TestWatchedAndPlayedDiffer(t *testing.T) {
	n, err := run.LoadNetwork(driverWeights)
	if err != nil {
		t.Fatal(err)
	}
	p, err := n.Policy()
	if err != nil {
		t.Fatal(err)
	}
	d, err := run.DriverDevice(p, n.Layout, "cpu", "auto", "auto", 1)
	if err != nil {
		t.Fatal(err)
	}
	player, err := n.Driver(d, carracing.DefaultOptions(), carracing.Limits{MaxSteps: 2})
	if err != nil {
		t.Fatal(err)
	}
	s := &scored{episodes: []model.Seed{1}}
	if err := s.playAll(context.Background(), player, carracing.Outcome{Seed: 1}); err == nil || !strings.Contains(err.Error(), "report this as a fault") {
		t.Errorf("%v", err)
	}
}
