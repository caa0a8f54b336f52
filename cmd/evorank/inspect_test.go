package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
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

// TestInspectDigests: the lineage has a genotype's digest of survivors only.
func TestInspectDigests(t *testing.T) {
	dir := filepath.Join(fixture(t), "run")
	selected := 0
	for id := 1; id <= 6; id++ {
		out := must(t, "inspect", dir, "--generation", "1", "--individual", strconv.Itoa(id))
		switch {
		case regexp.MustCompile(`parent 0, digest [0-9a-f]{16}\n`).MatchString(out):
			selected++
		case !strings.Contains(out, "parent 0, not selected\n"):
			t.Errorf("individual %d: %s", id, out)
		}
	}
	if selected != 2 {
		t.Errorf("%d of the founders have digests, 2 of them survived", selected)
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
