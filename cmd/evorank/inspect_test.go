package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/evorank/evorank/files"
)

// TestInspectTellsKilledFromRunning: both leave "running" in run.json, and only
// the lock tells them apart.
func TestInspectTellsKilledFromRunning(t *testing.T) {
	dir := filepath.Join(fixture(t), "run")
	said := func(args ...string) string { return must(t, append([]string{"inspect", dir}, args...)...) }
	if !strings.Contains(said(), "lm-quick: done\n") {
		t.Errorf("a finished run: %s", said())
	}
	path := filepath.Join(dir, "run.json")
	manifest, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, strings.Replace(string(manifest), `"status": "done"`, `"status": "running"`, 1))
	lock, err := files.Acquire(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said(), "lm-quick: running\n") {
		t.Errorf("a run in progress: %s", said())
	}
	lock.Release()
	if !strings.Contains(said(), "lm-quick: stopped (killed)\n") || !strings.Contains(said("--json"), `"status":"stopped","reason":"killed"`) {
		t.Errorf("a killed run: %s", said())
	}
}

// TestInspectShowsApplications of a network that is worth factoring in parts, and
// of one that was told what to do.
func TestInspectShowsApplications(t *testing.T) {
	dir := fixture(t)
	train := func(name, application string) string {
		must(t, "train", "lm-quick", "--quiet", "--run-dir", filepath.Join(dir, name), "--generations", "1", "--set", "execution.application="+application,
			"--set", "search={population: 3, survivors: 1}", "--set", "lm.encoding={attention: factored(2), feed_forward: factored(12)}")
		return must(t, "inspect", filepath.Join(dir, name))
	}
	for name, want := range map[string][]string{
		"auto":         {"factored\\(2\\) +factored", "factored\\(12\\) +materialised"},
		"factored":     {"factored\\(2\\) +factored", "factored\\(12\\) +factored"},
		"materialised": {"factored\\(2\\) +materialised", "factored\\(12\\) +materialised"},
	} {
		said := train(name, name)
		for _, pattern := range want {
			if !regexp.MustCompile(pattern).MatchString(said) {
				t.Errorf("%s: no %s in\n%s", name, pattern, said)
			}
		}
	}
}
