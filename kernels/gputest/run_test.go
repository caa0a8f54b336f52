package gputest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// standIn writes a program that says this and ends so.
func standIn(t *testing.T, path, says, code string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+says+"\nexit "+code+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

// run starts run.sh in a folder as make.sh makes it, with programs of its own
// first on the PATH, and returns what it says and its exit code.
func run(t *testing.T, folder, programs string, args ...string) (string, int) {
	t.Helper()
	text, err := os.ReadFile("run.sh")
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(folder, "run.sh")
	if err := os.WriteFile(script, text, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("bash", append([]string{script}, args...)...)
	cmd.Env = append(os.Environ(), "PATH="+programs+":"+os.Getenv("PATH"), "LIMIT=5")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Skip(err) // no bash
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func TestRunGoesOnAfterAFailure(t *testing.T) {
	folder, programs := t.TempDir(), t.TempDir()
	passing := `echo "--- PASS: TestGPUOne"; echo "--- SKIP: TestGPUTwo"; test "$EVORANK_GPU" = require || exit 7`
	standIn(t, filepath.Join(folder, "a/a.test"), `echo "--- PASS: TestGPUOne"; echo "--- FAIL: TestGPUBad"`, "1")
	standIn(t, filepath.Join(folder, "b/c/c.test"), passing, "0")
	standIn(t, filepath.Join(folder, "d/d.test"), `echo "testing: warning: no tests to run"`, "0")
	standIn(t, filepath.Join(folder, "e/e.test"), "sleep 30", "0")
	out, code := run(t, folder, programs)
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	for _, want := range []string{
		`a +none +1 +1 +0 .*FAILED: exit code 1`, `b/c +none +1 +0 +1 .*ok`, `d +none +0 +0 +0 .*FAILED: no test ran`, `e +none .*FAILED: not done after 5 s`,
	} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if out, code := run(t, folder, programs, "b/c"); code != 0 || strings.Contains(out, "FAILED") {
		t.Errorf("b/c alone: exit code %d\n%s", code, out)
	}
}

// TestRunSanitizes: every test by itself under every tool, whose findings are
// failures.
func TestRunSanitizes(t *testing.T) {
	folder, programs := t.TempDir(), t.TempDir()
	standIn(t, filepath.Join(folder, "a/a.test"), `case "$*" in *-test.list*) printf 'TestGPUOne\nTestGPUTwo\n'; exit ;; esac
printf -- '--- PASS: TestGPUOne\n--- PASS: TestGPUTwo\n'`, "0")
	standIn(t, filepath.Join(programs, "compute-sanitizer"), `case "$*" in *-test.short*) ;; *) exit 3 ;; esac
case "$*" in *racecheck*report-api*) exit 4 ;; esac
case "$*" in *'TestGPUOne$/small '*) test=TestGPUOne ;; *'TestGPUTwo$/small '*) test=TestGPUTwo ;; *) exit 5 ;; esac
echo "--- PASS: $test"
[ "$2 $test" != "racecheck TestGPUTwo" ] || exit 9`, "0")
	t.Setenv("RUN", "GPU/small")
	t.Setenv("JOBS", "4")
	out, code := run(t, folder, programs, "--sanitize")
	for _, want := range []string{`a +none +2 .*ok`, `a +memcheck +2 .*ok`, `a +racecheck +2 .*FAILED: racecheck found errors`, `a +initcheck +2 .*ok`, `a +synccheck +2 .*ok`} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	if out, code := run(t, folder, programs, "--sanitize=memcheck,synccheck"); code != 0 || strings.Count(out, "check ") != 2 {
		t.Errorf("two tools: exit code %d\n%s", code, out)
	}
}

// TestRunChooses: RUN is the pattern of the tests, and without it every GPU
// test runs.
func TestRunChooses(t *testing.T) {
	folder, programs := t.TempDir(), t.TempDir()
	standIn(t, filepath.Join(folder, "a/a.test"), `echo "--- PASS: TestGPUOne"; test "$3" = "$WANT" || exit 6`, "0")
	for _, c := range []struct{ run, want string }{{"", "GPU|Hardware"}, {"GPUTiled(Pack|Sum)$/^[a-z]+$", "GPUTiled(Pack|Sum)$/^[a-z]+$"}} {
		t.Setenv("RUN", c.run)
		t.Setenv("WANT", c.want)
		if out, code := run(t, folder, programs); code != 0 {
			t.Errorf("RUN=%q: exit code %d\n%s", c.run, code, out)
		}
	}
}

func TestRunRefuses(t *testing.T) {
	folder := t.TempDir()
	for _, flag := range []string{"--sanitize=", "--sanitize=memcheck,racechek"} {
		if out, code := run(t, folder, folder, flag); code != 2 || !strings.Contains(out, "unknown") {
			t.Errorf("%s: exit code %d, %s", flag, code, out)
		}
	}
	if out, code := run(t, folder, folder, "--sanitise"); code != 2 || !strings.Contains(out, "unknown flag") {
		t.Errorf("exit code %d, %s", code, out)
	}
	if out, code := run(t, folder, folder); code != 2 || !strings.Contains(out, "make gpu-test") {
		t.Errorf("exit code %d, %s", code, out)
	}
}
