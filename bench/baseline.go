package bench

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/evorank/evorank/kernels/transformer"
)

// Baselines are the forms of the Python programs that were found fastest for
// one and for two threads; each is tried, and the best of a framework counts.
var baselines = []struct {
	framework, script string
	args              []string
}{
	{"PyTorch", "bench_torch_cpu.py", []string{"--batch", "8", "--chunk", "128", "--group", "16"}},
	{"PyTorch", "bench_torch_cpu.py", []string{"--batch", "2", "--chunk", "64", "--group", "16", "--loss", "logsumexp"}},
	{"JAX", "bench_jax_cpu.py", []string{"--loop", "--batch", "2", "--round", "64", "--chunk", "128"}},
	{"JAX", "bench_jax_cpu.py", []string{"--batch", "8", "--round", "64", "--chunk", "128"}},
}

//go:embed baselines/*.py
var scripts embed.FS

// Source is a text that both sides read.
type Source struct{ Text, Tokenizer string }

// Baselines runs the Python programs on the same stories, networks and threads
// and returns one row for each. python is the interpreter; one that lacks the
// frameworks is an error.
func Baselines(ctx context.Context, python string, networks []Network, src Source, stories transformer.Sequences, o Options, show func(Row)) ([]Row, error) {
	dir, err := unpack()
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var rows []Row
	for _, n := range networks {
		for _, threads := range o.Threads {
			for _, b := range baselines {
				if n.Mode == "" {
					continue
				}
				args := append([]string{filepath.Join(dir, b.script), "--text", src.Text, "--tokenizer", src.Tokenizer, "--mode", n.Mode,
					"--threads", strconv.Itoa(threads), "--individuals", strconv.Itoa(o.Individuals), "--stories", strconv.Itoa(stories.Len()), "--repeat", strconv.Itoa(o.Repeat)}, b.args...)
				s, err := baseline(ctx, python, args)
				each := WorkOf(n.Spec, stories)
				if err == nil && s.Tokens != each.Tokens*int64(o.Individuals) {
					err = fmt.Errorf("it scored %d tokens, not %d", s.Tokens, each.Tokens*int64(o.Individuals))
				}
				if err != nil {
					return rows, fmt.Errorf("bench: baseline: %s: %w", b.framework, err)
				}
				row := Row{Network: n.Name, Hidden: n.Spec.Hidden, Framework: b.framework, Implementation: strings.Join(b.args, " "), Precision: "fp32",
					Threads: threads, Individuals: o.Individuals, Stories: stories.Len(), LargestError: s.Diff}
				row.rates(each, s.Seconds)
				rows = append(rows, row)
				show(row)
			}
		}
	}
	return rows, nil
}

// said is the JSON line that a Python program ends with.
type said struct {
	Framework string    `json:"framework"`
	Tokens    int64     `json:"scored_tokens"`
	Seconds   float64   `json:"median_s"`
	Diff      float64   `json:"max_loss_diff"` // of a program that compares by itself
	Losses    []float64 `json:"losses"`
}

// baseline runs one Python program and reads what it says.
func baseline(ctx context.Context, python string, args []string) (said, error) {
	var s said
	cmd := exec.CommandContext(ctx, python, args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return s, fmt.Errorf("%s: %w: %s", filepath.Base(args[0]), err, lastLine(errs.String()))
	}
	if err := json.Unmarshal([]byte(lastLine(string(out))), &s); err != nil {
		return s, fmt.Errorf("%s: no result: %w", filepath.Base(args[0]), err)
	}
	return s, nil
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndex(text, "\n")+1:]
}

// unpack writes the programs to a temporary folder.
func unpack() (string, error) {
	dir, err := os.MkdirTemp("", "evorank-baselines-")
	if err != nil {
		return "", err
	}
	files, err := scripts.ReadDir("baselines")
	for _, f := range files {
		text, readErr := scripts.ReadFile("baselines/" + f.Name())
		if err = readErr; err == nil {
			err = os.WriteFile(filepath.Join(dir, f.Name()), text, 0o600)
		}
		if err != nil {
			break
		}
	}
	return dir, err
}
