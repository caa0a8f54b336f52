package main

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/evorank/evorank/"

// layers is design section 2's table: what each folder may import of ours.
// A folder stands for its subfolders too, and may import its own.
var layers = map[string][]string{
	"model":      {},
	"files":      {},
	"gpu":        {},
	"kernels":    {"model", "gpu"},
	"population": {"model", "kernels", "gpu"},
	"task":       {"model", "files", "kernels", "gpu", "population"},
	"evolve":     {"model"},
	"configs":    {"model"},
	"stats":      {},
	"plot":       {},
	"run":        {"model", "files", "gpu", "kernels", "population", "task", "evolve", "configs"},
	"study":      {"model", "files", "gpu", "kernels", "population", "task", "evolve", "configs", "run", "stats", "plot"},
	"bench":      {"model", "files", "gpu", "kernels", "population", "task", "evolve", "configs", "run"},
	"cmd":        {"model", "files", "gpu", "kernels", "population", "task", "evolve", "configs", "run", "study", "stats", "plot", "bench"},
}

// TestLayers compares the real imports, tests not counted, with the table.
func TestLayers(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	edges := 0
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		from := folder(words[0])
		allowed, known := layers[from]
		if !known {
			t.Errorf("%s: folder %s is not in the table", words[0], from)
		}
		for _, to := range words[1:] {
			if !strings.HasPrefix(to, module) || folder(to) == from {
				continue
			}
			edges++
			if !slices.Contains(allowed, folder(to)) {
				t.Errorf("%s imports %s: %s may import only %v", words[0], to, from, allowed)
			}
		}
	}
	if edges < 10 {
		t.Errorf("only %d imports between folders were seen: is the list complete?", edges)
	}
}

// TestStaticBuildLinksNothing: purego links the C library; the tag nogpu
// leaves it out, so that the program is static.
func TestStaticBuildLinksNothing(t *testing.T) {
	for tag, want := range map[string]bool{"nogpu": false, "none": true} {
		list := exec.Command("go", "list", "-deps", "-tags", tag, ".")
		list.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
		out, err := list.Output()
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		deps := strings.Fields(string(out))
		got := slices.ContainsFunc(deps, func(path string) bool { return path == "runtime/cgo" || strings.Contains(path, "purego") })
		if got != want || !slices.Contains(deps, module+"gpu") {
			t.Errorf("with the tag %s: it links the C library: %v, want %v", tag, got, want)
		}
	}
}

// folder returns the top-level folder of a package of ours.
func folder(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, module), "/")
	return first
}
