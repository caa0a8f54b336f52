package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/evorank/evorank/task/carracing"
)

// recorded is a file of the real environment: a car that leaves the field.
const recorded = "../../task/carracing/testdata/trace-s0003-p006.bin.gz"

func readGolden(t *testing.T, path string) *carracing.Golden {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	g, err := carracing.ReadGolden(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return g
}

// writeActions writes actions as CSV and as binary64, and returns both paths.
func writeActions(t *testing.T, actions []float64) (csv, bin string) {
	t.Helper()
	dir := t.TempDir()
	var text strings.Builder
	for a := range slices.Chunk(actions, 3) {
		fmt.Fprintf(&text, "%v,%v,%v\n", a[0], a[1], a[2])
	}
	var data bytes.Buffer
	if err := binary.Write(&data, binary.LittleEndian, actions); err != nil {
		t.Fatal(err)
	}
	csv, bin = filepath.Join(dir, "a.csv"), filepath.Join(dir, "a.bin")
	write(t, csv, text.String())
	write(t, bin, data.String())
	return csv, bin
}

// TestEnvRepeatsARecording: the steps, the trace and the frames of the real
// environment's actions, in both forms.
func TestEnvRepeatsARecording(t *testing.T) {
	want := readGolden(t, recorded)
	csv, bin := writeActions(t, want.Array("action").F8)
	dir := t.TempDir()
	trace, frames := filepath.Join(dir, "trace.bin.gz"), filepath.Join(dir, "frames.bin.gz")
	lines := must(t, "env", "carracing", "--seed", "3", "--actions", csv, "--json", "--dump", trace, "--frames", "50", "--frames-dump", frames)
	if again := must(t, "env", "--seed=3", "--actions", bin, "carracing", "--json"); again != lines {
		t.Error("binary actions lead elsewhere than the same as text")
	}
	var last carracing.StepRecord
	rows := strings.Split(strings.TrimSpace(lines), "\n")
	if err := json.Unmarshal([]byte(rows[len(rows)-1]), &last); err != nil {
		t.Fatal(err)
	}
	if len(rows) != want.Steps+1 || last.Step != want.Steps || last.Return != *want.Return || !last.Terminated {
		t.Errorf("%d rows, the last %+v; want %d steps and return %v", len(rows), last, want.Steps, *want.Return)
	}
	if !regexp.MustCompile(`^\{"step":0,"reward":0,"return":0,"visited":\d+,"pose":\[[^]]+\],"terminated":false,"truncated":false\}$`).MatchString(rows[0]) {
		t.Errorf("step 0 is %s", rows[0])
	}
	got := readGolden(t, trace)
	for _, name := range []string{"action", "reward", "pose", "visited", "terminated", "track"} {
		g, w := got.Array(name), want.Array(name)
		if !slices.Equal(g.F8, w.F8) || !slices.Equal(g.I4, w.I4) || !slices.Equal(g.U1, w.U1) {
			t.Errorf("the trace's %s differs from the real one's", name)
		}
	}
	pictures := readGolden(t, frames)
	if steps := pictures.Array("frame_step").I4; len(steps) != want.Steps/50+1 || steps[1] != 50 {
		t.Errorf("frames of steps %v", steps)
	}
	if at := pictures.Array("full_step").I4; len(at) != 1 || at[0] != 100 { // as the recording script does
		t.Errorf("full pictures of steps %v", at)
	}
}

// TestEnvCommand: limits, and what is said of bad command lines. $A is a file
// of 100 actions that do nothing.
func TestEnvCommand(t *testing.T) {
	still, _ := writeActions(t, make([]float64, 300))
	dir := filepath.Dir(still)
	for name, text := range map[string]string{"empty.csv": "", "nan.csv": "0,nan,0\n", "two.csv": "0,1\n", "cut.bin": "1234567", "a.txt": "0,0,0\n", "old": "a recording"} {
		write(t, filepath.Join(dir, name), text)
	}
	for _, c := range []struct {
		line string
		code int
		out  string
	}{
		{"env carracing --seed 1 --actions $A", exitDone, "^seed 1: 100 steps of 100 actions, return .*, still running\n$"},
		{"env carracing --seed 1 --actions $A --early-stop", exitDone, "22 steps .* truncated"},
		{"env carracing --seed 1 --actions $A --max-steps 7", exitDone, " 7 steps .* truncated"},
		{"env carracing --seed 18446744073709551615 --actions $D/a.bin --max-steps 1", exitDone, "seed 18446744073709551615: 1 steps"},
		{"env", exitUsage, "ENVIRONMENT is missing"},
		{"env pong --seed 1 --actions $A", exitUsage, `"pong" is no environment: want carracing`},
		{"env carracing x --seed 1 --actions $A", exitUsage, `leftover argument "x"`},
		{"env carracing --actions $A", exitUsage, "--seed is missing"},
		{"env carracing --seed 1", exitUsage, "--actions is missing"},
		{"env carracing --seed -1 --actions $A", exitUsage, `seed "-1": want a whole number from 0 to`},
		{"env carracing --seed 18446744073709551616 --actions $A", exitUsage, "want a whole number from 0 to"},
		{"env carracing --seed 1 --actions $A --frames 5", exitUsage, "go together"},
		{"env carracing --seed 1 --actions $A --frames-dump $D/f", exitUsage, "go together"},
		{"env carracing --seed 1 --actions $A --frames 0 --frames-dump $D/f", exitUsage, "--frames 0: want at least 1"},
		{"env carracing --seed 1 --actions $A --max-steps 0", exitUsage, "--max-steps 0: want at least 1"},
		{"env carracing --seed 1 --actions $D/a.bin --dump $D/./a.bin", exitUsage, "--actions and --dump are the same file"},
		{"env carracing --seed 1 --actions $A --dump $D/t --frames 5 --frames-dump $D/t", exitUsage, "--dump and --frames-dump are the same file"},
		{"env carracing --seed 1 --actions $A --dump $D/a.txt", exitFailure, "a.txt: the file exists: choose another, or give --force"},
		{"env carracing --seed 1 --actions $A --frames 1 --frames-dump $D/a.txt", exitFailure, "a.txt: the file exists"},
		{"env carracing --seed 1 --actions $A --dump $D", exitFailure, "a directory"},
		{"env carracing --seed 1 --actions $A --max-steps 1 --dump $D/old --force", exitDone, "1 steps"},
		{"env carracing --seed 1 --actions $D/none.csv", exitData, "none.csv"},
		{"env carracing --seed 1 --actions $D/empty.csv", exitData, "empty.csv: no actions"},
		{"env carracing --seed 1 --actions $D/nan.csv", exitData, "nan.csv: line 1: gas is NaN"},
		{"env carracing --seed 1 --actions $D/two.csv", exitData, "two.csv: line 1: 2 numbers, want 3"},
		{"env carracing --seed 1 --actions $D/cut.bin", exitData, "cut.bin: 7 bytes"},
		{"env carracing --seed 1 --actions $D/a.txt", exitData, `extension ".txt"`},
		{"env carracing --seed 1 --actions $A --max-steps 1 --dump $D/none/t", exitFailure, "none/t"},
	} {
		line := strings.NewReplacer("$A", still, "$D", dir).Replace(c.line)
		code, out, errs := call(t, "", strings.Fields(line)...)
		said := out
		if code != exitDone {
			said = errs
		}
		if code != c.code || !regexp.MustCompile(c.out).MatchString(said) {
			t.Errorf("evorank %s: exit %d, want %d and %s:\n%s%s", c.line, code, c.code, c.out, out, errs)
		}
	}
}
