//go:build linux && (amd64 || arm64) && !nogpu

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestFailedSelfTest: a GPU that computes wrongly does not pass the self-test, so
// nothing is trained: exit code 4 and the reason, no run directory, and the CPU
// does not step in, not even for auto. The GPU is one that testdata/libcuda.c
// makes up, whose driver finds everything in order; a real one is not asked, so
// the test's name does not say GPU.
func TestFailedSelfTest(t *testing.T) {
	drivers := t.TempDir()
	out, err := exec.Command("cc", "-shared", "-fPIC", "-o", filepath.Join(drivers, "libcuda.so.1"), "testdata/libcuda.c").CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("5 trainings skipped: ", err)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	program := build(t)
	for _, c := range []struct{ device, precision, tested string }{
		{"cuda", "fp32", "fp32"}, {"cuda", "tf32", "tf32"}, {"cuda", "bf16", "bf16"}, {"cuda:0", "fp16", "fp16"}, {"auto", "auto", "fp16"},
	} {
		dir := filepath.Join(t.TempDir(), "run")
		train := exec.Command(program, append(tinyRun, "--run-dir", dir, "--device", c.device, "--set", "execution.precision="+c.precision)...)
		train.Env = append(os.Environ(), "LD_LIBRARY_PATH="+drivers)
		var said bytes.Buffer
		train.Stderr = &said
		summary, _ := train.Output() // its exit code is looked at below
		if code := train.ProcessState.ExitCode(); code != exitDevice || len(summary) > 0 {
			t.Errorf("%s, %s: exit code %d, summary %q: %s", c.device, c.precision, code, summary, said.String())
		}
		for _, want := range []string{"self-test: cuda:0, " + c.tested + ": candidate 0: loss ", "the processor says", "this GPU or driver computes wrongly\n"} {
			if !strings.Contains(said.String(), want) {
				t.Errorf("%s, %s: %q is missing in %q", c.device, c.precision, want, said.String())
			}
		}
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("%s, %s: there is a run directory (%v)", c.device, c.precision, err)
		}
	}
}
