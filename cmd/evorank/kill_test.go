package main

import (
	"bufio"
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// tinyRun is a run of some 200 short generations with a checkpoint every 7.
var tinyRun = []string{"train", "lm-quick", "--quiet", "--generations", "200",
	"--set", "search={population: 10, survivors: 3}", "--set", "execution.checkpoint_every=7",
	"--set", "lm.data={corpus_stories: 6, heldout_stories: 2, heldout_every: 5}",
	"--set", "lm.network={hidden: 6, heads: 1, head_dim: 3, ffn: 5, blocks: 1}"}

// build compiles the program.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "evorank")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// TestKill kills runs of each task with SIGKILL at random moments.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes 30 times")
	}
	program := build(t)
	t.Run("lm", func(t *testing.T) { killed(t, program, tinyRun, 20) })
	t.Run("carracing", func(t *testing.T) { killed(t, program, append(tinyDrive, "--generations", "6"), 10) })
}

// killed kills a run so many times, resuming it each time, and compares the
// lineage with that of a run that was left alone.
func killed(t *testing.T, program string, command []string, most int) {
	dir, whole := filepath.Join(t.TempDir(), "killed"), filepath.Join(t.TempDir(), "whole")
	begun := time.Now()
	if out, err := exec.Command(program, append(command, "--run-dir", whole)...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	length := time.Since(begun)
	random := rand.New(rand.NewPCG(1, 2))
	kills, args := 0, append(command, "--run-dir", dir)
	for attempt := 0; attempt < 200 && kills < most; attempt++ {
		if _, err := os.Stat(filepath.Join(dir, "lineage.bin")); err == nil {
			args = []string{"resume", dir, "--quiet"}
		} else { // killed before there was anything to resume
			os.RemoveAll(dir)
		}
		c := exec.Command(program, args...)
		var out bytes.Buffer
		c.Stderr = &out
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(random.Int64N(int64(length)/6 + 1)))
		c.Process.Kill()
		err := c.Wait()
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.Exited() {
			t.Fatalf("attempt %d: %v\n%s", attempt, err, out.String())
		}
		if err != nil {
			kills++
		}
	}
	if out, err := exec.Command(program, "resume", dir, "--quiet").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if kills < most/2 {
		t.Errorf("only %d kills hit the run", kills)
	}
	for _, format := range []string{"csv", "jsonl"} {
		if must(t, "lineage", dir, "--format", format) != must(t, "lineage", whole, "--format", format) {
			t.Errorf("after %d kills the lineage differs from an uninterrupted run's", kills)
		}
	}
	t.Logf("%d kills, the same lineage", kills)
}

// TestInterrupt sends SIGINT once: the run stops with exit code 75, and resumes.
func TestInterrupt(t *testing.T) {
	program, dir := build(t), filepath.Join(t.TempDir(), "run")
	c := exec.Command(program, append(tinyRun, "--run-dir", dir, "--generations", "100000")...)
	var said bytes.Buffer
	c.Stderr = &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, filepath.Join(dir, "metrics.jsonl"))
	if err := c.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	c.Wait()
	if code := c.ProcessState.ExitCode(); code != exitStopped || !strings.Contains(said.String(), "go on with evorank resume "+dir) {
		t.Fatalf("exit code %d: %s", code, said.String())
	}
	code, _, errs := call(t, "", "resume", dir, "--quiet", "--max-time", "50ms")
	if code != exitStopped || !strings.Contains(errs, "--max-time is over") {
		t.Errorf("resumed for 50 ms: exit code %d: %s", code, errs)
	}
	must(t, "verify", dir, "--sample", "5")
}

// waitFor waits until the file has something in it.
func waitFor(t *testing.T, path string) {
	t.Helper()
	for range 1000 {
		if info, err := os.Stat(path); err == nil && info.Size() > 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s did not appear", path)
}

// TestSecondInterrupt: while the first SIGINT waits for a long evaluation, the
// second one ends the process as if it had never been caught: a shell sees 130.
// Without it, this run takes some 20 s to stop.
func TestSecondInterrupt(t *testing.T) {
	program, dir := build(t), fixture(t)
	long := filepath.Join(dir, "long.txt") // one story: attention takes time by its square
	write(t, long, strings.Repeat("The fox met a bear. ", 30000))
	run := filepath.Join(dir, "long")
	c := exec.Command(program, "train", "lm-quick", "--data", long, "--tokenizer", filepath.Join(dir, "tok.json"), "--run-dir", run,
		"--set", "lm.data.max_tokens=1000000", "--set", "search={population: 4, survivors: 2}",
		"--set", "lm.network={hidden: 6, heads: 1, head_dim: 3, ffn: 5, blocks: 1}")
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	wait := func(text string) {
		for lines.Scan() {
			t.Log(time.Now().Format(time.StampMilli), lines.Text())
			if strings.Contains(lines.Text(), text) {
				return
			}
		}
		t.Fatalf("never said %q", text)
	}
	wait("training")
	time.Sleep(200 * time.Millisecond) // into the evaluation
	c.Process.Signal(syscall.SIGINT)
	wait("the same again ends at once")
	begun := time.Now()
	c.Process.Signal(syscall.SIGINT)
	c.Wait()
	status := c.ProcessState.Sys().(syscall.WaitStatus)
	if !status.Signaled() || status.Signal() != syscall.SIGINT || time.Since(begun) > 5*time.Second {
		t.Errorf("%v after %v", c.ProcessState, time.Since(begun))
	}
}
