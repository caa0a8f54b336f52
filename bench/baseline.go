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
func Baselines(ctx context.Context, python string, networks []Network, src Source, stories int, o Options, show func(Row)) ([]Row, error) {
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
					"--threads", strconv.Itoa(threads), "--individuals", strconv.Itoa(o.Individuals), "--stories", strconv.Itoa(stories), "--repeat", strconv.Itoa(o.Repeat)}, b.args...)
				row, err := baseline(ctx, python, args)
				if err != nil {
					return rows, fmt.Errorf("bench: baseline: %s: %w", b.framework, err)
				}
				row.Network, row.Threads, row.Individuals = n.Name, threads, o.Individuals
				row.Implementation = b.framework + " " + strings.Join(b.args, " ")
				rows = append(rows, row)
				show(row)
			}
		}
	}
	return rows, nil
}

// baseline runs one Python program and reads the JSON line that it ends with.
func baseline(ctx context.Context, python string, args []string) (Row, error) {
	cmd := exec.CommandContext(ctx, python, args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		last := strings.TrimSpace(errs.String())
		return Row{}, fmt.Errorf("%s: %w: %s", filepath.Base(args[0]), err, last[strings.LastIndex(last, "\n")+1:])
	}
	var said struct {
		Tokens  int64   `json:"scored_tokens"`
		Seconds float64 `json:"median_s"`
		Diff    float64 `json:"max_loss_diff"`
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &said); err != nil {
		return Row{}, fmt.Errorf("%s: no result: %w", filepath.Base(args[0]), err)
	}
	return Row{Tokens: said.Tokens, Seconds: said.Seconds, TokensPerSecond: float64(said.Tokens) / said.Seconds, LargestError: said.Diff}, nil
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
