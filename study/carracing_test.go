package study

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/evorank/evorank/run"
	"github.com/evorank/evorank/stats"
)

const drivingText = `description: driving for tests
config: carracing-small-dense
set: [generations=2, "search={population: 4, survivors: 2}", "carracing.network={channels: [2, 2, 2, 2], hidden: 4}",
  "carracing.episodes={all: 1, finalists: 3, more: 1, heldout: 1, heldout_every: 1}", "carracing.environment={max_steps: 8, negative_rewards: 4}"]
trials: 2
metric: return_best
also: [heldout_return_best]
conditions:
  - name: dense
  - name: rank 1
    set: ["carracing.encoding={convolutions: factored(1), hidden: factored(1)}"]
  - name: rank 2
    set: ["carracing.encoding={convolutions: factored(2), hidden: factored(2)}"]
`

// TestDrivingStudy: of returns the higher ones are better, everywhere, and
// what they cost is steps.
func TestDrivingStudy(t *testing.T) {
	if testing.Short() {
		t.Skip("drives")
	}
	path := filepath.Join(t.TempDir(), "driving.yaml")
	os.WriteFile(path, []byte(drivingText), 0o666)
	s, err := Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "d")
	clock := time.Unix(0, 0) // so that all trials take the same time
	now := func() time.Time { clock = clock.Add(time.Millisecond); return clock }
	if err := s.Execute(context.Background(), Options{Dir: dir, Run: run.Options{Now: now}}); err != nil {
		t.Fatal(err)
	}
	report := report1(t, s, dir)
	md := text(t, report, "report.md")
	for _, want := range []string{
		"compared by return\\_best (return of the best, higher is better) at generation 2.", "### Comparison of return\\_best, return of the best, higher is better, generation 2\n",
		"return-best-over-steps.svg", "diversity-return.svg", "heldout-return-best-by-trial.svg",
	} {
		if !strings.Contains(md, want) {
			t.Errorf("report.md lacks %q:\n%s", want, md[:strings.Index(md, "## Configs")])
		}
	}
	for _, not := range []string{"nats", "loss", "tokens", "entrop", "No figure"} {
		if strings.Contains(md[:strings.Index(md, "## Trials")], not) {
			t.Errorf("report.md speaks of %s", not)
		}
	}
	svg := text(t, report, "figures", "return-best-over-steps.svg")
	if !strings.Contains(svg, "Return of the best, higher is better") || !strings.Contains(svg, "environment steps") {
		t.Error("the figure does not say what is better, or what its axis is")
	}
	res, err := ReadResults(report)
	if err != nil {
		t.Fatal(err)
	}
	drives, err := ReadGroups([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := drives.Levels(run.Options{}); run.KindOf(err) != run.BadConfig || !strings.Contains(err.Error(), "only texts have entropies") {
		t.Errorf("entropies of drives: %v", err)
	}
	if o := res.Trials[0]; !(o.Steps > 0) || o.Tokens != 0 || o.Task != "carracing" {
		t.Errorf("%+v", o)
	}
	groups, err := ReadGroups([]string{report})
	if err != nil {
		t.Fatal(err)
	}
	if best, std := ScoreKey(groups.Groups, "best"), ScoreKey(groups.Groups, "std"); best != "return_best" || std != "return_std" {
		t.Errorf("scores are %q and %q", best, std)
	}
	a, err := Select(groups.Groups, Question{Metric: "return_best"})
	if err != nil {
		t.Fatal(err)
	}
	if ranks := RanksOf(a); ranks[0].Rank != 0 || ranks[2].Rank != 2 || ranks[2].Label != "2" || rankAxis(ranks) != "rank of the factors" {
		t.Errorf("%v", ranks)
	}
	checkSigns(t, a)
	if n := s.evaluations(0, 2, 4, 0); n != 4*(4+3) {
		t.Errorf("%d evaluations", n)
	}
	loss := tiny(t, "trials: 3", "trials: 1")
	other := filepath.Join(t.TempDir(), "lm")
	execute(t, loss, other, 1)
	mixed := append(groupsIn(t, loss, other)[:1], groups.Groups[0])
	if _, err := Select(mixed, Question{Metric: "generation_seconds"}); run.KindOf(err) != run.BadData || !strings.Contains(err.Error(), "runs of different tasks: ") {
		t.Errorf("driving compared with stories: %v", err)
	}
}

// checkSigns: an effect size is positive where the group's returns are larger,
// and so better; the report's title says which are.
func checkSigns(t *testing.T, a Answer) {
	t.Helper()
	a.Groups = []stats.Group{{Name: "worse", Values: []float64{-3, -2, -1}}, {Name: "better", Values: []float64{10, 12, 14}}}
	a.Doubts = make([][]string, 2)
	r, err := a.Compare(stats.Options{Pairs: [][2]string{{"better", "worse"}}})
	if err != nil || !(r.Pairs[0].Glass > 0) || r.Pairs[0].Cliff != 1 || r.Pairs[0].Median != 14 || !strings.Contains(r.Metric, "higher is better") {
		t.Errorf("%+v, %v", r, err)
	}
}
