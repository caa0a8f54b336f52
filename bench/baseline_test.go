package bench

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

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
// ours in the same precision.
func TestGPUBaselines(t *testing.T) {
	networks, stories := PaperNetworks(40)[3:], ofLengths(4, 6)
	ours := []Row{
		{Network: "another", Precision: "fp16"},
		{Network: networks[0].Name, Precision: "fp16", Individuals: 2, Stories: 2, losses: []float64{8, 9}},
		{Network: networks[0].Name, Precision: "fp32", Individuals: 2, Stories: 2, losses: []float64{8.001, 9.002}},
	}
	run := func(python Python) []Row {
		shown := 0
		rows, err := GPUBaselines(context.Background(), python, networks, stories, ours, Options{Individuals: 2, Repeat: 1}, func(Row) { shown++ })
		if err != nil || shown != len(rows) {
			t.Fatalf("%d rows, %d of them shown: %v", len(rows), shown, err)
		}
		return rows
	}
	for says, want := range map[string]string{
		`{"framework": "torch 9", "median_s": 0.5, "losses": [8.001, 9.002]}`: "",
		`{"framework": "torch 9", "median_s": 0.5, "losses": [8.001, 9.2]}`:   "differs from ours",
		`{"framework": "torch 9", "median_s": 0.5, "losses": [8.001]}`:        "losses of 1 individuals",
		`{"framework": "torch 9", "median_s": 0.5, "losses": [8.001, NaN]}`:   "no result", // as Python writes it; JSON has none
		`no JSON`: "no result",
	} {
		rows := run(Python{Interpreter: interpreter(t, says, "0")})
		if len(rows) != 5 {
			t.Fatalf("%d rows, want three in fp16 and two in fp32", len(rows))
		}
		r := rows[0]
		if want == "" && (r.Failure != "" || r.Seconds != 0.5 || r.Tokens != 16 || !(math.Abs(r.LargestError-0.002) <= 1e-12) || !strings.HasPrefix(r.Implementation, "torch 9 --group")) {
			t.Errorf("%+v", r)
		}
		if want == "" && (rows[3].Precision != "fp32" || rows[3].Failure != "" || rows[3].LargestError != 0) {
			t.Errorf("%+v", rows[3])
		}
		if want != "" && !strings.Contains(r.Failure, want) {
			t.Errorf("%s: %q, want %q", says, r.Failure, want)
		}
	}
	if rows := run(Python{Interpreter: interpreter(t, "", "3"), Forms: []string{"JAX"}}); len(rows) != 2 || !strings.HasSuffix(rows[0].Failure, "exit status 3: why") {
		t.Errorf("%+v", rows)
	}
}

// TestBaselineOutOfTime: one that hangs is marked, even if what it started
// holds its output open, and the rest goes on.
func TestBaselineOutOfTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "python")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nsleep 60\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	python := Python{Interpreter: path, Forms: []string{"JAX"}, Limit: 50 * time.Millisecond}
	o, begun := Options{Individuals: 2, Threads: []int{1}, Repeat: 1}, time.Now()
	shown := 0
	rows, err := Baselines(context.Background(), python, PaperNetworks(40)[:1], Source{}, ofLengths(4), o, func(Row) { shown++ })
	if err != nil || len(rows) != 2 || shown != 2 || !strings.Contains(rows[1].Failure, "not done after 50ms") {
		t.Errorf("%+v, %v", rows, err)
	}
	if waited := time.Since(begun); waited > 30*time.Second {
		t.Errorf("waited %s for what the program had started", waited)
	}
}

// TestBaselineInterrupted: the end of the context is no program's failure.
func TestBaselineInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	o := Options{Individuals: 2, Threads: []int{1}, Repeat: 1}
	rows, err := Baselines(ctx, Python{Interpreter: interpreter(t, "", "0"), Forms: []string{"JAX"}}, PaperNetworks(40)[:1], Source{}, ofLengths(4), o, func(r Row) { t.Errorf("shown: %+v", r) })
	if !errors.Is(err, context.Canceled) || len(rows) != 0 {
		t.Errorf("%+v, %v", rows, err)
	}
}

func TestForms(t *testing.T) {
	if err := (Python{Forms: []string{"PyTorch flash"}}).Check(true); err != nil {
		t.Error(err)
	}
	if err := (Python{Forms: []string{"PyTorch flash"}}).Check(false); err == nil || !strings.Contains(err.Error(), `"JAX vmap"`) {
		t.Errorf("%v", err)
	}
	for _, p := range append(halves, singles...) {
		for _, framework := range []string{"PyTorch", "JAX"} {
			if !slices.ContainsFunc(gpuForms, func(f form) bool { return f.framework == framework && slices.Contains(f.precisions, p) }) {
				t.Errorf("%s is not compared in %s", framework, p)
			}
		}
	}
}
