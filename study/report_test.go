package study

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/evorank/evorank/run"
)

// reported carries out the tiny study and writes its report.
func reported(t testing.TB) (s *Study, dir, report string) {
	t.Helper()
	s, dir = tiny(t), filepath.Join(t.TempDir(), "d")
	clock := time.Unix(0, 0) // so that all trials take the same time
	now := func() time.Time { clock = clock.Add(time.Millisecond); return clock }
	if err := s.Execute(context.Background(), Options{Dir: dir, Run: run.Options{Now: now}}); err != nil {
		t.Fatal(err)
	}
	return s, dir, report1(t, s, dir)
}

func report1(t testing.TB, s *Study, dir string) string {
	t.Helper()
	res, err := s.Collect(dir)
	if err != nil {
		t.Fatal(err)
	}
	report := filepath.Join(dir, "report")
	if err := res.Write(report); err != nil {
		t.Fatal(err)
	}
	return report
}

// groupsIn returns the conditions with the trials that were begun.
func groupsIn(t testing.TB, s *Study, dir string) []Group {
	t.Helper()
	states, err := s.States(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s.groupsOf(states)
}

func text(t testing.TB, path ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestReport(t *testing.T) {
	s, dir, report := reported(t)
	md, page := text(t, report, "report.md"), text(t, report, "report.html")
	for _, want := range []string{
		"# Study tiny", "A study for tests.", "3 conditions, 3 trials each with seeds 1 to 3, compared by loss\\_best (loss of the best, lower is better) at generation 6.",
		"the unigram entropy is ", "| Factored, 2/1 against dense ", "### Comparison of heldout\\_loss\\_best,", "3 values: bootstrap intervals of fewer than 5 are too narrow",
		"p cannot be below 0.1, so this test cannot reject at 0.05", "embedding: factored(4)",
	} {
		if !strings.Contains(md, want) {
			t.Errorf("report.md lacks %q:\n%s", want, md)
		}
	}
	if strings.Contains(md, "## Mind") {
		t.Error("caveats about a study of which nothing is doubtful")
	}
	figures := regexp.MustCompile(`!\[.*\]\((.*)\)`).FindAllStringSubmatch(md, -1)
	if len(figures) != 9 { // two metrics over generations and by trial, one over seconds and tokens, rank, two of diversity
		t.Errorf("%d figures: %v", len(figures), figures)
	}
	for _, f := range figures {
		if info, err := os.Stat(filepath.Join(report, strings.TrimSuffix(f[1], ".svg")+".png")); err != nil || info.Size() < 1000 {
			t.Errorf("%s as PNG: %v", f[1], err)
		}
		svg := text(t, report, f[1])
		if !strings.Contains(page, svg[strings.Index(svg, "<svg"):strings.Index(svg, "</svg>")]) {
			t.Errorf("%s is not in report.html", f[1])
		}
	}
	checkSelfContained(t, page)
	checkTrials(t, s, dir, report)
}

// checkSelfContained: the page refers to no other file, and is well formed.
func checkSelfContained(t *testing.T, page string) {
	t.Helper()
	if m := regexp.MustCompile(`(?i)(src=|href=|url\(|@import|<script)`).FindString(page); m != "" {
		t.Errorf("report.html is not one file: it has %s", m)
	}
	decoder := xml.NewDecoder(strings.NewReader(regexp.MustCompile(`<(meta|!DOCTYPE)[^>]*>`).ReplaceAllString(page, "")))
	for {
		_, err := decoder.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatalf("report.html: %v", err)
		}
	}
}

// checkTrials: the tidy table has what the runs have, all digits.
func checkTrials(t *testing.T, s *Study, dir, report string) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text(t, report, fileTrials))).ReadAll()
	if err != nil || len(rows) != 1+9 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	groups := groupsIn(t, s, dir)
	at := 1
	for _, g := range groups {
		for _, r := range g.Runs {
			row := rows[at]
			at++
			loss, _ := strconv.ParseFloat(row[column["loss_best"]], 64)
			heldout, _ := strconv.ParseFloat(row[column["heldout_loss_best"]], 64)
			digest, _ := lineageDigest(r.Dir)
			if row[column["condition"]] != g.Name || row[column["seed"]] != strconv.FormatUint(r.Config.Seed, 10) || row[column["status"]] != "done" ||
				loss != r.At(6)["loss_best"] || heldout != r.At(6)["heldout_loss_best"] || row[column["lineage_sha256"]] != digest || len(digest) != 64 {
				t.Errorf("%s: row %v", r.Dir, row)
			}
		}
	}
}

// TestReportAgain: summary.json and curves.csv give the same report again, to
// the byte, and the statistics are computed again from the trials.
func TestReportAgain(t *testing.T) {
	_, _, report := reported(t)
	res, err := ReadResults(report)
	if err != nil {
		t.Fatal(err)
	}
	again := t.TempDir()
	if err := res.Write(again); err != nil {
		t.Fatal(err)
	}
	compared := 0
	err = filepath.WalkDir(report, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(report, path)
		compared++
		if text(t, path) != text(t, again, name) {
			t.Errorf("%s differs", name)
		}
		return nil
	})
	if err != nil || compared != 5+18 {
		t.Errorf("%d files compared, %v", compared, err)
	}
	summary := text(t, report, fileSummary)
	var object map[string]any
	json.Unmarshal([]byte(summary), &object)
	object["trials"].([]any)[0].(map[string]any)["values"] = map[string]any{"loss_best": nil}
	changed, _ := json.Marshal(object)
	os.WriteFile(filepath.Join(again, fileSummary), changed, 0o666)
	if res, err = ReadResults(again); err != nil || res.Sections[0].Reports[0].Groups[0].Median.Known() || res.Sections[0].Reports[1].Groups[0].N != 2 {
		t.Errorf("a trial's values were changed, and the statistics were not: %v", err)
	}
	for name, bad := range map[string]string{"not JSON": "x", "not a summary": "{}", "cut": summary[:len(summary)/2]} {
		os.WriteFile(filepath.Join(again, fileSummary), []byte(bad), 0o666)
		if _, err := ReadResults(again); run.KindOf(err) != run.BadData {
			t.Errorf("%s: %v", name, err)
		}
	}
	os.WriteFile(filepath.Join(again, fileSummary), []byte(summary), 0o666)
	os.Remove(filepath.Join(again, fileCurves))
	if _, err := ReadResults(again); run.KindOf(err) != run.BadData || !strings.Contains(err.Error(), fileCurves) {
		t.Errorf("no curves: %v", err)
	}
}

// TestReportOfOneCondition has values and figures, and compares nothing.
func TestReportOfOneCondition(t *testing.T) {
	s, dir := tiny(t), filepath.Join(t.TempDir(), "d")
	s.Conditions, s.Comparisons = s.Conditions[:1], nil
	if err := s.SetTrials(1); err != nil {
		t.Fatal(err)
	}
	execute(t, s, dir, 1)
	report := report1(t, s, dir)
	if md := text(t, report, "report.md"); strings.Contains(md, "## Comparisons") || !strings.Contains(md, "loss-best-by-trial.svg") {
		t.Errorf("report.md:\n%s", md)
	}
	if _, err := ReadResults(report); err != nil {
		t.Error(err)
	}
}

// TestReportsNameNoFolders of the machine that they were made on.
func TestReportsNameNoFolders(t *testing.T) {
	data := t.TempDir()
	for _, name := range []string{"stories.txt", "held.txt"} {
		os.WriteFile(filepath.Join(data, name), []byte("the fox ran\nthe bear sat and sat\n"), 0o666)
	}
	first := tiny(t)
	dir := filepath.Join(t.TempDir(), "d")
	execute(t, first, dir, 1)
	tokenizer := filepath.Join(data, "tok.json") // any will do
	os.WriteFile(tokenizer, []byte(text(t, first.Plan(dir)[0].Dir, "tokenizer.json")), 0o666)
	at := func(name string) string { return filepath.Join(data, name) }
	s, err := Load(dir, []string{"lm.data.text=" + at("stories.txt"), "lm.data.heldout=" + at("held.txt"), "lm.data.tokenizer=" + tokenizer, "lm.data.end_of_text=false"})
	if err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(t.TempDir(), "e")
	t.Chdir(t.TempDir()) // tokenized text is kept there
	execute(t, s, fresh, 1)
	report := report1(t, s, fresh)
	for _, name := range []string{"report.md", "report.html", fileSummary, fileTrials, fileCurves} {
		if strings.Contains(text(t, report, name), filepath.Dir(data)) {
			t.Errorf("%s names a folder", name)
		}
	}
	if !strings.Contains(text(t, report, "report.md"), "text: stories.txt") {
		t.Error("the text is not named")
	}
}

// TestCurves: costs add up, and what nobody knows is said.
func TestCurves(t *testing.T) {
	rows := []Row{
		{"generation": 1, "generation_seconds": 2, "tokens_scored": 10, "loss_best": 5},
		{"generation": 2, "generation_seconds": math.NaN(), "tokens_scored": math.NaN(), "loss_best": 4},
		{"generation": 3, "generation_seconds": 1, "tokens_scored": 5},
	}
	r := Run{Rows: rows}
	r.sumUp()
	got := r.Rows
	if got[0][keySeconds] != 2 || got[1][keySeconds] != 2 || got[2][keySeconds] != 3 || got[2][keyTokens] != 15 {
		t.Errorf("%v", got)
	}
	sets := []curveSet{{"a", [][]Row{got}}}
	f := func(v View) (string, error) {
		figure, err := drawCurves(nil, sets, v)
		if err != nil {
			return "", err
		}
		var b bytes.Buffer
		err = figure.Write(&b, "svg")
		return b.String(), err
	}
	svg, err := f(View{Metric: "loss_best", Axis: keySeconds, Band: "median-bootstrap"})
	if err != nil || !strings.Contains(svg, "the cost of 1 generations is unknown") {
		t.Errorf("unknown costs are not mentioned: %v", err)
	}
	if svg, err = f(View{Metric: "loss_best", Axis: keyGeneration, Band: "median-bootstrap"}); err != nil || strings.Contains(svg, "unknown") || !strings.Contains(svg, "loss of the best (nats)") {
		t.Errorf("over generations: %v", err)
	}
	if _, err := f(View{Metric: "loss", Axis: keyGeneration, Band: "median-bootstrap"}); err == nil || !strings.Contains(err.Error(), "no loss in a trial of 3 generations: it has") {
		t.Errorf("no such metric: %v", err)
	}
	if _, err := f(View{Metric: "loss_best", Axis: "days", Band: "median-bootstrap"}); run.KindOf(err) != run.BadConfig {
		t.Errorf("no such axis: %v", err)
	}
	got[1]["loss_best"] = math.Inf(1)
	if _, err := f(View{Metric: "loss_best", Axis: keyGeneration, Band: "median-bootstrap"}); run.KindOf(err) != run.BadData || !strings.Contains(err.Error(), "NaN or infinite in 1 generations") {
		t.Errorf("an infinite loss: %v", err)
	}
}

// TestFounders: every survivor descends from a founder, fewer and fewer of
// them; the tree of the same run has them as its roots.
func TestFounders(t *testing.T) {
	s, dir := tiny(t, "trials: 3", "trials: 1", "survivors: 2", "survivors: 4"), filepath.Join(t.TempDir(), "d")
	execute(t, s, dir, 1)
	path := run.LineagePath(s.Plan(dir)[0].Dir)
	counts, err := survivingFounders(path)
	if err != nil || len(counts) != 6 || counts[0] != 4 {
		t.Fatalf("%v, %v", counts, err)
	}
	nodes, generations, err := survivors(path)
	if err != nil || generations != 6 {
		t.Fatalf("%d generations, %v", generations, err)
	}
	root := map[uint64]uint64{}
	alive := map[uint64]bool{}
	for _, n := range nodes {
		root[n.ID] = n.ID
		if !n.Founder {
			root[n.ID] = root[n.Parent]
		}
		if n.Last == generations {
			alive[root[n.ID]] = true
		}
	}
	if len(alive) != counts[5] {
		t.Errorf("the tree has %d roots with living descendants, the count is %v", len(alive), counts)
	}
	for g := 1; g < len(counts); g++ {
		if counts[g] > counts[g-1] || counts[g] < 1 {
			t.Errorf("founders %v", counts)
		}
	}
	if _, err := DrawLineage(s.Plan(dir)[0].Dir, true); err != nil {
		t.Error(err)
	}
	if _, err := DrawLineage(t.TempDir(), false); run.KindOf(err) != run.BadData {
		t.Errorf("no run: %v", err)
	}
}

func TestRanks(t *testing.T) {
	groups := twoGroups(t)
	for i, ranks := range [][3]int{{0, 0, 0}, {3, 2, 4}} {
		for _, r := range groups[i].Runs {
			e := &r.Config.LM.Encoding
			e.Embedding.Rank, e.Attention.Rank, e.FeedForward.Rank = ranks[0], ranks[1], ranks[2]
		}
	}
	a, err := Select(groups, Question{Metric: "loss_best"})
	if err != nil {
		t.Fatal(err)
	}
	if ranks := RanksOf(a); ranks[0] != (Ranked{}) || ranks[1].Rank != 4 || ranks[1].Label != "3/4" {
		t.Errorf("%v", ranks)
	}
	f, err := DrawAgainstRank(a, RanksOf(a))
	if got := words(t, f, err); strings.Contains(got, " has ") {
		t.Errorf("a rank that stands alone differs from no other: %s", got)
	}
	if _, err := DrawAgainstRank(a, make([]Ranked, 2)); run.KindOf(err) != run.BadData || !strings.Contains(err.Error(), "none of the groups is factored") {
		t.Errorf("all dense: %v", err)
	}
	a.Groups[0].Values[0] = math.NaN()
	if _, err := DrawStrips(a, nil); run.KindOf(err) != run.BadData || !strings.Contains(err.Error(), "a: 1 of 3 values are NaN") {
		t.Errorf("NaN: %v", err)
	}
	a.Groups[0].Values = nil
	if _, err := DrawStrips(a, nil); err == nil || !strings.Contains(err.Error(), "a: no values") {
		t.Errorf("no values: %v", err)
	}
}
