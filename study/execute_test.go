package study

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/evorank/evorank/files"
	"github.com/evorank/evorank/run"
)

// execute carries the study out to its end.
func execute(t testing.TB, s *Study, dir string, parallel int) {
	t.Helper()
	if err := s.Execute(context.Background(), Options{Dir: dir, Places: make([]string, parallel)}); err != nil {
		t.Fatal(err)
	}
}

// lineages returns every trial's lineage by its folder.
func lineages(t testing.TB, s *Study, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for _, trial := range s.Plan(dir) {
		text, err := os.ReadFile(run.LineagePath(trial.Dir))
		if err != nil {
			t.Fatal(err)
		}
		name, _ := filepath.Rel(dir, trial.Dir)
		out[name] = text
	}
	return out
}

// TestStoppedAndContinued: a study that was stopped again and again, at any
// moment, ends with the bits of one that was left alone, however many trials
// ran at a time.
func TestStoppedAndContinued(t *testing.T) {
	s := tiny(t)
	alone := filepath.Join(t.TempDir(), "alone")
	execute(t, s, alone, 1)
	want := lineages(t, s, alone)

	dir := filepath.Join(t.TempDir(), "stopped")
	starts, generations := 0, 0
	for after := 1; ; after += 3 {
		ctx, cancel := context.WithCancel(context.Background())
		seen := 0
		err := s.Execute(ctx, Options{Dir: dir, Places: make([]string, 2), Watch: func(e Event) {
			if e.Progress != nil {
				generations++
				if seen++; seen == after {
					cancel()
				}
			}
		}})
		cancel()
		starts++
		if err == nil {
			break
		}
		if run.KindOf(err) != run.Stopped || !strings.Contains(err.Error(), "go on with evorank study run "+dir) {
			t.Fatalf("start %d: %v", starts, err)
		}
		if s, err = Load(dir, nil); err != nil { // as the command that the error names
			t.Fatal(err)
		}
	}
	if starts < 4 {
		t.Errorf("it was started only %d times: nothing was stopped", starts)
	}
	if want := 9 * 6; generations != want { // cancelled between generations, none is lost
		t.Errorf("%d generations were evaluated, want %d: what is done must not be done again", generations, want)
	}
	for name, got := range lineages(t, s, dir) {
		if !bytes.Equal(got, want[name]) {
			t.Errorf("%s: the lineage differs from that of a study that was left alone", name)
		}
	}
}

// TestDoneIsNotDoneAgain, and more trials are added to a study.
func TestDoneIsNotDoneAgain(t *testing.T) {
	s, dir := tiny(t), filepath.Join(t.TempDir(), "d")
	execute(t, s, dir, 1)
	began := map[string]bool{}
	watch := func(e Event) {
		if e.Began {
			began[e.Trial.String()] = true
		}
	}
	if err := s.Execute(context.Background(), Options{Dir: dir, Watch: watch}); err != nil || len(began) > 0 {
		t.Errorf("done, and yet it ran %v (%v)", began, err)
	}
	if err := s.SetTrials(4); err != nil {
		t.Fatal(err)
	}
	if err := s.Execute(context.Background(), Options{Dir: dir, Watch: watch}); err != nil || len(began) != 3 || !began["dense, seed 4"] {
		t.Errorf("a fourth trial of each: it ran %v (%v)", began, err)
	}
	longer, err := Load(dir, []string{"generations=8"})
	if err != nil {
		t.Fatal(err)
	}
	execute(t, longer, dir, 2)
	states, err := longer.States(dir)
	if err != nil || len(states) != 12 {
		t.Fatalf("%d trials, %v", len(states), err)
	}
	for _, state := range states {
		if state.Generation != 8 || !state.Done() || !(state.Best > 0 && state.Seconds > 0) {
			t.Errorf("extended: %s: %+v", state.Trial, state.Generation)
		}
	}
}

// TestAnotherVersion: a trial half made by another program goes on, with a
// word about it.
func TestAnotherVersion(t *testing.T) {
	s, dir := tiny(t, "trials: 3", "trials: 1"), filepath.Join(t.TempDir(), "d")
	ctx, cancel := context.WithCancel(context.Background())
	stop := func(e Event) {
		if e.Progress != nil {
			cancel()
		}
	}
	if err := s.Execute(ctx, Options{Dir: dir, Run: run.Options{Version: "1"}, Watch: stop}); run.KindOf(err) != run.Stopped {
		t.Fatal(err)
	}
	var said []string
	o := run.Options{Version: "2", Warn: func(text string) { said = append(said, text) }}
	if err := s.Execute(context.Background(), Options{Dir: dir, Run: o}); err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(said, "; "); strings.Count(text, "begun by version 1, goes on with 2") != 1 {
		t.Errorf("of one trial begun by another version it says %q", text)
	}
}

// TestBegunByName: a study that was begun is found by its file's name, ending
// and folder left out, with the settings that it was begun with.
func TestBegunByName(t *testing.T) {
	s := tiny(t, "trials: 3", "trials: 1")
	t.Chdir(t.TempDir())
	if _, err := Load("tiny", nil); run.KindOf(err) != run.BadConfig {
		t.Errorf("a study of that name that nobody began: %v", err)
	}
	s.override([]string{"generations=3"})
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	execute(t, s, s.Dir(), 1)
	back, dir, err := LoadBegun("tiny", nil)
	if err != nil || dir != s.Dir() || back.generation() != 3 || back.Name != "tiny" {
		t.Errorf("%+v in %s (%v)", back, dir, err)
	}
	if _, _, err := LoadBegun("./tiny", nil); run.KindOf(err) != run.BadConfig {
		t.Errorf("a path where nothing is: %v", err)
	}
}

// TestLeftovers: a trial killed before it began is begun anew; a folder that
// holds something else is not touched.
func TestLeftovers(t *testing.T) {
	s, dir := tiny(t, "trials: 3", "trials: 1"), filepath.Join(t.TempDir(), "d")
	execute(t, s, dir, 1)
	trial := s.Plan(dir)[1].Dir
	want := lineages(t, s, dir)
	entries, _ := os.ReadDir(trial)
	for _, e := range entries {
		if !born[e.Name()] {
			os.RemoveAll(filepath.Join(trial, e.Name()))
		}
	}
	execute(t, s, dir, 1)
	for name, got := range lineages(t, s, dir) {
		if !bytes.Equal(got, want[name]) {
			t.Errorf("%s: begun anew, it is another run", name)
		}
	}
	os.Remove(run.LineagePath(trial))
	thesis := filepath.Join(trial, "thesis.txt")
	os.WriteFile(thesis, []byte("years"), 0o666)
	err := s.Execute(context.Background(), Options{Dir: dir})
	if run.KindOf(err) != run.BadConfig || !strings.Contains(err.Error(), "but no run: move it away") {
		t.Errorf("a folder with something else: %v", err)
	}
	if text, _ := os.ReadFile(thesis); string(text) != "years" {
		t.Error("somebody's file was removed")
	}
}

// TestRefusals: nothing is run where something is wrong.
func TestRefusals(t *testing.T) {
	s, dir := tiny(t, "trials: 3", "trials: 1"), filepath.Join(t.TempDir(), "d")
	execute(t, s, dir, 1)
	before := lineages(t, s, dir)
	other, err := Load(dir, []string{"mutation.bias_rate=0.9"})
	if err != nil {
		t.Fatal(err)
	}
	err = other.Execute(context.Background(), Options{Dir: dir})
	if run.KindOf(err) != run.BadConfig || !strings.Contains(err.Error(), "was made with another config") {
		t.Errorf("another config: %v", err)
	}
	if back, err := Load(dir, nil); err != nil || len(back.Override) > 0 {
		t.Errorf("the refused study was written down: %v, %v", back.Override, err)
	}
	lock, err := files.Acquire(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Execute(context.Background(), Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("a second process: %v", err)
	}
	lock.Release()
	damaged := run.LineagePath(s.Plan(dir)[0].Dir)
	text, _ := os.ReadFile(damaged)
	text[100] ^= 1
	os.WriteFile(damaged, text, 0o666)
	longer, _ := Load(dir, []string{"generations=7"})
	if err := longer.Execute(context.Background(), Options{Dir: dir}); run.KindOf(err) != run.BadData || !strings.Contains(err.Error(), "Factored, 2/1, seed 1") {
		t.Errorf("a damaged lineage: %v", err)
	}
	text[100] ^= 1
	os.WriteFile(damaged, text, 0o666)
	for name, got := range lineages(t, s, dir) {
		if !bytes.HasPrefix(got, before[name]) {
			t.Errorf("%s was changed", name)
		}
	}
}

// TestFailingTrialStopsTheOthers, which can be resumed.
func TestFailingTrialStopsTheOthers(t *testing.T) {
	s := tiny(t, "rank: 3\n    set: [", "rank: 3\n    set: [lm.data.text=no/such/file.txt, lm.data.tokenizer=t.json, ", "generations=6", "generations=3000")
	dir := filepath.Join(t.TempDir(), "d")
	err := s.Execute(context.Background(), Options{Dir: dir, Places: make([]string, 3)})
	if run.KindOf(err) != run.BadData || !strings.Contains(err.Error(), "study: trial 4/3, seed 1: ") {
		t.Fatalf("%v", err)
	}
	states, err := s.States(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range states {
		if state.Status == run.Failed {
			t.Errorf("%s has failed, too", state.Trial)
		}
		if state.Done() {
			t.Errorf("%s went on to its end", state.Trial)
		}
	}
}

// TestEventsComeOneAtATime, each trial's in order.
func TestEventsComeOneAtATime(t *testing.T) {
	s, dir := tiny(t), filepath.Join(t.TempDir(), "d")
	var busy sync.Mutex
	phase := map[string]int{} // 1 began, 1+g generation g, -1 ended
	err := s.Execute(context.Background(), Options{Dir: dir, Places: make([]string, 3), Watch: func(e Event) {
		if !busy.TryLock() {
			t.Error("two events at a time")
			return
		}
		defer busy.Unlock()
		time.Sleep(time.Millisecond) // others get a chance to come in between
		name := e.Trial.String()
		switch {
		case e.Began && phase[name] == 0:
			phase[name] = 1
		case e.Progress != nil && phase[name] == int(e.Progress.Generation):
			phase[name]++
		case e.Ended && phase[name] == 7 && e.Err == nil:
			phase[name] = -1
		default:
			t.Errorf("%s: unexpected %+v in phase %d", name, e, phase[name])
		}
	}})
	if err != nil || len(phase) != 9 {
		t.Fatalf("%d trials, %v", len(phase), err)
	}
}

func TestForecast(t *testing.T) {
	s := tiny(t, "trials: 3", "trials: 2")
	states := []State{}
	for _, trial := range s.Plan("d") {
		states = append(states, State{Trial: trial})
	}
	states[0].Generation, states[0].Seconds = 4, 8 // of the first condition, 2 s each
	f := NewForecast(states, 2)
	if left, rest := f.Left(); left != 6*6-4 || rest != 32*time.Second { // the others at the same pace, two at a time
		t.Errorf("%d generations, %v", left, rest)
	}
	f.Observe(states[1].Trial, run.Progress{GenerationSeconds: 4}) // dense: 4 s; the third condition: (8+4)/5
	if left, rest := f.Left(); left != 31 || rest != time.Duration(float64(8*2+11*4+12*2.4)/2*float64(time.Second)) {
		t.Errorf("%d generations, %v", left, rest)
	}
	f.Observe(states[3].Trial, run.Progress{GenerationSeconds: 1}) // the first condition again: what came earlier counts no more
	if left, rest := f.Left(); left != 30 || rest != time.Duration(float64(7*1+11*4+12*2.5)/2*float64(time.Second)) {
		t.Errorf("%d generations, %v", left, rest)
	}
	if left, rest := NewForecast(states[1:3], 1).Left(); left != 12 || rest != 0 {
		t.Errorf("nothing measured: %d generations, %v", left, rest)
	}
}

func TestEstimate(t *testing.T) {
	s, dir := tiny(t), filepath.Join(t.TempDir(), "d")
	states, err := s.States(dir)
	if err != nil {
		t.Fatal(err)
	}
	clock := time.Unix(0, 0)
	o := run.Options{Now: func() time.Time { clock = clock.Add(time.Second); return clock }}
	expenses, err := s.Estimate(context.Background(), states, "", o)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range expenses {
		evaluations := 3 * (8 + 5*6) // founders, then all but the survivors
		if e.Trials != 3 || e.Generations != 18 || e.Evaluations != evaluations || e.Duration != time.Duration(evaluations)*time.Second {
			t.Errorf("%+v", e)
		}
	}
	begun := append([]State{}, states...)
	begun[0].Generation = 2 // the first trial of the first condition: its founders are evaluated already
	expenses, err = s.Estimate(context.Background(), begun, "", o)
	if want := 3*(8+5*6) - (8 + 6); err != nil || expenses[0].Evaluations != want || expenses[0].Generations != 16 {
		t.Errorf("of a trial that was begun: %+v, want %d evaluations (%v)", expenses[0], want, err)
	}
	if entries, err := os.ReadDir(dir); err == nil {
		t.Errorf("an estimate made %v", entries)
	}
	execute(t, s, dir, 1)
	if states, err = s.States(dir); err != nil {
		t.Fatal(err)
	}
	expenses, err = s.Estimate(context.Background(), states, "", o)
	if err != nil || expenses[0].Trials != 0 || expenses[0].Evaluations != 0 || expenses[0].Duration != 0 {
		t.Errorf("of what is done: %+v, %v", expenses, err)
	}
}
