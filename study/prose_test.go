package study

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/evorank/evorank/run"
	"github.com/evorank/evorank/stats"
)

// told are results whose numbers can be seen: of dense 4, 5 and 6, of a
// section that has a third condition without trials.
func told(t testing.TB) *Results {
	t.Helper()
	res := &Results{
		Study: Study{
			Metric: "loss_best", Trials: 3, Conditions: []Condition{{Name: "dense"}, {Name: "4/1, c = 1"}, {Name: "later", Trials: 2}},
			Sections: []Section{
				{Name: "Both", Comparisons: [][]string{{"4/1, c = 1", "dense"}, {"later", "dense"}}},
				{Name: "Turned", Comparisons: [][]string{{"dense", "4/1, c = 1"}}},
			},
		},
		Generation: 3, Levels: &run.Levels{Uniform: 7.626, Unigram: 5.78, Bigram: 3.37},
		Conditions: []Setting{{Name: "dense", Parameters: 99}, {Name: "4/1, c = 1", Parameters: 13}, {Name: "later"}},
	}
	for i, name := range []string{"dense", "4/1, c = 1"} {
		for seed := range 3 {
			loss := 4 + float64(seed) - float64(i)*2.5
			res.Trials = append(res.Trials, Outcome{
				Condition: name, Seed: uint64(seed + 1), Status: "done", Generation: 3, Seconds: 6, Setting: name, Task: "lm",
				Values: map[string]stats.Number{"loss_best": stats.Number(loss)},
			})
			res.curves = append(res.curves, Curve{Condition: name, Seed: uint64(seed + 1), Rows: []Row{
				{"generation": 1, "loss_best": loss + 10}, {"generation": 3, "loss_best": loss},
			}})
		}
	}
	if err := res.analyse(); err != nil {
		t.Fatal(err)
	}
	return res
}

// TestStale: a number that is not the results' is found, and one that does not
// say where it comes from.
func TestStale(t *testing.T) {
	res := told(t)
	for text, want := range map[string]string{
		"5.00<!-- median loss_best | dense --> nats, of 3<!-- n loss_best | dense --> trials":                                                                   "",
		"5.01<!-- median loss_best | dense -->":                                                                                                                 "line 1: it says 5.01, the results say 5.00 (median loss_best | dense)",
		"\nx\n15<!--median loss_best@1|dense-->, 5.0<!-- mean loss_best | dense -->":                                                                            "",
		"−2.5<!-- difference loss_best | 4/1, c = 1 | dense -->":                                                                                                "",
		"2.5<!-- difference loss_best | 4/1, c = 1 | dense -->":                                                                                                 "it says 2.5, the results say -2.5",
		"-2.50<!-- difference loss_best@1 | 4/1, c = 1 | dense -->":                                                                                             "",
		"0.10<!-- p loss_best | 4/1, c = 1 | dense -->":                                                                                                         "",
		"0.78<!-- unigram minus median loss_best | dense -->":                                                                                                   "",
		"1.00<!-- sd loss_best | dense -->, 4<!-- min loss_best | dense -->, 6<!-- max loss_best | dense -->":                                                   "",
		"50 %<!-- median loss_best | 4/1, c = 1 over median loss_best | dense -->":                                                                              "",
		"2.0<!-- median generation_seconds | dense --> s, 6<!-- trials --> of 8<!-- wanted --> trials":                                                          "",
		"4.0<!-- low loss_best | dense --> to 6.0<!-- high loss_best | dense -->":                                                                               "",
		"0.10<!-- p loss_best | 4/1, c = 1@1 | dense@3 -->, 7.50<!-- difference loss_best | 4/1, c = 1@1 | dense@3 -->":                                         "",
		"15<!-- median loss_best | dense@1 -->, 0.050<!-- ranksums loss_best | 4/1, c = 1 | dense -->, 0.25<!-- signed-rank loss_best | 4/1, c = 1 | dense -->": "",
		"0.20<!-- holm-all loss_best | 4/1, c = 1 | dense -->, 0.10<!-- holm loss_best | 4/1, c = 1 | dense -->, 0.05<!-- kruskal loss_best | Both -->":         "",
		"0.10<!-- holm-all loss_best | dense | later -->":                                                                                                       "no section compares",
		"0.10<!-- kruskal loss_best | None -->":                                                                                                                 `section "None"`,
		"0.10<!-- kruskal heldout_loss_best | Both -->":                                                                                                         "no test of heldout_loss_best over all its conditions",
		"3.0<!-- median loss_best | later -->":                                                                                                                  "condition later has no trials yet",
		"3.0<!-- median loss_best | nobody -->":                                                                                                                 `"nobody" is none of the study's`,
		"3.0<!-- median loss_best@2 | dense -->":                                                                                                                "no loss_best of generation 2",
		"3.0<!-- median loss_best@x | dense -->":                                                                                                                `"x" is not a generation`,
		"3.0<!-- mode loss_best | dense -->":                                                                                                                    `"mode": no such quantity of a condition`,
		"3.0<!-- p loss_best | dense | later -->":                                                                                                               "no section compares",
		"3.0<!-- entropy -->":                          `"entropy": no such quantity of the study`,
		"3.0<!-- p loss_best | a | b | c -->":          "too many conditions",
		"5.77 nats":                                    "line 1: 5.77 does not say where it comes from",
		"5.77<!-- from the paper --> and `0.0442`":     "",
		"see [1.5](a/b1.5.md)":                         "1.5 does not say",
		"<!-- pairs Both -->\n1.23\n<!-- end -->\n9.9": "line 4: 9.9 does not say",
	} {
		stale := strings.Join(Prose{text}.Stale(res), "; ")
		if want == "" && stale != "" || !strings.Contains(stale, want) {
			t.Errorf("%q: %q, want %q", text, stale, want)
		}
	}
}

// TestRenumber changes numbers that are not the results', and nothing else.
func TestRenumber(t *testing.T) {
	res := told(t)
	text := "5.0<!-- median loss_best | dense --> and 0.00<!-- difference loss_best | 4/1, c = 1 | dense -->, -2.5<!-- difference loss_best | 4/1, c = 1 | dense -->, " +
		"7 %<!-- median loss_best | 4/1, c = 1 over median loss_best | dense -->, 1.5<!-- from the paper -->, 9.9<!-- median loss_best | later -->, 9.9"
	want := "5.0<!-- median loss_best | dense --> and −2.50<!-- difference loss_best | 4/1, c = 1 | dense -->, -2.5<!-- difference loss_best | 4/1, c = 1 | dense -->, " +
		"50 %<!-- median loss_best | 4/1, c = 1 over median loss_best | dense -->, 1.5<!-- from the paper -->, 9.9<!-- median loss_best | later -->, 9.9"
	if got := (Prose{text}).Renumber(res).Text; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestFill writes the tables, and nothing else.
func TestFill(t *testing.T) {
	res := told(t)
	text, err := Prose{"a\n<!-- conditions Both -->\nold\n<!-- end -->\nb\n<!-- pairs Both -->\n<!-- end -->\nc"}.Fill(res)
	if err != nil {
		t.Fatal(err)
	}
	want := `a
<!-- conditions Both -->

| condition | parameters | trials | loss of the best, median \[95 %\] | above unigram | above bigram | s a generation |
| --- | --- | --- | --- | --- | --- | --- |
| dense | 99 | 3 | 5.000 \[4.000, 6.000\] | -0.780 | +1.630 | 2.000 |
| 4/1, c = 1 | 13 | 3 | 2.500 \[1.500, 3.500\] | -3.280 | -0.870 | 2.000 |
| later |  | 0 of 2 | – | – | – | – |

<!-- end -->
b
<!-- pairs Both -->

| comparison | difference of medians \[95 %\] | p | p (Holm) | Glass's δ | Cliff's δ |
| --- | --- | --- | --- | --- | --- |
| 4/1, c = 1 − dense | -2.500 \[-4.500, -0.500\] | 0.1000 | 0.1000 | -3.1 | -1.00 |

<!-- end -->
c`
	if text.Text != want {
		t.Errorf("got\n%s", text.Text)
	}
	if again, err := text.Fill(res); err != nil || again != text {
		t.Errorf("filled again it is\n%s", again.Text)
	}
	if _, err := (Prose{"<!-- pairs None -->\n<!-- end -->"}).Fill(res); run.KindOf(err) != run.BadConfig || !strings.Contains(err.Error(), `section "None"`) {
		t.Errorf("%v", err)
	}
}

// TestPaperStudyIsToldRight: the page about the paper's language models has the
// tables and numbers of the results beside it.
func TestPaperStudyIsToldRight(t *testing.T) {
	const page, results = "../docs/results/tinystories.md", "../docs/results/tinystories"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	res, err := ReadResults(results)
	if err != nil {
		t.Fatal(err)
	}
	prose := Prose{string(text)}
	filled, err := prose.Fill(res)
	if err != nil {
		t.Fatal(err)
	}
	if filled != prose {
		t.Errorf("%s: its tables are not those of the results", page)
	}
	if stale := prose.Stale(res); len(stale) > 0 {
		t.Errorf("%s: evorank study report --from docs/results/tinystories --text docs/results/tinystories.md:\n%s", page, strings.Join(stale, "\n"))
	}
	if n := len(sourced.FindAllString(string(text), -1)); n < 20 {
		t.Errorf("only %d numbers of the page are checked", n)
	}
	report, err := os.ReadFile(results + "/report.md")
	if err != nil {
		t.Fatal(err)
	}
	d, figures := res.document()
	var again bytes.Buffer
	if err := d.writeMarkdown(&again); err != nil || again.String() != string(report) {
		t.Errorf("%s/report.md is not what its summary.json and curves.csv give (%v)", results, err)
	}
	for _, f := range figures {
		svg, err := os.ReadFile(fmt.Sprintf("%s/figures/%s.svg", results, f.name))
		if got, want := wordsIn(string(svg)), words(t, f.drawing, nil); err != nil || got != want {
			t.Errorf("figure %s says %q, and its summary.json and curves.csv %q (%v)", f.name, got, want, err)
		}
	}
	for _, o := range res.Trials {
		if len(o.Lineage) != 64 || len(o.Config) != 16 {
			t.Errorf("%s, seed %d: no digests: %s", o.Condition, o.Seed, fmt.Sprint(o.Lineage, o.Config))
		}
	}
}
