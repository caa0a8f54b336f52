package study

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/evorank/evorank/run"
)

const sectionsText = `sections:
  - name: Encodings
    about: what factors do
    comparisons: [[4/3, dense], ["Factored, 2/1", dense]]
  - name: Ranks
    conditions: ["Factored, 2/1", 4/3]
    baseline: 4/3
    figures: [against-rank, loss-best-by-trial]
  - name: Factors
    comparisons: [["Factored, 2/1", dense], ["Factored, 2/1", 4/3]]
    close_up: ["Factored, 2/1", 4/3]
    figures: [loss-best-by-trial, loss-best-by-trial-close-up]
`

var withSections = []string{`comparisons: [["Factored, 2/1", dense], [4/3, "Factored, 2/1"]]` + "\n", sectionsText}

// TestSections: each has tables, tests and figures of its own conditions, and
// trials that several share are run once.
func TestSections(t *testing.T) {
	s := tiny(t, append([]string{"  - name: dense\n", "  - name: dense\n    trials: 2\n"}, withSections...)...)
	got := s.sections()
	if strings.Join(got[0].Conditions, ";") != "Factored, 2/1;dense;4/3" || strings.Join(got[1].Conditions, ";") != "Factored, 2/1;4/3" {
		t.Errorf("%+v", got)
	}
	dir := filepath.Join(t.TempDir(), "d")
	if began := executed(t, s, Options{Dir: dir, Only: []string{"dense", "4/3"}}); len(began) != 5 {
		t.Errorf("%v", began)
	}
	md := text(t, report1(t, s, dir), "report.md")
	for _, want := range []string{
		"missing: Factored, 2/1 3 of 3", "## Encodings\n\nWhat factors do.\n\nNo trials yet of: Factored, 2/1.", "| 4/3 against dense ",
		"encodings-loss-best-by-trial.svg", "## Ranks\n\nNo trials yet of: Factored, 2/1.\n\n## Factors\n\nNo trials yet of: Factored, 2/1.\n\n## Trials", "2 to 3 trials each", "| Factored, 2/1 | lm-quick |",
	} {
		if !strings.Contains(md, want) {
			t.Errorf("report.md lacks %q:\n%s", want, md)
		}
	}
	if strings.Contains(md, "Factored, 2/1 against") {
		t.Error("a comparison with nothing")
	}
	execute(t, s, dir, 2)
	report := report1(t, s, dir)
	md = text(t, report, "report.md")
	for _, want := range []string{"| Factored, 2/1 against dense ", "| Factored, 2/1 against 4/3 ", "p (Holm) is corrected over 2 comparisons", "ranks-against-rank.svg", "factors-loss-best-by-trial.svg", "factors-loss-best-by-trial-close-up.svg"} {
		if !strings.Contains(md, want) {
			t.Errorf("report.md lacks %q:\n%s", want, md)
		}
	}
	near := text(t, report, "figures/factors-loss-best-by-trial-close-up.svg")
	if all := text(t, report, "figures/factors-loss-best-by-trial.svg"); strings.Contains(near, ">dense<") || !strings.Contains(near, ">4/3<") || !strings.Contains(all, ">dense<") {
		t.Error("the close-up is not of its conditions alone")
	}
	if strings.Contains(md, "ranks-diversity") || strings.Count(md, "](figures/ranks-") != 2 {
		t.Errorf("figures that were not asked for:\n%s", md)
	}
	if strings.Contains(md, "preliminary") || strings.Count(md, "| dense | ") != 3 { // condition, two trials
		t.Errorf("%d lines of dense:\n%s", strings.Count(md, "| dense | "), md)
	}
	if res, err := ReadResults(report); err != nil || len(res.Sections) != 3 || len(res.Sections[1].Reports[0].Groups) != 2 {
		t.Errorf("read back: %v", err)
	}
}

// TestRefusedSections: one line that says which and why.
func TestRefusedSections(t *testing.T) {
	whole := strings.NewReplacer(withSections...).Replace(tinyText)
	for _, c := range []struct{ old, new, want string }{
		{"[[4/3, dense]", "[[4/4, dense]", `section Encodings: conditions: "4/4" is none of the study's`},
		{"baseline: 4/3", "baseline: dense", `section Ranks: baseline: "dense" is none of the conditions`},
		{"name: Ranks", "name: encodings", `section 2: name: "encodings": give each a name of its own`},
		{"name: Ranks", "nama: Ranks", "unknown key nama: want one of name, about, conditions, baseline, comparisons, figures, close_up"},
		{"[against-rank", "[against-time", `section Ranks: figures: "against-time": want some of against-rank, `},
		{`close_up: ["Factored, 2/1", 4/3]`, "close_up: [nobody]", `section Factors: close_up: "nobody" is none of the conditions`},
		{"sections:", "baseline: dense\nsections:", "baseline and comparisons belong into them"},
		{"    about: what factors do", "    trials: 3", "unknown key trials"},
	} {
		path := filepath.Join(t.TempDir(), "x.yaml")
		text := strings.Replace(whole, c.old, c.new, 1)
		if text == whole {
			t.Fatalf("%q is not in the text", c.old)
		}
		os.WriteFile(path, []byte(text), 0o666)
		if _, err := Load(path, nil); run.KindOf(err) != run.BadConfig || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q:\n got %v\nwant %s", c.new, err, c.want)
		}
	}
}
