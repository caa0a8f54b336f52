package carracing

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestActionsReadBack(t *testing.T) {
	want := []Action{{0.1, 1, 0}, {-1.0 / 3, 5e-324, math.Inf(1)}, {math.MaxFloat64, -2, 1e-17}}
	var csv, bin bytes.Buffer
	for _, a := range want {
		fmt.Fprintf(&csv, "%v, %v,%v\r\n", a[0], a[1], a[2])
		if err := binary.Write(&bin, binary.LittleEndian, a); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	for name, data := range map[string][]byte{"a.csv": csv.Bytes(), "a.bin": bin.Bytes()} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		got, err := ReadActions(path)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, want)
		}
	}
}

func TestBadActionsAreErrors(t *testing.T) {
	bytes3 := func(v float64) string {
		return string(binary.LittleEndian.AppendUint64(make([]byte, 16), math.Float64bits(v)))
	}
	for _, c := range []struct{ name, data, want string }{
		{"a.csv", "", "no actions"},
		{"a.csv", "\n\n", "no actions"},
		{"a.csv", "0,1\n", "line 1: 2 numbers, want 3"},
		{"a.csv", "0,1,0\n0,1,0,0\n", "line 2: 4 numbers, want 3"},
		{"a.csv", "0,1,0\n\n0,1,0\n", "line 2: 1 numbers, want 3"},
		{"a.csv", "steer,gas,brake\n", `line 1: "steer" is not`},
		{"a.csv", "0,NaN,0\n", "line 1: gas is NaN"},
		{"a.csv", "0,1e999,0\n", `"1e999" is not a binary64 number`},
		{"a.bin", "", "no actions"},
		{"a.bin", "1234567", "7 bytes, want a multiple of 24"},
		{"a.bin", bytes3(0) + bytes3(math.NaN()), "action 2: brake is NaN"},
		{"a.txt", "0,1,0\n", `extension ".txt"`},
	} {
		path := filepath.Join(t.TempDir(), c.name)
		if err := os.WriteFile(path, []byte(c.data), 0o666); err != nil {
			t.Fatal(err)
		}
		actions, err := ReadActions(path)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s %q: %v, %v; want an error with %q", c.name, c.data, actions, err, c.want)
		}
	}
	if _, err := ReadActions(filepath.Join(t.TempDir(), "none.csv")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}

func TestParseSeed(t *testing.T) {
	for text, want := range map[string]uint64{"0": 0, "18446744073709551615": math.MaxUint64} {
		if got, err := ParseSeed(text); got != want || err != nil {
			t.Errorf("seed %s: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "-1", "1.5", "18446744073709551616", "0x10", "seven"} {
		if got, err := ParseSeed(text); err == nil {
			t.Errorf("seed %q: %d, want an error", text, got)
		}
	}
}

func TestReplayRecords(t *testing.T) {
	want := readGoldenFile(t, "testdata/trace-s0003-p006.bin.gz")
	actions := append(want.actions(), Action{0, 1, 0}) // one more than the episode lasts
	replay := Replay{Seed: 3, Options: DefaultOptions(), Actions: actions, Trace: true, FramesEvery: 100, FullAt: 150}
	var lines []string
	got, err := replay.Run(func(s StepRecord) error {
		line, err := json.Marshal(s)
		lines = append(lines, string(line))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.Steps != want.Steps || len(lines) != want.Steps+1 {
		t.Fatalf("%d steps, %d records; want %d and one more", got.Steps, len(lines), want.Steps)
	}
	pose := want.Array("pose").F8
	first := fmt.Sprintf(`{"step":0,"reward":0,"return":0,"visited":2,"pose":[%v,%v,%v],"terminated":false,"truncated":false}`,
		pose[0], pose[1], pose[2])
	if lines[0] != first {
		t.Errorf("record 0 is\n%s, want\n%s", lines[0], first)
	}
	var last StepRecord
	if err := json.Unmarshal([]byte(lines[want.Steps]), &last); err != nil {
		t.Fatal(err)
	}
	if !last.Terminated || last.Truncated || last.Reward != -100 || last.Return != *want.Return {
		t.Errorf("last record %+v", last)
	}
	if steps := got.Frames.Array("frame_step").I4; fmt.Sprint(steps) != "[0 100 200]" {
		t.Errorf("frames at steps %v", steps)
	}
	if at := got.Frames.Array("full_step").I4; fmt.Sprint(at) != "[200]" {
		t.Errorf("full picture at step %v", at)
	}
	replay.Limits = Limits{MaxSteps: 17}
	if got, err = replay.Run(nil); err != nil || got.Steps != 17 || got.Trace.Array("truncated").U1[16] != 1 {
		t.Errorf("with a limit of 17 steps: %d steps, %v", got.Steps, err)
	}
	stop := errors.New("stop")
	if _, err := replay.Run(func(StepRecord) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the receiver's error is lost: %v", err)
	}
}

func TestGoldenFilesReadBack(t *testing.T) {
	for _, path := range []string{"testdata/trace-s0003-p006.bin.gz", "testdata/frames-s0189-p002.bin.gz"} {
		want := readGoldenFile(t, path)
		var first, second bytes.Buffer
		if _, err := want.WriteTo(&first); err != nil {
			t.Fatal(err)
		}
		if n, err := want.WriteTo(&second); err != nil || n != int64(second.Len()) || !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Errorf("%s: written twice: %d bytes of %d, %v", path, n, second.Len(), err)
		}
		if n := lineLength(t, first.Bytes()); n%8 != 0 {
			t.Errorf("%s: the header line has %d bytes", path, n)
		}
		got, err := ReadGolden(&first)
		if err != nil {
			t.Fatal(err)
		}
		var c tally
		c.compareAll(t, path, got, want)
		if got.Seed != want.Seed || *got.Program != *want.Program || got.Steps != want.Steps || len(got.Arrays) != len(want.Arrays) {
			t.Errorf("%s: header %+v, want %+v", path, got.Header, want.Header)
		}
	}
}

func TestEmptyReplayReadsBack(t *testing.T) {
	replay := Replay{Seed: 1, Options: DefaultOptions(), Trace: true, FramesEvery: 1}
	recorded, err := replay.Run(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []*Golden{recorded.Trace, recorded.Frames} {
		var file bytes.Buffer
		if _, err := want.WriteTo(&file); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadGolden(&file); err != nil || len(got.Arrays) != len(want.Arrays) {
			t.Errorf("%s without steps: %v", want.Kind, err)
		}
	}
}

// lineLength is the length of the first line inside of a gzip file.
func lineLength(t *testing.T, file []byte) int {
	t.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(zip).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	return len(line)
}
