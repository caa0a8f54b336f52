package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/evorank/evorank/bench"
)

// TestBench: each benchmark goes the whole way on the CPU, and prints a line or
// an object for everything it times.
func TestBench(t *testing.T) {
	for args, lines := range map[string]int{
		"lm --stories 2,3 --populations 2 --network factored --repeat 1 --threads 1":                4,
		"lm --stories 2 --populations 18 --network factored --repeat 1 --threads 1 --generations 1": 4,
		"noise --elements 1000 --repeat 1 --threads 1 --threads 2":                                  2,
		"develop --individuals 2 --network small --repeat 1 --threads 1":                            2,
		"transfer --population 17 --stories 1 --repeat 1":                                           4,
	} {
		words := append([]string{"bench"}, append(strings.Fields(args), "--device", "cpu")...)
		out := must(t, append(words, "--json")...)
		if got := strings.Count(out, "\n"); got != lines {
			t.Errorf("bench %s: %d objects, want %d:\n%s", args, got, lines, out)
		}
		for line := range strings.Lines(out) {
			if !json.Valid([]byte(line)) {
				t.Errorf("bench %s: not JSON: %s", args, line)
			}
		}
		if text := must(t, words...); !strings.HasPrefix(text, "evorank ") || !strings.Contains(text, "threads") {
			t.Errorf("bench %s:\n%s", args, text)
		}
	}
}

func TestBenchMistakes(t *testing.T) {
	for args, says := range map[string]string{
		"lm --stories 4,x":                   "separated by commas",
		"lm --populations 0":                 "at least 1",
		"lm --network huge":                  `"small dense"`,
		"lm --precision fp8":                 "precision",
		"lm --precision fp16 --device cpu":   "of a GPU",
		"lm --python python3 --device cpu":   "read text",
		"lm --isa sse":                       "sse",
		"lm --baseline Keras":                `"PyTorch`,
		"lm --generations 1 --populations 8": "16 survive",
		"lm --hidden -3":                     "at least 1",
		"noise --elements 0":                 "want 1 to",
		"noise --repeat 0":                   "at least 1",
		"develop --threads 0 --device cpu":   "at least 1",
		"transfer --population 16":           "16 survive",
		"precision":                          "RUN is missing",
		"precision nowhere --device cpu":     "nowhere",
		"precision nowhere --generations x":  "separated by commas",
	} {
		code, _, errs := call(t, "", append([]string{"bench"}, strings.Fields(args)...)...)
		if code == exitDone || !strings.Contains(errs, says) || strings.Count(errs, "\n") != 1 {
			t.Errorf("bench %s: exit %d, %q, want %q", args, code, errs, says)
		}
	}
}

// TestBenchPrecision rebuilds the population of a run that was just made.
func TestBenchPrecision(t *testing.T) {
	dir := t.TempDir() + "/run"
	must(t, "train", "--device", "cpu", "--quiet", "--run-dir", dir, "--generations", "3", "--set", "search.population=20")
	out := must(t, "bench", "precision", dir, "--device", "cpu", "--generations", "1,3", "--stories", "6")
	if strings.Count(out, "fp32  difference") != 2 || !strings.Contains(out, "generation 3: 20 individuals, 6 stories") || !strings.Contains(out, "tau 1.0") {
		t.Error(out)
	}
	if code, _, errs := call(t, "", "bench", "precision", dir, "--device", "cpu", "--generations", "4"); code != exitData || !strings.Contains(errs, "generation 4") {
		t.Errorf("exit %d, %q", code, errs)
	}
}

// TestMissingBaselines: a framework that did not run once is an error.
func TestMissingBaselines(t *testing.T) {
	ran, failed := bench.Row{Framework: "PyTorch"}, bench.Row{Framework: "PyTorch", Failure: "out of memory"}
	if err := missing([]bench.Row{failed, ran}); err != nil {
		t.Error(err)
	}
	if err := missing([]bench.Row{ran, {Framework: "JAX", Failure: "no module"}}); err == nil || !strings.Contains(err.Error(), "JAX: no module") {
		t.Errorf("%v", err)
	}
}

func TestMetric(t *testing.T) {
	for x, want := range map[float64]string{0.5: "0.5", 999.4: "999", 999.6: "1k", 12345: "12.3k", 4.17e12: "4.17T", 6.37e14: "637T", 2e15: "2P"} {
		if got := metric(x); got != want {
			t.Errorf("%v: %s, want %s", x, got, want)
		}
	}
}
