package study

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/evorank/evorank/stats"
)

// TestPaperTable compares the paper's CarRacing trials as evorank compare
// does. Rank-sum p-values and Glass's deltas are those of the paper (method
// 7.2 b), as far as the table's rounding allows: it makes ties, each of which
// moves U by a half.
func TestPaperTable(t *testing.T) {
	table, err := ReadTable("testdata/carracing-generation40.csv")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		column, baseline     string
		p, pSlack, delta, dx float64
	}{
		{"stage1_seconds", "large dense", 1.8e-5, 0.05e-5, -1.985, 0.002},
		{"stage1_score", "large dense", 1.2e-5, 0.05e-5, -2.365, 0.002},
		{"stage2_seconds", "large dense", 0.548, 0.03, 0.373, 0.005},
		{"best_score", "large dense", 0.820, 0.02, 0.163, 0.002},
		{"best_score", "small dense", 0.0084, 0.0003, 0.91, 0.005},
		{"stage1_seconds", "small dense", 0.66, 0.005, -0.09, 0.005},
	} {
		groups, err := table.Groups("method", c.column, "")
		if err != nil {
			t.Fatal(err)
		}
		report, err := stats.Compare(groups, stats.Options{Method: stats.RankSums, Resamples: 100, Pairs: [][2]string{{"factored", c.baseline}}})
		if err != nil {
			t.Fatal(err)
		}
		if got := report.Pairs[0]; !(math.Abs(float64(got.P)-c.p) <= c.pSlack && math.Abs(float64(got.Glass)-c.delta) <= c.dx) {
			t.Errorf("%s against %s: p %.4g, delta %.4f, want %v and %v", c.column, c.baseline, got.P, got.Glass, c.p, c.delta)
		}
		if len(report.Groups) != 3 || report.Groups[0].N != 15 || report.Groups[0].Name != "large dense" {
			t.Errorf("groups %+v", report.Groups)
		}
	}
}

func TestReadTable(t *testing.T) {
	dir := t.TempDir()
	at := func(name, text string) string {
		path := filepath.Join(dir, name)
		os.WriteFile(path, []byte(text), 0o666)
		return path
	}
	for name, text := range map[string]string{
		"a.csv":   "\ufeffgroup, x\na,1\nb,inf\na,NaN\n",
		"a.json":  `[{"group":"a","x":1},{"group":"b","x":"inf"},{"group":"a","x":null}]`,
		"a.jsonl": "{\"group\":\"a\",\"x\":1}\n{\"group\":\"b\",\"x\":\"inf\"}\n{\"group\":\"a\",\"x\":null}\n",
	} {
		table, err := ReadTable(at(name, text))
		if err != nil {
			t.Fatal(err)
		}
		groups, err := table.Groups("group", "x", "")
		if err != nil || len(groups) != 2 || groups[0].Name != "a" || groups[0].Values[0] != 1 || !math.IsNaN(groups[0].Values[1]) || !math.IsInf(groups[1].Values[0], 1) {
			t.Errorf("%s: %v, %v", name, groups, err)
		}
	}
	for name, c := range map[string]struct{ text, want string }{
		"empty.csv":  {"", "the file is empty"},
		"head.csv":   {"group,x\n", "it has no rows"},
		"twice.csv":  {"group,x,x\na,1,2\n", `two columns are called "x"`},
		"short.csv":  {"group,x\na\n", "line 2"},
		"none.csv":   {"group,y\na,1\n", `no column "x": it has group, y`},
		"word.csv":   {"group,x\na,1\nb,fast\n", `word.csv:3: x: "fast" is not a number`},
		"hole.csv":   {"# note\ngroup,x\na,\n", "hole.csv:3: x is empty: write NaN"},
		"noname.csv": {"group,x\n,1\n", "noname.csv:2: group is empty"},
		"a.txt":      {"group,x\na,1\n", `unknown ending ".txt"`},
		"list.json":  {"[1,2]", "row 1: not an object"},
		"cut.json":   {`[{"group":"a"`, "row 1: unexpected EOF"},
		"bool.json":  {`[{"group":"a","x":true}]`, `"true" is not a number`},
		"lacks.json": {`[{"group":"a","x":1},{"group":"b"}]`, "lacks.json:2: x is empty"},
	} {
		table, err := ReadTable(at(name, c.text))
		if err == nil {
			_, err = table.Groups("group", "x", "")
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}
