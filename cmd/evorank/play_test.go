package main

import (
	"context"
	"encoding/json"
	"image/gif"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// driverWeights is a policy of whole numbers: it drives the same everywhere.
const driverWeights = "../../task/carracing/testdata/policy-integer.safetensors"

// absolute finds a file of the repository from another working directory.
func absolute(t *testing.T, path string) string {
	t.Helper()
	found, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestPlayWeights: the recorded return in the real environment (closed-loop.json
// of the task), as a GIF of the right length and as PNG files.
func TestPlayWeights(t *testing.T) {
	weights := absolute(t, driverWeights)
	t.Chdir(t.TempDir())
	var got played
	out := must(t, "play", "--weights", weights, "--seed", "1", "--json", "--view", "64", "--every", "10", "-o", "drive.gif")
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	var want []struct {
		Policy string
		Seed   uint64
		Steps  int
		Return float64
	}
	text, err := os.ReadFile(filepath.Join(filepath.Dir(weights), "closed-loop.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	if w := want[0]; w.Seed != 1 || !strings.Contains(w.Policy, "integer") || got.Return != w.Return || got.Steps != w.Steps {
		t.Errorf("%+v, in the real environment %+v", got, w)
	}
	f, err := os.Open("drive.gif")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	film, err := gif.DecodeAll(f)
	if err != nil {
		t.Fatal(err)
	}
	pictures := 1 + got.Steps/10
	if got.Steps%10 > 0 {
		pictures++ // the last step is shown in any case
	}
	if len(film.Image) != pictures || got.Pictures != pictures || film.Config.Width != 64 || film.Delay[0] != 20 {
		t.Errorf("%d pictures, %d said, want %d; %+v, delay %v", len(film.Image), got.Pictures, pictures, film.Config, film.Delay[0])
	}
	must(t, "play", "--weights", weights, "--seed", "1", "--view", "96", "--every", "20", "--max-steps", "50", "-o", "frames")
	if files, _ := filepath.Glob("frames/000??.png"); len(files) != 4 { // 0, 20, 40, 50
		t.Errorf("PNG files: %v", files)
	}
}

// TestPlayTerminal: not a terminal here, so plain letters.
func TestPlayTerminal(t *testing.T) {
	out := must(t, "play", "--weights", driverWeights, "--seed", "1", "--terminal", "--max-steps", "4", "--view", "96")
	lines := strings.Split(out, "\n")
	if n := 3*(22+1) + 2; len(lines) != n || strings.Contains(out, "\x1b") || !strings.HasPrefix(lines[45], "step 2  return ") {
		t.Errorf("%d lines, want %d:\n%s", len(lines), n, out)
	}
}

func TestPlayRefuses(t *testing.T) {
	weights := absolute(t, driverWeights)
	dir := fixture(t)
	write(t, "there.gif", "")
	if err := os.MkdirAll("full/of", 0o777); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"", exitUsage, "give a run directory or --weights"},
		{"--weights W", exitUsage, "--seed is missing"},
		{"--weights W --seed -1", exitUsage, "whole number"},
		{"--weights W --seed 1 --episode 2", exitUsage, "--episode: tracks that were scored are for runs"},
		{"--weights W --seed 1 --every 0", exitUsage, "at least 1"},
		{"--weights W --seed 1 --max-steps 0", exitUsage, "at least 1"},
		{"--weights W --seed 1 --view 50", exitUsage, "none of full, 96, 64"},
		{"--weights W --seed 1 --output a.mp4", exitUsage, "ends in .gif"},
		{"--weights W --seed 1 --terminal --json", exitUsage, "goes without"},
		{"--weights W --seed 1 --output there.gif", exitFailure, "the file exists"},
		{"--weights W --seed 1 --output full", exitFailure, "not empty"},
		{"--weights W --seed 1 --output none/a.gif", exitFailure, "create the folder first"},
		{dir + "/run", exitData, "only runs of task carracing do"},
		{dir + "/run --seed 3", exitData, "/run: network: it is no policy"},
		{"--weights none.safetensors --seed 1", exitData, "no such file"},
		{"--weights " + dir + "/w.safetensors --seed 1", exitData, "w.safetensors: network: it is no policy"},
	} {
		args := append([]string{"play"}, strings.Fields(strings.ReplaceAll(c.args, "W ", weights+" "))...)
		if c.args == "--weights W" {
			args[2] = weights
		}
		code, _, errs := call(t, "", args...)
		if code != c.code || !strings.Contains(errs, c.says) || strings.Count(errs, "\n") != 1 {
			t.Errorf("play %s: exit %d, %q; want %d and %q", c.args, code, errs, c.code, c.says)
		}
	}
}

// drivers trains a few tiny drivers and returns the run's directory.
func drivers(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "drivers")
	must(t, "train", "carracing-factored", "--run-dir", dir, "--generations", "2", "--quiet",
		"--set", "search={population: 6, survivors: 2}", "--set", "carracing.network={channels: [4], kernel: 8, stride: 8, hidden: 3}",
		"--set", "carracing.episodes={all: 2, finalists: 3, more: 2, heldout: 0}", "--set", "carracing.environment.max_steps=12")
	return dir
}

// TestPlayRun: each episode that was scored comes out as it was.
func TestPlayRun(t *testing.T) {
	run := drivers(t)
	for _, args := range []string{"", "--episode 3", "--generation 1", "--generation 1 --individual 6 --episode 1"} {
		var got played
		out := must(t, append([]string{"play", run, "--json"}, strings.Fields(args)...)...)
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatal(err)
		}
		s := got.Scored
		if s == nil || !s.Equal || !s.SameKind || s.Score != s.Recorded || s.Returns[s.Episode] != got.Return || got.Steps == 0 {
			t.Errorf("play %s: %s", args, out)
		}
	}
	if out := must(t, "play", run); !strings.Contains(out, "of 4\n") || !strings.Contains(out, "the same, to the last bit") {
		t.Errorf("play: %s", out)
	}
	if out := must(t, "play", run, "--seed", "5", "--max-steps", "7"); !strings.Contains(out, "track 5: 7 steps") || strings.Contains(out, "lineage") {
		t.Errorf("play --seed: %s", out)
	}
	for args, says := range map[string]string{
		"--episode 4":              "want 0 to 3",
		"--episode -1":             "want 0 to",
		"--generation 3":           "the last complete one is 2",
		"--individual 999":         "no individual 999",
		"--max-steps 5":            "give --seed for another drive",
		"--episode 1 --seed 3":     "--episode",
		"--weights x.safetensors":  "one of them",
		"--generation 1 --seed -3": "whole number",
	} {
		code, _, errs := call(t, "", append([]string{"play", run}, strings.Fields(args)...)...)
		if code == exitDone || code == exitFailure || !strings.Contains(errs, says) || strings.Count(errs, "\n") != 1 {
			t.Errorf("play %s: exit %d, %q; want %q", args, code, errs, says)
		}
	}
}

// TestPlaySeesAnotherScore: a score that the lineage does not have is an error.
func TestPlaySeesAnotherScore(t *testing.T) {
	s := &scored{Score: 1, Recorded: 2, SameKind: true}
	if err := s.verdict(); err == nil {
		t.Error("no error")
	}
	if s.SameKind = false; s.verdict() != nil {
		t.Error("another kind of device must not come to the same")
	}
}

// TestInterruptedDrive: what cannot be resumed does not say that it can.
func TestInterruptedDrive(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	for command, want := range map[string]string{"eval": "eval: interrupted", "play": "play: interrupted, nothing written"} {
		var errs shared
		code := evorank(ctx, []string{"evorank", command, "--weights", driverWeights, "--seed", "1"}, strings.NewReader(""), io.Discard, &errs)
		if said := errs.String(); code != exitFailure || !strings.Contains(said, want) || strings.Contains(said, "resum") {
			t.Errorf("%s: exit %d: %s", command, code, said)
		}
	}
}

// shared is a buffer for what is said from several goroutines.
type shared struct {
	sync.Mutex
	text strings.Builder
}

func (s *shared) Write(p []byte) (int, error) {
	s.Lock()
	defer s.Unlock()
	return s.text.Write(p)
}

func (s *shared) String() string {
	s.Lock()
	defer s.Unlock()
	return s.text.String()
}
