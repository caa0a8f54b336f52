package study

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/evorank/evorank/run"
	"github.com/evorank/evorank/stats"
)

// executed carries out some conditions of the study and returns which trials
// began.
func executed(t testing.TB, s *Study, o Options) (began []string) {
	t.Helper()
	o.Watch = func(e Event) {
		if e.Began {
			began = append(began, e.Trial.String())
		}
	}
	if err := s.Execute(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	return began
}

// put copies a trial's directory to where a study looks for it.
func put(t testing.TB, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// strip leaves of a trial what is carried from machine to machine.
func strip(t testing.TB, dir string) {
	t.Helper()
	digest, err := lineageDigest(dir)
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(digestPath(dir), []byte(digest+"  -\n"), 0o666)
	os.Remove(run.LineagePath(dir))
	os.RemoveAll(filepath.Join(dir, "checkpoints"))
}

// TestInPieces: a study made in pieces, its trials copied together, some
// without their lineages, others only as a report, is the study made at once.
func TestInPieces(t *testing.T) {
	s, whole := tiny(t), filepath.Join(t.TempDir(), "whole")
	execute(t, s, whole, 2)
	want, err := s.Collect(whole)
	if err != nil {
		t.Fatal(err)
	}
	plan := s.Plan(whole)
	one, two, report := filepath.Join(t.TempDir(), "one"), filepath.Join(t.TempDir(), "two"), t.TempDir()
	for i, trial := range plan {
		switch i % 4 {
		case 0: // in another study's directory
			put(t, trial.Dir, filepath.Join(two, trial.folder()))
		case 1: // copied into this one, its lineage left behind
			put(t, trial.Dir, filepath.Join(one, trial.folder()))
			strip(t, filepath.Join(one, trial.folder()))
		case 2: // of an earlier session: only the report is left
			put(t, trial.Dir, filepath.Join(report, "d", trial.folder()))
		}
	}
	early, err := s.Collect(filepath.Join(report, "d"))
	if err != nil {
		t.Fatal(err)
	}
	if len(early.Trials) != 2 || !strings.Contains(strings.Join(early.Caveats, " "), "2 of 9 trials; missing: ") {
		t.Errorf("a report of two trials: %d trials, %v", len(early.Trials), early.Caveats)
	}
	if err := early.Write(filepath.Join(report, "r")); err != nil {
		t.Fatal(err)
	}
	finished := []string{two, filepath.Join(report, "r")}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Execute(ctx, Options{Dir: one, Finished: finished}); err == nil || !strings.Contains(err.Error(), "study run "+one+" --finished "+two+" --finished "+report) {
		t.Errorf("how to go on: %v", err)
	}
	began := executed(t, s, Options{Dir: one, Finished: finished})
	if len(began) != 2 || began[0] != plan[3].String() || began[1] != plan[7].String() {
		t.Errorf("made again: %v", began)
	}
	got, err := s.Collect(one, finished...)
	if err != nil {
		t.Fatal(err)
	}
	sameResults(t, got, want)
}

// sameResults compares values, digests and statistics; times differ.
func sameResults(t *testing.T, got, want *Results) {
	t.Helper()
	if len(got.Trials) != len(want.Trials) || len(got.Caveats) != len(want.Caveats) {
		t.Fatalf("%d trials and caveats %v, want %d and %v", len(got.Trials), got.Caveats, len(want.Trials), want.Caveats)
	}
	for i, o := range got.Trials {
		w := want.Trials[i]
		if o.Condition != w.Condition || o.Seed != w.Seed || o.Lineage != w.Lineage || o.Config != w.Config || o.Setting != w.Setting || !maps.Equal(o.Values, w.Values) {
			t.Errorf("%s, seed %d: %+v, want %+v", o.Condition, o.Seed, o, w)
		}
		if g, w := got.curves[i].Rows, want.curves[i].Rows; len(g) != len(w) || g[2]["loss_mean"] != w[2]["loss_mean"] {
			t.Errorf("%s, seed %d: curve %v, want %v", o.Condition, o.Seed, g, w)
		}
	}
	for i, c := range got.Conditions {
		if c != want.Conditions[i] {
			t.Errorf("condition %+v, want %+v", c, want.Conditions[i])
		}
	}
	if g, w := fmt.Sprint(got.Sections), fmt.Sprint(want.Sections); g != w {
		t.Errorf("statistics\n%s\nwant\n%s", g, w)
	}
}

// TestStrippedTrials: what was moved away is missed where it is needed, and a
// digest must be that of the lineage beside it.
func TestStrippedTrials(t *testing.T) {
	s, dir := tiny(t, "trials: 3", "trials: 1"), filepath.Join(t.TempDir(), "d")
	execute(t, s, dir, 1)
	trial := s.Plan(dir)[0].Dir
	lineage := text(t, run.LineagePath(trial))
	strip(t, trial)
	if began := executed(t, s, Options{Dir: dir}); len(began) > 0 {
		t.Errorf("done, its lineage elsewhere, and made again: %v", began)
	}
	longer, err := Load(dir, []string{"generations=8"})
	if err != nil {
		t.Fatal(err)
	}
	err = longer.Execute(context.Background(), Options{Dir: dir})
	if run.KindOf(err) != run.BadData || !strings.Contains(err.Error(), "its lineage was moved away (lineage.sha256 stands for it)") {
		t.Errorf("extended: %v", err)
	}
	os.WriteFile(run.LineagePath(trial), []byte(lineage+"x"), 0o666)
	if _, err := s.Collect(dir); run.KindOf(err) != run.BadData || !strings.Contains(err.Error(), "one of them was changed") {
		t.Errorf("another lineage than the digest says: %v", err)
	}
	os.WriteFile(digestPath(trial), []byte("soon\n"), 0o666)
	if _, err := s.Collect(dir); run.KindOf(err) != run.BadData || !strings.Contains(err.Error(), "want a SHA-256") {
		t.Errorf("not a digest: %v", err)
	}
}

// TestFinishedElsewhere: places are checked, and another experiment's trials
// are not taken for this one's.
func TestFinishedElsewhere(t *testing.T) {
	s, dir := tiny(t, "trials: 3", "trials: 1"), filepath.Join(t.TempDir(), "d")
	execute(t, s, dir, 1)
	report := report1(t, s, dir)
	other, err := Load(dir, []string{"mutation.bias_rate=0.9"})
	if err != nil {
		t.Fatal(err)
	}
	for _, place := range []string{dir, report} {
		if _, err := other.States(t.TempDir(), place); run.KindOf(err) != run.BadConfig || !strings.Contains(err.Error(), "was made with another config") {
			t.Errorf("%s: %v", place, err)
		}
	}
	file := filepath.Join(t.TempDir(), "f")
	os.WriteFile(file, nil, 0o666)
	for place, want := range map[string]string{"none": "none", file: "want the directory of a study or of a report"} {
		if _, err := s.States(dir, place); run.KindOf(err) != run.BadData || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", place, err)
		}
	}
	longer, _ := Load(dir, []string{"generations=8"}) // what is done there is not done here
	states, err := longer.States(t.TempDir(), report)
	if err != nil || states[0].Status != waiting {
		t.Errorf("a trial that is too short was taken: %+v, %v", states[0].Status, err)
	}
}

// TestOtherTexts: trials of one condition about other texts are refused,
// before they are run where it can be known.
func TestOtherTexts(t *testing.T) {
	s, dir := tiny(t, "trials: 3", "trials: 2"), filepath.Join(t.TempDir(), "d")
	execute(t, s, dir, 1)
	for _, c := range []struct{ old, new, want string }{
		{`"heldout_digest": "`, `"heldout_digest": "0`, "runs with different held-out texts"},
		{`"data_digest": "`, `"data_digest": "0`, "runs on different texts"},
	} {
		manifest := filepath.Join(s.Plan(dir)[3].Dir, "run.json")
		before := text(t, manifest)
		changed := strings.Replace(before, c.old, c.new, 1)
		if changed == before {
			t.Fatalf("no %s in %s", c.old, before)
		}
		os.WriteFile(manifest, []byte(changed), 0o666)
		if _, err := s.Collect(dir); run.KindOf(err) != run.BadData || !strings.Contains(err.Error(), "condition Factored, 2/1: "+c.want) {
			t.Errorf("collected: %v", err)
		}
		more := *s
		if err := more.SetTrials(3); err != nil {
			t.Fatal(err)
		}
		os.RemoveAll(s.Plan(dir)[0].Dir) // the trial with the other text is now the one that all others follow
		put(t, s.Plan(dir)[3].Dir, filepath.Join(t.TempDir(), "kept"))
		err := more.Execute(context.Background(), Options{Dir: dir, Only: []string{"Factored, 2/1"}})
		if run.KindOf(err) != run.BadData || !strings.Contains(err.Error(), c.want) {
			t.Errorf("made: %v", err)
		}
		os.WriteFile(manifest, []byte(before), 0o666)
		for _, trial := range more.Plan(dir) {
			if trial.Condition == 0 && trial.Seed != 2 {
				os.RemoveAll(trial.Dir)
			}
		}
		execute(t, s, dir, 1)
	}
}

// TestMovedText: a trial that was begun on another machine goes on where its
// text lies here, if it is the same text.
func TestMovedText(t *testing.T) {
	there, here := t.TempDir(), t.TempDir()
	t.Chdir(t.TempDir()) // tokenized text is kept there
	for _, name := range []string{"stories.txt", "held.txt"} {
		os.WriteFile(filepath.Join(there, name), []byte("the fox ran\nthe bear sat and sat\n"), 0o666)
	}
	first, dir := tiny(t, "trials: 3", "trials: 1"), filepath.Join(t.TempDir(), "d")
	execute(t, first, dir, 1)
	os.WriteFile(filepath.Join(there, "tokenizer.json"), []byte(text(t, first.Plan(dir)[0].Dir, "tokenizer.json")), 0o666)
	settings := func(folder string) []string {
		return []string{
			"lm.data.text=" + filepath.Join(folder, "stories.txt"), "lm.data.heldout=" + filepath.Join(folder, "held.txt"),
			"lm.data.tokenizer=" + filepath.Join(folder, "tokenizer.json"), "lm.data.end_of_text=false",
		}
	}
	s, err := Load(dir, settings(there))
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(t.TempDir(), "e")
	ctx, cancel := context.WithCancel(context.Background())
	s.Execute(ctx, Options{Dir: dir, Watch: func(e Event) {
		if e.Progress != nil && e.Progress.Generation == 2 {
			cancel()
		}
	}})
	put(t, there, here)
	os.RemoveAll(there)
	if err := s.Execute(context.Background(), Options{Dir: dir}); run.KindOf(err) != run.BadData || !strings.Contains(err.Error(), "stories.txt") {
		t.Errorf("the text is gone: %v", err)
	}
	moved, err := Load(dir, settings(here))
	if err != nil {
		t.Fatal(err)
	}
	held := filepath.Join(here, "held.txt")
	before := text(t, held)
	os.WriteFile(held, []byte("another story\n"), 0o666)
	if err := moved.Execute(context.Background(), Options{Dir: dir}); run.KindOf(err) != run.BadData || !strings.Contains(err.Error(), "the held-out text has changed") {
		t.Errorf("another held-out text: %v", err)
	}
	os.WriteFile(held, []byte(before), 0o666)
	execute(t, moved, dir, 1)
}

// TestOnly: some conditions are carried out, and no others.
func TestOnly(t *testing.T) {
	s, dir := tiny(t), filepath.Join(t.TempDir(), "d")
	began := executed(t, s, Options{Dir: dir, Only: []string{"4/3", "dense"}})
	if len(began) != 6 || slices.ContainsFunc(began, func(name string) bool { return strings.HasPrefix(name, "Factored") }) {
		t.Errorf("%v", began)
	}
	err := s.Execute(context.Background(), Options{Dir: dir, Only: []string{"desne"}})
	if run.KindOf(err) != run.BadConfig || !strings.Contains(err.Error(), `condition "desne": want one of Factored, 2/1; dense; 4/3`) {
		t.Errorf("%v", err)
	}
}

// TestAsk: of a study, what is not asked is as its file has it.
func TestAsk(t *testing.T) {
	s := tiny(t, "metric: loss_best", "metric: loss_median", "trials: 3", "trials: 2\ngeneration: 4")
	dir := filepath.Join(t.TempDir(), "d")
	execute(t, s, dir, 1)
	source, err := ReadGroups([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	if q := source.Ask(Question{}); q != (Question{"loss_median", 4, false}) {
		t.Errorf("nothing asked: %+v", q)
	}
	if q := source.Ask(Question{Metric: "loss_best", Generation: 6}); q != (Question{"loss_best", 6, false}) {
		t.Errorf("all asked: %+v", q)
	}
	if source, err = ReadGroups([]string{"a=" + s.Plan(dir)[0].Dir}); err != nil {
		t.Fatal(err)
	}
	if q := source.Ask(Question{}); q != (Question{"loss_best", 0, false}) {
		t.Errorf("of runs: %+v", q)
	}
}

// TestGroupsOfAReport: compare and plot take a report for the runs.
func TestGroupsOfAReport(t *testing.T) {
	s, dir, report := reported(t)
	runs, err := ReadGroups([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	kept, err := ReadGroups([]string{report})
	if err != nil || len(kept.Groups) != len(s.Conditions) {
		t.Fatalf("%d groups, %v", len(kept.Groups), err)
	}
	if kept.Study == nil || kept.Study.Metric != s.Metric {
		t.Errorf("a report does not know whose it is: %+v", kept.Study)
	}
	for _, q := range []Question{{"loss_best", 6, false}, {"heldout_loss_best", 3, false}} {
		a, err := Select(runs.Groups, q)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Select(kept.Groups, q)
		if err != nil {
			t.Fatal(err)
		}
		for i, g := range b.Groups {
			near := func(x, y float64) bool { return x-y < 1e-6 && y-x < 1e-6 }
			if !slices.EqualFunc(g.Values, a.Groups[i].Values, near) || q.Generation == 6 && !slices.Equal(g.Values, a.Groups[i].Values) {
				t.Errorf("%+v: %v, want %v", q, g, a.Groups[i])
			}
		}
		if ranks := RanksOf(b); ranks[0].Rank != 1 || ranks[2].Label != "4/3" {
			t.Errorf("ranks %v", ranks)
		}
	}
	if _, err := DrawCurves(kept.Groups, View{Metric: keyFounders, Axis: keySeconds, Band: stats.MedianInterval}); err != nil {
		t.Error(err)
	}
}

// TestThin keeps what is looked at.
func TestThin(t *testing.T) {
	s, dir := tiny(t, "trials: 3", "trials: 1\ngeneration: 13", "generations=6", "generations=23"), filepath.Join(t.TempDir(), "d")
	execute(t, s, dir, 2)
	res, err := s.Collect(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprint(res.Sections)
	res.Thin(5)
	var left []int
	for _, row := range res.curves[1].Rows {
		left = append(left, row.generation())
	}
	if !slices.Equal(left, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 15, 20, 23}) {
		t.Errorf("%v", left)
	}
	report := t.TempDir()
	if err := res.Write(report); err != nil {
		t.Fatal(err)
	}
	again, err := ReadResults(report)
	if err != nil || fmt.Sprint(again.Sections) != want {
		t.Errorf("the statistics of a thinned report are others (%v)", err)
	}
}
