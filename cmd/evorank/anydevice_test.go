package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/image"
)

// needGPU skips a test where there is none that the program has kernels for,
// unless EVORANK_GPU=require.
func needGPU(t *testing.T) {
	t.Helper()
	cards, err := gpu.Cards()
	if err == nil && image.Choice(cards[0].Info) == "none" {
		err = fmt.Errorf("there are no kernels for %s", cards[0].Architecture())
	}
	if err != nil {
		if os.Getenv("EVORANK_GPU") == "require" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

// smallRun trains a small run for a few generations and returns its directory.
func smallRun(t *testing.T, args ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	must(t, append(append(append([]string{}, tinyRun...), "--generations", "4", "--run-dir", dir), args...)...)
	return dir
}

// TestNoiseDigest: the digest is that of docs/digest.md, wherever the values
// are cut, and the same as of the values that are printed.
func TestNoiseDigest(t *testing.T) {
	for args, want := range map[string]string{
		"--count 1": "14a645b2cecefedc  1 values\n", "--count 99507": "43127175ccf555ea  99507 values\n", "--count 0": "ef46db3751d8e999  0 values\n",
	} {
		if got := must(t, strings.Fields("noise --seed 7 --tensor 0 --digest "+args)...); got != want {
			t.Errorf("%s: %s, want %s", args, got, want)
		}
	}
	for _, args := range []string{"--device gpu", "--device cuda:0,1", "--device cuda:all"} {
		if code, _, errs := call(t, "", strings.Fields("noise --seed 7 --tensor 0 --count 1 "+args)...); code != exitUsage {
			t.Errorf("%s: exit %d: %s", args, code, errs)
		}
	}
}

// TestGPUNoise: promise 1 as a user checks it.
func TestGPUNoise(t *testing.T) {
	needGPU(t)
	for _, args := range []string{"--tensor 5 --count 3000 --offset 2", "--tensor 77 --count 30000001 --offset 13 --digest"} {
		cpu := must(t, strings.Fields("noise --seed 7 --device cpu "+args)...)
		if got := must(t, strings.Fields("noise --seed 7 --device cuda "+args)...); got != cpu {
			t.Errorf("%s: the GPU prints another text", args)
		}
	}
}

// TestGenerateInAnyPrecision: a text is the same in float64 and, but for its
// roundings, in float32; a precision that the device lacks is refused.
func TestGenerateInAnyPrecision(t *testing.T) {
	dir := smallRun(t)
	plain := must(t, "generate", dir, "--n", "2", "--max-tokens", "20")
	for _, precision := range []string{"fp64", "fp32"} {
		if got := must(t, "generate", dir, "--n", "2", "--max-tokens", "20", "--precision", precision); got != plain {
			t.Errorf("%s: %s, want %s", precision, got, plain)
		}
	}
	if code, _, errs := call(t, "", "generate", dir, "--precision", "fp16"); code != exitDevice || !strings.Contains(errs, "fp16") {
		t.Errorf("fp16 on the CPU: exit %d: %s", code, errs)
	}
}

// TestGPUOtherKind: a run of a CPU is evaluated, continued in words and
// verified on a GPU, within stated tolerances, and the other way round.
func TestGPUOtherKind(t *testing.T) {
	if testing.Short() {
		t.Skip("24 commands, each with a self-test")
	}
	needGPU(t)
	for _, from := range []string{"cpu", "cuda"} {
		dir := smallRun(t, "--device", from)
		for _, args := range []string{
			"eval $D --device cpu --precision fp64", "eval $D --device cpu --precision fp32", "eval $D --device cuda --precision fp32",
			"eval $D --device cuda --precision tf32", "eval $D --device cuda --precision fp16", "eval $D --device cuda --precision bf16",
			"verify $D --device cpu", "verify $D --device cuda", "verify $D --device cpu --precision fp64",
			"verify $D --device cuda --precision tf32", "verify $D --device cuda --precision fp16", "verify $D --device cuda --precision fp32",
			"generate $D --device cuda --max-tokens 5", "generate $D --device cuda --precision fp16 --max-tokens 5",
		} {
			t.Logf("run of %s: %s: %s", from, args, must(t, strings.Fields(strings.ReplaceAll(args, "$D", dir))...))
		}
	}
}

// TestVerifyInAnotherPrecision states the tolerance; in the run's own one every
// bit must be equal, and a precision that the device lacks is refused.
func TestVerifyInAnotherPrecision(t *testing.T) {
	dir := smallRun(t, "--device", "cpu")
	for precision, want := range map[string]string{"": "bit for bit", "fp32": "bit for bit", "fp64": "within 4e-05, largest difference"} {
		if got := must(t, "verify", dir, "--device", "cpu", "--precision", precision); !strings.Contains(got, want) {
			t.Errorf("--precision %q: %s", precision, got)
		}
	}
	if code, _, errs := call(t, "", "verify", dir, "--device", "cpu", "--precision", "fp16"); code != exitDevice || !strings.Contains(errs, "fp16") {
		t.Errorf("fp16 on the CPU: exit %d: %s", code, errs)
	}
}
