package main

import (
	"os"
	"path/filepath"
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
