package bench

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/evorank/evorank/kernels/develop"
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/model"
)

// TestPopulationFile: individual i of a stacked array is what i alone exports.
func TestPopulationFile(t *testing.T) {
	n := PaperNetworks(40)[1]
	layout, err := n.layout()
	if err != nil {
		t.Fatal(err)
	}
	parents := []model.Genome{{founders(1)[0].Gene}}
	candidates := append(founders(3), children(2)...)
	path := filepath.Join(t.TempDir(), "p.safetensors")
	if err := writePopulation(path, n.Spec, layout, parents, candidates); err != nil {
		t.Fatal(err)
	}
	file, err := model.ReadSafetensors(path)
	if err != nil {
		t.Fatal(err)
	}
	genotype := make([]float32, layout.Genotype)
	develop.Rebuild(genotype, layout, parents[0].With(candidates[4].Gene))
	alone := layout.ExportGenotype(genotype, nil)
	for i, want := range alone.Tensors {
		got := file.Tensors[i]
		if got.Name != want.Name || got.Shape[0] != 5 || !slices.Equal(got.Shape[1:], want.Shape) || !slices.Equal(got.Data[4*len(want.Data):], want.Data) {
			t.Errorf("%s %v: not the individual's %s %v", got.Name, got.Shape, want.Name, want.Shape)
		}
	}
	if file.Metadata["hidden"] != "32" {
		t.Errorf("metadata %v", file.Metadata)
	}
}

func TestStoriesFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.json")
	if err := writeStories(path, transformer.Pack([]int32{1, 5, 2}, []int32{1, 2})); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	var got struct{ Stories [][]int32 }
	if err == nil {
		err = json.Unmarshal(text, &got)
	}
	if err != nil || len(got.Stories) != 2 || !slices.Equal(got.Stories[0], []int32{1, 5, 2}) {
		t.Errorf("%v, %v", got, err)
	}
}

// interpreter is a stand-in for Python that says this, whatever it is asked.
func interpreter(t *testing.T, says string, code string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "python")
	script := "#!/bin/sh\necho chatter\necho '" + says + "'\necho noise >&2\necho why >&2\nexit " + code + "\n"
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestGPUBaselines: what a program says becomes a row only if its losses are
// ours.
func TestGPUBaselines(t *testing.T) {
	networks, stories := PaperNetworks(40)[3:], ofLengths(4, 6)
	ours := []Row{{Network: networks[0].Name, losses: []float64{8, 9}}}
	for says, want := range map[string]string{
		`{"framework": "torch 9", "median_s": 0.5, "losses": [8.001, 9.002]}`: "",
		`{"framework": "torch 9", "median_s": 0.5, "losses": [8.001, 9.2]}`:   "differs from ours",
		`{"framework": "torch 9", "median_s": 0.5, "losses": [8.001]}`:        "losses of 1 individuals",
		`no JSON`: "no result",
	} {
		rows, err := GPUBaselines(context.Background(), interpreter(t, says, "0"), networks, stories, ours, Options{Individuals: 2, Repeat: 1}, func(Row) {})
		if err != nil || len(rows) != len(gpuBaselines) {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		r := rows[0]
		if want == "" && (r.Failure != "" || r.Seconds != 0.5 || r.Tokens != 16 || math.Abs(r.LargestError-0.002) > 1e-12 || !strings.HasPrefix(r.Implementation, "torch 9 --group")) {
			t.Errorf("%+v", r)
		}
		if want != "" && !strings.Contains(r.Failure, want) {
			t.Errorf("%s: %q, want %q", says, r.Failure, want)
		}
	}
	rows, err := GPUBaselines(context.Background(), interpreter(t, "", "3"), networks, stories, ours, Options{Individuals: 2, Repeat: 1}, func(Row) {})
	if err != nil || !strings.HasSuffix(rows[0].Failure, "exit status 3: why") {
		t.Errorf("%+v, %v", rows, err)
	}
}
