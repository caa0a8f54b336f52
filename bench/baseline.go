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
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/evorank/evorank/kernels/transformer"
)

// form is a way to run a Python program. Of a framework's forms the best
// counts.
type form struct {
	framework, name string // the name tells a framework's forms apart
	script          string
	args            []string
	precisions      []transformer.Precision // that it is run in
}

// cpuForms were found fastest for one and for two threads.
var cpuForms = []form{
	{"PyTorch", "batches of 8", "bench_torch_cpu.py", []string{"--batch", "8", "--chunk", "128", "--group", "16"}, nil},
	{"PyTorch", "batches of 2", "bench_torch_cpu.py", []string{"--batch", "2", "--chunk", "64", "--group", "16", "--loss", "logsumexp"}, nil},
	{"JAX", "loop", "bench_jax_cpu.py", []string{"--loop", "--batch", "2", "--round", "64", "--chunk", "128"}, nil},
	{"JAX", "vmap", "bench_jax_cpu.py", []string{"--batch", "8", "--round", "64", "--chunk", "128"}, nil},
}

// Python says which baselines are run.
type Python struct {
	Interpreter string
	Forms       []string      // only those whose "FRAMEWORK NAME" begins so; none: all
	Limit       time.Duration // of one program; 0: none
}

// Check says whether there are such forms, on GPUs or on the CPU.
func (p Python) Check(cuda bool) error {
	known := cpuForms
	if cuda {
		known = gpuForms
	}
	if len(p.chosen(known)) > 0 {
		return nil
	}
	var names []string
	for _, f := range known {
		names = append(names, strconv.Quote(f.framework+" "+f.name))
	}
	return fmt.Errorf("bench: no baseline begins with %q: there are %s", strings.Join(p.Forms, ", "), strings.Join(names, ", "))
}

func (p Python) chosen(known []form) []form {
	var chosen []form
	for _, f := range known {
		if len(p.Forms) == 0 || slices.ContainsFunc(p.Forms, func(begin string) bool { return strings.HasPrefix(f.framework+" "+f.name, begin) }) {
			chosen = append(chosen, f)
		}
	}
	return chosen
}

//go:embed baselines/*.py
var scripts embed.FS

// Source is a text that both sides read.
type Source struct{ Text, Tokenizer string }

// Baselines runs the Python programs on the same stories, networks and threads
// and returns one row for each. A program that fails, runs out of its time or
// scores other tokens is a row that says so.
func Baselines(ctx context.Context, python Python, networks []Network, src Source, stories transformer.Sequences, o Options, show func(Row)) ([]Row, error) {
	dir, err := unpack()
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var rows []Row
	for _, n := range networks {
		if n.Mode == "" { // the programs do not know the network
			continue
		}
		for _, threads := range o.Threads {
			for _, f := range python.chosen(cpuForms) {
				args := append([]string{filepath.Join(dir, f.script), "--text", src.Text, "--tokenizer", src.Tokenizer, "--mode", n.Mode,
					"--threads", strconv.Itoa(threads), "--individuals", strconv.Itoa(o.Individuals), "--stories", strconv.Itoa(stories.Len()), "--repeat", strconv.Itoa(o.Repeat)}, f.args...)
				row := Row{Network: n.Name, Hidden: n.Spec.Hidden, Framework: f.framework, Implementation: strings.Join(f.args, " "), Precision: "fp32",
					Threads: threads, Individuals: o.Individuals, Stories: stories.Len()}
				err := row.attempt(ctx, show, func() error { return row.runOnCPU(ctx, python, args, WorkOf(n.Spec, stories)) })
				if err != nil {
					return rows, err
				}
				rows = append(rows, row)
			}
		}
	}
	return rows, nil
}

// attempt shows the row that run fills in, or why it could not. It fails only
// if the context ends: then the reason is not the program's.
func (r *Row) attempt(ctx context.Context, show func(Row), run func() error) error {
	if err := run(); err != nil {
		r.Failure = err.Error()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	show(*r)
	return nil
}

// runOnCPU fills in the row, or says why not.
func (r *Row) runOnCPU(ctx context.Context, python Python, args []string, each Work) error {
	s, err := python.run(ctx, args)
	if err != nil {
		return err
	}
	if want := each.Tokens * int64(r.Individuals); s.Tokens != want {
		return fmt.Errorf("it scored %d tokens, not %d", s.Tokens, want)
	}
	r.LargestError = s.Diff
	r.rates(each, s.Seconds)
	return nil
}

// said is the JSON line that a Python program ends with.
type said struct {
	Framework string    `json:"framework"`
	Tokens    int64     `json:"scored_tokens"`
	Seconds   float64   `json:"median_s"`
	Diff      float64   `json:"max_loss_diff"` // of a program that compares by itself
	Losses    []float64 `json:"losses"`
}

// run runs one program and reads what it says.
func (p Python) run(ctx context.Context, args []string) (said, error) {
	var s said
	if p.Limit > 0 {
		limited, cancel := context.WithTimeout(ctx, p.Limit)
		defer cancel()
		ctx = limited
	}
	cmd := exec.CommandContext(ctx, p.Interpreter, args...)
	cmd.WaitDelay = time.Second // compilers that it started may hold its output open
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if ctx.Err() == context.DeadlineExceeded {
		return s, fmt.Errorf("%s: not done after %s", filepath.Base(args[0]), p.Limit)
	}
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
