package metrics

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/evorank/evorank/model"
)

type sample struct {
	Generation model.Generation `json:"generation"`
	Loss       Float            `json:"loss_best"`
	Note       string           `json:"a_note"`
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const (
	line1 = `{"generation":1,"loss_best":8.625,"a_note":""}` + "\n"
	line2 = `{"generation":2,"loss_best":null,"a_note":"NaN"}` + "\n"
	line3 = `{"generation":4,"loss_best":1e+300,"a_note":"é"}` + "\n"
)

func TestLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics.jsonl")
	for _, part := range [][]sample{{{1, 8.625, ""}, {2, Float(math.NaN()), "NaN"}}, {{4, 1e300, "é"}}} {
		l, err := Open(path)
		check(t, err)
		for _, s := range part {
			check(t, l.Write(s))
		}
		check(t, l.Close())
	}
	if got, _ := os.ReadFile(path); string(got) != line1+line2+line3 {
		t.Errorf("%s", got)
	}
}

func TestFloat(t *testing.T) {
	for f, want := range map[Float]string{Float(math.Inf(1)): "null", Float(math.Inf(-1)): "null", 0.1: "0.1", -3: "-3"} {
		if got, err := json.Marshal(f); err != nil || string(got) != want {
			t.Errorf("%v: %s, %v, want %s", float64(f), got, err, want)
		}
	}
}

func TestLogRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics.jsonl")
	l, err := Open(path)
	check(t, err)
	for _, bad := range []any{math.NaN(), 3, struct{}{}, map[string]int{"generation": 0}, make(chan int), map[string]float64{"generation": 1, "x": math.Inf(1)}} {
		if err := l.Write(bad); err == nil || !strings.HasPrefix(err.Error(), "metrics: "+path+": ") {
			t.Errorf("%v: error %v", bad, err)
		}
	}
	if got, _ := os.ReadFile(path); len(got) != 0 {
		t.Errorf("%s was written", got)
	}
	if _, err := Open(filepath.Join(path, "x")); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a file in a file: %v", err)
	}
}

func TestTruncateAfter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics.jsonl")
	if last, err := TruncateAfter(path, 7); last != 0 || err != nil {
		t.Errorf("no file: %d, %v", last, err)
	}
	for _, c := range []struct {
		before     string
		generation model.Generation
		after      string
		last       model.Generation
	}{
		{"", 3, "", 0},
		{line1 + line2 + line3, 9, line1 + line2 + line3, 4},
		{line1 + line2 + line3, 4, line1 + line2 + line3, 4},
		{line1 + line2 + line3, 3, line1 + line2, 2},
		{line1 + line2 + line3, 1, line1, 1},
		{line1 + line2 + line3, 0, "", 0},
		{line1 + line2 + line3[:9], 9, line1 + line2, 2},
		{line1 + line3[:9], 1, line1, 1},
		{line1[:len(line1)-1], 9, "", 0},
	} {
		check(t, os.WriteFile(path, []byte(c.before), 0o644))
		last, err := TruncateAfter(path, c.generation)
		if got, _ := os.ReadFile(path); string(got) != c.after || last != c.last || err != nil {
			t.Errorf("%q after %d: %q, %d, %v; want %q, %d", c.before, c.generation, got, last, err, c.after, c.last)
		}
	}
}

func TestTruncateRefusesDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics.jsonl")
	for want, content := range map[string]string{
		"line 2: not a JSON object":                      line1 + line3[:9] + "\n" + line3,
		"line 2: generation 1 stands after generation 4": line3 + line1,
		"line 3: generation 2 stands after generation 2": line1 + line2 + line2,
		`line 1: no "generation"`:                        "{}\n" + line1,
		`line 1: not a JSON object`:                      "\n" + line1,
	} {
		check(t, os.WriteFile(path, []byte(content), 0o644))
		_, err := TruncateAfter(path, 1)
		if err == nil || !strings.HasPrefix(err.Error(), "metrics: "+path+": "+want) {
			t.Errorf("error %v, want %s", err, want)
		}
		if got, _ := os.ReadFile(path); string(got) != content {
			t.Errorf("%q became %q", content, got)
		}
	}
}

// writeExample writes a run of three generations that was stopped and went on
// from generation 2.
func writeExample(t *testing.T, folder string) {
	t.Helper()
	now := time.Unix(1_700_000_000, 250_000_000)
	for _, part := range []struct {
		next, last model.Generation
		offset     float32
	}{{1, 3, 0}, {2, 3, 100}} {
		e, err := CreateEvents(folder, "host", now, part.next)
		check(t, err)
		for g := part.next; g <= part.last; g++ {
			check(t, e.Write(now.Add(time.Duration(g)*time.Second), g, []Scalar{{"loss/best", 8.5 - float32(g) + part.offset}, {"tokens", 1e9}}))
		}
		check(t, e.Close())
	}
}

var exampleNames = []string{"events.out.tfevents.1700000000.host", "events.out.tfevents.1700000000.host.1"}

func TestEventsGolden(t *testing.T) {
	folder := t.TempDir()
	writeExample(t, folder)
	for _, name := range exampleNames {
		got, err := os.ReadFile(filepath.Join(folder, name))
		check(t, err)
		want, err := os.ReadFile(filepath.Join("testdata/example", name))
		check(t, err)
		if !bytes.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// TestTensorBoardReads asks the real TensorBoard for the curves.
func TestTensorBoardReads(t *testing.T) {
	if err := exec.Command("python3", "-c", "import tensorboard").Run(); err != nil {
		t.Skip("1 check skipped: python3 has no tensorboard: TestEventsGolden stands in")
	}
	folder := t.TempDir()
	writeExample(t, folder)
	out, err := exec.Command("python3", "testdata/read_events.py", folder).Output()
	check(t, err)
	var got map[string][][3]float64
	check(t, json.Unmarshal(out, &got))
	want := map[string][][3]float64{
		"loss/best": {{1, 7.5, 1700000001.25}, {2, 106.5, 1700000002.25}, {3, 105.5, 1700000003.25}},
		"tokens":    {{1, 1e9, 1700000001.25}, {2, 1e9, 1700000002.25}, {3, 1e9, 1700000003.25}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("TensorBoard reads %v, want %v", got, want)
	}
}

// TestFrames reads frames back by their definition.
func TestFrames(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata/example", exampleNames[0]))
	check(t, err)
	frames := 0
	for len(data) > 0 {
		n := int(binary.LittleEndian.Uint64(data))
		if masked(data[:8]) != binary.LittleEndian.Uint32(data[8:]) || masked(data[12:12+n]) != binary.LittleEndian.Uint32(data[12+n:]) {
			t.Errorf("frame %d: checksum", frames)
		}
		data = data[16+n:]
		frames++
	}
	if frames != 2+3 {
		t.Errorf("%d frames, want a version, a start and three generations", frames)
	}
}

// TestMasked: the CRC-32C of 32 zero bytes is 0x8a9136aa (RFC 3720, B.4);
// turned right by 15, plus 0xa282ead8, modulo 2^32, it is this.
func TestMasked(t *testing.T) {
	if got := masked(make([]byte, 32)); got != 0xfd7fffa {
		t.Errorf("%#x", got)
	}
}

func TestEventsErrors(t *testing.T) {
	absent := filepath.Join(t.TempDir(), "absent")
	if _, err := CreateEvents(absent, "host", time.Unix(1, 0), 1); err == nil || !strings.Contains(err.Error(), absent) {
		t.Errorf("missing folder: %v", err)
	}
	f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("1 check skipped: no /dev/full")
	}
	e := &Events{f}
	if err := e.Write(time.Unix(1, 0), 1, nil); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("full disk: %v", err)
	}
	check(t, e.Close())
}

// FuzzTruncateAfter: whatever is kept is kept as it was, and is read again.
func FuzzTruncateAfter(f *testing.F) {
	f.Add([]byte(line1+line2+line3), 2)
	f.Add([]byte(line1+line2[:5]), 1)
	f.Fuzz(func(t *testing.T, data []byte, generation int) {
		keep, last, err := scan(bytes.NewReader(data), model.Generation(generation))
		if err != nil {
			return
		}
		again, same, err := scan(io.LimitReader(bytes.NewReader(data), keep), last)
		if err != nil || again != keep || same != last || last > model.Generation(max(generation, 0)) {
			t.Errorf("%q: %d bytes to generation %d, then %d to %d, %v", data, keep, last, again, same, err)
		}
	})
}
