package study

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/evorank/evorank/run"
)

// TestReportOfAnUnfinishedStudy says what is missing, beside the numbers.
func TestReportOfAnUnfinishedStudy(t *testing.T) {
	s, dir := tiny(t), filepath.Join(t.TempDir(), "d")
	if _, err := s.Collect(dir); run.KindOf(err) != run.BadData || !strings.Contains(err.Error(), "has no runs") {
		t.Errorf("nothing begun: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	seen := 0
	s.Execute(ctx, Options{Dir: dir, Watch: func(e Event) {
		if e.Progress != nil {
			if seen++; seen == 7*6+2 { // of the 8th trial, the second generation
				cancel()
			}
		}
	}})
	report := report1(t, s, dir)
	md := text(t, report, "report.md")
	for _, want := range []string{
		"## Mind", "- preliminary: 7 of 9 trials; missing: dense 1 of 3; 4/3 1 of 3", "- left out, they have not come to generation 6: dense, seed 3 (at 2)",
		"| dense \\[2\\] | 2 |", "2 values: bootstrap intervals of fewer than 5 are too narrow",
	} {
		if !strings.Contains(md, want) {
			t.Errorf("report.md lacks %q:\n%s", want, md[:strings.Index(md, "## Configs")])
		}
	}
	for _, name := range []string{fileTrials, fileCurves} {
		if kept := text(t, report, name); strings.Contains(kept, "dense,3,") || !strings.Contains(kept, "dense,2,") {
			t.Errorf("%s: a trial on its way is in it, or one that arrived is not:\n%s", name, kept)
		}
	}
	res, err := s.Collect(dir)
	if err != nil {
		t.Fatal(err)
	}
	for words, want := range map[string]float64{"trials": 7, "wanted": 9, "n loss_best@1 | dense": 2, "n generation_seconds | dense": 2} {
		if got, err := res.quantity(words); got != want || err != nil {
			t.Errorf("%s: %v, want %v (%v)", words, got, want, err)
		}
	}
	longer, err := Load(dir, []string{"generations=8"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := longer.Collect(dir); run.KindOf(err) != run.BadData || !strings.Contains(err.Error(), "no trial has come to generation 8, that is compared; the last is at 6") {
		t.Errorf("nothing to compare: %v", err)
	}
	a := groupsIn(t, s, dir)
	if _, err := Select(a, Question{Metric: "loss_best"}); err == nil {
		t.Error("compare takes the last generations, which differ")
	}
}

func TestSentence(t *testing.T) {
	for text, want := range map[string]string{"what of it": "What of it.", "So it is.": "So it is.", "does it matter?": "Does it matter?"} {
		if got := sentence(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
