package bench

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/task/lm"
)

// gpuBaselines are the forms of the Python programs for GPUs that are tried; the
// best of a framework counts.
var gpuBaselines = []struct {
	framework, script string
	args              []string
}{
	{"PyTorch", "bench_torch_gpu.py", []string{"--precision", "fp16", "--group", "32", "--chunk", "4096", "--attention", "flash"}},
	{"PyTorch", "bench_torch_gpu.py", []string{"--precision", "fp16", "--group", "32", "--chunk", "4096", "--attention", "cudnn"}},
	{"JAX", "bench_jax_gpu.py", []string{"--precision", "fp16", "--group", "16", "--buckets", "8", "--chunk", "1024"}},
}

// GPUBaselines runs the Python programs on the same card, stories and
// individuals, compares every individual's loss with ours, and returns one row
// for each. A program that fails or disagrees is a row that says so. Ours are
// rows of one population on these stories.
func GPUBaselines(ctx context.Context, python string, networks []Network, stories transformer.Sequences, ours []Row, o Options, show func(Row)) ([]Row, error) {
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
		for _, b := range gpuBaselines {
			args := append([]string{filepath.Join(dir, b.script), "--population", populationFile, "--stories", storiesFile, "--repeat", strconv.Itoa(o.Repeat)}, b.args...)
			row := Row{Network: n.Name, Hidden: n.Spec.Hidden, Framework: b.framework, Implementation: strings.Join(b.args[2:], " "), Precision: b.args[1],
				Individuals: o.Individuals, Stories: stories.Len()}
			if err := row.runBaseline(ctx, python, args, losses(ours, n.Name), WorkOf(n.Spec, stories)); err != nil {
				row.Failure = err.Error()
			}
			if ctx.Err() != nil {
				return rows, ctx.Err()
			}
			rows = append(rows, row)
			show(row)
		}
	}
	return rows, nil
}

// runBaseline fills in the row, or says why not.
func (r *Row) runBaseline(ctx context.Context, python string, args []string, ours []float64, each Work) error {
	s, err := baseline(ctx, python, args)
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

// losses are ours of the network's individuals, in the first precision.
func losses(ours []Row, network string) []float64 {
	for _, r := range ours {
		if r.Network == network {
			return r.losses
		}
	}
	return nil
}
