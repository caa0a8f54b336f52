package study

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/evorank/evorank/configs"
	"github.com/evorank/evorank/run"
	"github.com/evorank/evorank/stats"
)

// made is a run that was never run: four generations with losses from 5 down,
// held-out ones in every second, changed by the functions.
func made(t testing.TB, name string, seed uint64, changes ...func(*Run)) *Run {
	t.Helper()
	cfg, err := configs.Load("lm-quick", []string{fmt.Sprintf("seed=%d", seed)})
	if err != nil {
		t.Fatal(err)
	}
	if name != "" {
		cfg.LM.Encoding.Embedding.Rank = 1 + len(name) // another condition
	}
	r := &Run{Dir: fmt.Sprintf("runs/%s/%d", name, seed), Config: cfg, Manifest: run.Manifest{
		Status: run.Done, Device: "cpu (avx2)", DeviceKind: "avx2", Precision: "fp32", Host: "h", Version: "1",
		DataDigest: "d", HeldoutDigest: "e", TokenizerDigest: "t", Stories: 4, HeldoutStories: 2,
	}}
	for g := 1; g <= 4; g++ {
		row := Row{"generation": float64(g), "loss_best": 5 - float64(g)/10 + float64(seed)/100 + float64(len(name))/10, "generation_seconds": 1, "tokens_scored": 10}
		if g%2 == 0 {
			row["heldout_loss_best"] = row["loss_best"] + 1
		}
		r.Rows = append(r.Rows, row)
	}
	for _, change := range changes {
		change(r)
	}
	return r
}

// two groups of three trials, the last trial of b changed.
func twoGroups(t testing.TB, changes ...func(*Run)) []Group {
	return []Group{
		{"a", []*Run{made(t, "a", 1), made(t, "a", 2), made(t, "a", 3)}},
		{"bb", []*Run{made(t, "bb", 1), made(t, "bb", 2), made(t, "bb", 3, changes...)}},
	}
}

func TestSelect(t *testing.T) {
	a, err := Select(twoGroups(t), Question{Metric: "heldout_loss_best", Generation: 2})
	if err != nil {
		t.Fatal(err)
	}
	want := []stats.Group{{Name: "a", Values: []float64{5.91, 5.92, 5.93}}, {Name: "bb", Values: []float64{6.01, 6.02, 6.03}}}
	for i, g := range a.Groups {
		if g.Name != want[i].Name || !slices.EqualFunc(g.Values, want[i].Values, func(x, y float64) bool { return math.Abs(x-y) < 1e-12 }) {
			t.Errorf("%v, want %v", g, want[i])
		}
	}
	if len(a.Doubts[0])+len(a.Doubts[1])+len(a.Caveats) != 0 {
		t.Errorf("doubts of nothing: %+v", a)
	}
	if a, err := Select(twoGroups(t), Question{Metric: "loss_best"}); err != nil || a.Generation != 4 {
		t.Errorf("the last generation is %d (%v)", a.Generation, err)
	}
}

// TestIncomparable: what no caveat can mend is an error that names the runs.
func TestIncomparable(t *testing.T) {
	short := func(r *Run) { r.Rows, r.Manifest.Status = r.Rows[:2], run.Interrupted }
	for name, c := range map[string]struct {
		change func(*Run)
		q      Question
		want   string
	}{
		"task":            {func(r *Run) { r.Config.Task = "chess" }, Question{Metric: "unfit"}, "runs of different tasks: runs/a/1 is of lm, runs/bb/3 of chess"},
		"text":            {func(r *Run) { r.Manifest.DataDigest = "x" }, Question{Metric: "loss_best"}, "runs on different texts"},
		"tokenizer":       {func(r *Run) { r.Manifest.TokenizerDigest = "x" }, Question{Metric: "loss_best"}, "different tokenizers"},
		"held-out text":   {func(r *Run) { r.Manifest.HeldoutStories = 9 }, Question{Metric: "heldout_loss_best"}, "runs/bb/3 has 9"},
		"unknown metric":  {nil, Question{Metric: "loss_bets"}, `run runs/a/1: no metric "loss_bets": did you mean loss_best? It has generation_seconds, heldout_loss_best, loss_best, tokens_scored`},
		"not then":        {nil, Question{Metric: "heldout_loss_best", Generation: 3}, "no heldout_loss_best of generation 3: the nearest generation that has it is 2"},
		"no generation":   {nil, Question{Metric: "loss_best", Generation: 9}, "run runs/a/1: no generation 9: its last is 4 (done)"},
		"unfinished":      {short, Question{Metric: "loss_best", Generation: 4}, "run runs/bb/3: no generation 4: its last is 2 (stopped)"},
		"lasts differ":    {short, Question{Metric: "loss_best"}, "the runs end at different generations, from 2 to 4: name one with --generation"},
		"nothing yet":     {func(r *Run) { r.Rows = nil }, Question{Metric: "loss_best"}, "from 0 to 4"},
		"same directory":  {func(r *Run) { r.Dir = "runs/../runs/a/1" }, Question{Metric: "loss_best"}, "counts twice: in group a and in group bb"},
		"the same trial":  {func(r *Run) { r.Config.Seed = 1 }, Question{Metric: "loss_best"}, "are the same trial"},
		"another's group": {func(r *Run) { r.Dir = "runs/bb/2" }, Question{Metric: "loss_best"}, "counts twice: in group bb and in group bb"},
	} {
		change := c.change
		if change == nil {
			change = func(*Run) {}
		}
		_, err := Select(twoGroups(t, change), c.q)
		if run.KindOf(err) != run.BadData || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	if _, err := Select([]Group{{Name: "none"}}, Question{Metric: "loss_best"}); err == nil || !strings.Contains(err.Error(), "group none has no runs") {
		t.Errorf("an empty group: %v", err)
	}
}

// TestDoubts: what a reader should know stands in the report, with the group
// it is about; a value that is not a number is not left out.
func TestDoubts(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(*Run)
		q       Question
		inGroup string
		overall string
	}{
		"unfinished":    {func(r *Run) { r.Manifest.Status = run.Running }, Question{Metric: "loss_best"}, "1 of 3 runs are not finished", ""},
		"mixed devices": {func(r *Run) { r.Manifest.DeviceKind = "sm_90" }, Question{Metric: "loss_best"}, "mixed devices or precisions: 2 × avx2 fp32, 1 × sm_90 fp32", "5 × avx2 fp32, 1 × sm_90 fp32"},
		"precision":     {func(r *Run) { r.Manifest.Precision = "fp64" }, Question{Metric: "loss_best"}, "1 × avx2 fp64", "1 × avx2 fp64"},
		"other config":  {func(r *Run) { r.Config.Mutation.BiasRate = 0.5 }, Question{Metric: "loss_best"}, "differ in more than their seeds", ""},
		"versions":      {func(r *Run) { r.Manifest.Version = "2" }, Question{Metric: "loss_best"}, "", "different versions of the program: 5 × 1, 1 × 2"},
		"machines":      {func(r *Run) { r.Manifest.Host = "i" }, Question{Metric: "generation_seconds"}, "", "times of different machines"},
		"NaN":           {func(r *Run) { r.Rows[3]["loss_best"] = math.NaN() }, Question{Metric: "loss_best"}, "1 of 3 values are NaN or infinite", "1 of 3 values are NaN or infinite"},
		"left out":      {func(r *Run) { r.Rows = r.Rows[:3] }, Question{Metric: "loss_best", Generation: 4, AllowMissing: true}, "1 of 3 runs left out, they have no loss_best of generation 4: 3", ""},
		"one trial":     {func(r *Run) { r.Rows = nil }, Question{Metric: "loss_best", Generation: 4, AllowMissing: true}, "1 of 3 runs left out", ""},
	} {
		groups := twoGroups(t, c.change)
		a, err := Select(groups, c.q)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		report, err := a.Compare(stats.Options{Resamples: 200})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if all := strings.Join(report.Groups[1].Caveats, "\n"); !strings.Contains(all, c.inGroup) {
			t.Errorf("%s: group: %q, want %s", name, all, c.inGroup)
		}
		if all := strings.Join(report.Overall.Caveats, "\n"); !strings.Contains(all, c.overall) {
			t.Errorf("%s: overall: %q, want %s", name, all, c.overall)
		}
		if len(report.Groups[0].Caveats) != 1 { // few values, and nothing else
			t.Errorf("%s: the other group has %q", name, report.Groups[0].Caveats)
		}
		var text strings.Builder
		report.WriteText(&text)
		if !strings.Contains(text.String(), c.inGroup) || !strings.Contains(text.String(), c.overall) {
			t.Errorf("%s: not in the printed report:\n%s", name, &text)
		}
	}
	twins := []Group{{"a", []*Run{made(t, "", 1), made(t, "", 2)}}, {"b", []*Run{made(t, "", 3), made(t, "", 4)}}}
	if a, err := Select(twins, Question{Metric: "loss_best"}); err != nil || !slices.Contains(a.Caveats, "a and b are the same experiment") {
		t.Errorf("one experiment under two names: %v, %v", a.Caveats, err)
	}
}

// TestDirection: the heading says which values are better.
func TestDirection(t *testing.T) {
	a, err := Select(twoGroups(t), Question{Metric: "loss_best"})
	if err != nil {
		t.Fatal(err)
	}
	report, err := a.Compare(stats.Options{})
	if err != nil || report.Metric != "loss_best, loss of the best, lower is better, generation 4" || report.Unit != "nats" {
		t.Errorf("%q, %q, %v", report.Metric, report.Unit, err)
	}
}
