package bench

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/task/lm"
)

// gpuForms differ in whose attention kernel they use: those of 16 bits have
// none for 32.
var gpuForms = []form{
	{"PyTorch", "flash", "bench_torch_gpu.py", []string{"--group", "32", "--chunk", "4096", "--attention", "flash"}, halves},
	{"PyTorch", "cudnn", "bench_torch_gpu.py", []string{"--group", "32", "--chunk", "4096", "--attention", "cudnn"}, halves},
	{"PyTorch", "any", "bench_torch_gpu.py", []string{"--group", "32", "--chunk", "4096", "--attention", "any"}, singles},
	{"JAX", "cudnn", "bench_jax_gpu.py", []string{"--group", "16", "--buckets", "8", "--chunk", "1024", "--attention", "cudnn"}, halves},
	{"JAX", "plain", "bench_jax_gpu.py", []string{"--group", "16", "--buckets", "8", "--chunk", "1024", "--attention", "plain"}, singles},
}

var (
	halves  = []transformer.Precision{transformer.FP16, transformer.BF16}
	singles = []transformer.Precision{transformer.TF32, transformer.FP32}
)

// GPUBaselines runs the Python programs on the same card, stories and
// individuals, in the precisions that we were timed in, compares every
// individual's loss with ours, and returns one row for each. A program that
// fails, runs out of its time or disagrees is a row that says so. Ours are rows
// of one population on these stories.
func GPUBaselines(ctx context.Context, python Python, networks []Network, stories transformer.Sequences, ours []Row, o Options, show func(Row)) ([]Row, error) {
	dir, err := unpack()
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	storiesFile, populationFile := filepath.Join(dir, "stories.json"), filepath.Join(dir, "population.safetensors")
	if err := writeStories(storiesFile, stories); err != nil {
		return nil, err
	}
	var rows []Row
	for _, n := range networks {
		layout, err := n.layout()
		if err != nil {
			return rows, err
		}
		if err := writePopulation(populationFile, n.Spec, layout, nil, founders(o.Individuals)); err != nil {
			return rows, fmt.Errorf("bench: %s: %w", n.Name, err)
		}
		files := []string{"--population", populationFile, "--stories", storiesFile}
		for _, mine := range ours {
			if mine.Network != n.Name {
				continue
			}
			more, err := besideOnGPU(ctx, python, dir, files, mine, WorkOf(n.Spec, stories), o, show)
			rows = append(rows, more...)
			if err != nil {
				return rows, err
			}
		}
	}
	return rows, nil
}

// besideOnGPU runs the programs beside one of our rows.
func besideOnGPU(ctx context.Context, python Python, dir string, files []string, mine Row, each Work, o Options, show func(Row)) ([]Row, error) {
	var rows []Row
	for _, f := range python.chosen(gpuForms) {
		if !slices.Contains(f.precisions, transformer.Precision(mine.Precision)) {
			continue
		}
		args := slices.Concat([]string{filepath.Join(dir, f.script)}, files, f.args, []string{"--precision", mine.Precision, "--repeat", strconv.Itoa(o.Repeat)})
		row := Row{Network: mine.Network, Hidden: mine.Hidden, Framework: f.framework, Implementation: strings.Join(f.args, " "), Precision: mine.Precision,
			Individuals: mine.Individuals, Stories: mine.Stories}
		err := row.attempt(ctx, show, func() error { return row.runOnGPU(ctx, python, args, mine.losses, each) })
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// runOnGPU fills in the row, or says why not.
func (r *Row) runOnGPU(ctx context.Context, python Python, args []string, ours []float64, each Work) error {
	s, err := python.run(ctx, args)
	if err != nil {
		return err
	}
	if len(s.Losses) != len(ours) {
		return fmt.Errorf("it has losses of %d individuals, not %d", len(s.Losses), len(ours))
	}
	for i, loss := range s.Losses {
		r.LargestError = max(r.LargestError, math.Abs(loss-ours[i])) // NaN stays
	}
	if tolerance := 2 * lm.Tolerance(transformer.Precision(r.Precision)); !(r.LargestError <= tolerance) {
		return fmt.Errorf("a loss differs from ours by %g, more than %g", r.LargestError, tolerance)
	}
	r.Implementation = s.Framework + " " + r.Implementation
	r.rates(each, s.Seconds)
	return nil
}
