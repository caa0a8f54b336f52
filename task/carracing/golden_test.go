package carracing

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// goldenFiles lists the recordings of the real environment: the few in testdata
// always, and all of the shared data where that is at hand.
func goldenFiles(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil {
		t.Fatal(err)
	}
	shared := os.Getenv("EVORANK_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "shared")
	}
	all, err := filepath.Glob(filepath.Join(shared, "golden", "carracing", pattern))
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Logf("shared data not found: the full set of %s is left out", pattern)
	}
	return append(files, all...)
}

func readGoldenFile(t *testing.T, path string) *Golden {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	g, err := ReadGolden(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return g
}

func (g *Golden) actions() []Action {
	flat := g.Array("action").F8
	actions := make([]Action, len(flat)/3)
	for i := range actions {
		copy(actions[i][:], flat[3*i:])
	}
	return actions
}

// interval is the step between the first two of an array's rising numbers.
func (a *Array) interval() int { return int(a.I4[1] - a.I4[0]) }

// tally counts what was compared.
type tally struct {
	files, rows, frames, values, differing int
	trackBits                              int // track values that differ in the last bits
}

// compare counts the values of two arrays that differ in any bit, and reports
// the first. NaN equals NaN. A track may be 1e-12 off: the C library's sines
// are not always the correctly rounded ones.
func (c *tally) compare(t *testing.T, file string, got, want *Array) {
	t.Helper()
	if got == nil || len(got.F8) != len(want.F8) || len(got.I4) != len(want.I4) || len(got.U1) != len(want.U1) {
		t.Fatalf("%s: %s%v: missing, or of another size", file, want.Name, want.Shape)
	}
	var bad []int
	for i, w := range want.F8 {
		g := got.F8[i]
		if same(g, w) {
			continue
		}
		if want.Name == "track" && math.Abs(g-w) <= 1e-12 {
			c.trackBits++
			continue
		}
		bad = append(bad, i)
	}
	for i, w := range want.I4 {
		if got.I4[i] != w {
			bad = append(bad, i)
		}
	}
	for i, w := range want.U1 {
		if got.U1[i] != w {
			bad = append(bad, i)
		}
	}
	c.values += len(want.F8) + len(want.I4) + len(want.U1)
	c.differing += len(bad)
	if len(bad) > 0 {
		t.Errorf("%s: %s%v: %d values differ, the first at %d: %s, want %s",
			file, want.Name, want.Shape, len(bad), bad[0], got.at(bad[0]), want.at(bad[0]))
	}
}

// same compares bits, but for NaN's.
func same(got, want float64) bool {
	return math.Float64bits(got) == math.Float64bits(want) || math.IsNaN(got) && math.IsNaN(want)
}

func (a *Array) at(i int) string {
	switch {
	case a.F8 != nil:
		return fmt.Sprint(a.F8[i])
	case a.I4 != nil:
		return fmt.Sprint(a.I4[i])
	}
	return fmt.Sprint(a.U1[i])
}

// compareAll compares all arrays of a recording.
func (c *tally) compareAll(t *testing.T, file string, got, want *Golden) {
	t.Helper()
	for i := range want.Arrays {
		c.compare(t, filepath.Base(file), got.Array(want.Arrays[i].Name), &want.Arrays[i])
	}
	c.files++
}

func TestTracesEqualGymnasium(t *testing.T) {
	var c tally
	for _, path := range goldenFiles(t, "trace-*.bin.gz") {
		want := readGoldenFile(t, path)
		replay := Replay{Seed: want.Seed, Options: DefaultOptions(), Actions: want.actions(),
			Trace: true, StateEvery: want.Array("state_step").interval()}
		got, err := replay.Run(nil)
		if err != nil {
			t.Fatal(err)
		}
		c.compareAll(t, path, got.Trace, want)
		if got.Trace.End != want.End || !same(*got.Trace.Return, *want.Return) {
			t.Errorf("%s: ended by %q with %v, want %q with %v", path, got.Trace.End, *got.Trace.Return, want.End, *want.Return)
		}
		c.rows += want.Steps + 1
	}
	t.Logf("%d traces, %d rows, %d values; values differing: %d (track values within 1e-12 but not bit-equal: %d)",
		c.files, c.rows, c.values, c.differing, c.trackBits)
	if c.files == 0 {
		t.Error("no traces found")
	}
}

func TestFramesEqualGymnasium(t *testing.T) {
	var c tally
	for _, path := range goldenFiles(t, "frames-*.bin.gz") {
		want := readGoldenFile(t, path)
		replay := Replay{Seed: want.Seed, Options: DefaultOptions(), Actions: want.actions(),
			FramesEvery: want.Array("frame_step").interval(), FullAt: int(want.Array("full_step").I4[0])}
		got, err := replay.Run(nil)
		if err != nil {
			t.Fatal(err)
		}
		c.compareAll(t, path, got.Frames, want)
		c.frames += want.Frames
	}
	t.Logf("%d files, %d observations at 96x96 and at 64x64, %d full pictures, %d values; values differing: %d",
		c.files, c.frames, c.files, c.values, c.differing)
	if c.files == 0 {
		t.Error("no frames found")
	}
}

// trackDigest is an entry of tracks.json.
type trackDigest struct {
	Seed           uint64
	N              int32
	Borders        int
	VisitedInReset int32  `json:"visited_in_reset"`
	Rounded9       string `json:"sha256_9"`
	Rounded6       string `json:"sha256_6"`
	Next           []trackDigest
}

func TestTracksEqualGymnasium(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "tracks.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Tracks []trackDigest }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	tracks, equal9 := 0, 0
	e := new(Env)
	check := func(want trackDigest) {
		tracks++
		got := trackDigest{Seed: want.Seed, N: e.Track.N, VisitedInReset: e.Visited, Next: want.Next,
			Rounded9: want.Rounded9, Rounded6: digestOf(&e.Track, 6)}
		for _, kerb := range e.Track.Kerb {
			got.Borders += int(flag(kerb))
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("seed %d: %+v, want %+v", want.Seed, got, want)
		}
		if digestOf(&e.Track, 9) == want.Rounded9 {
			equal9++
		}
	}
	for _, want := range file.Tracks {
		e.Reset(want.Seed)
		check(want)
		for _, next := range want.Next {
			e.ResetNext()
			check(next)
		}
	}
	t.Logf("%d tracks equal to 6 decimals, %d of them to 9", tracks, equal9)
	if tracks != 135 {
		t.Errorf("%d tracks in the file, want 135", tracks)
	}
}

// digestOf is the digest that tracks.json describes.
func digestOf(t *Track, decimals int) string {
	scale := math.Pow10(decimals)
	var text strings.Builder
	for _, p := range t.Points[:t.N] {
		for i, v := range [...]float64{p.Alpha, p.Beta, p.X, p.Y} {
			fmt.Fprintf(&text, "%.*f%c", decimals, math.RoundToEven(v*scale)/scale+0, "   \n"[i])
		}
	}
	for _, kerb := range t.Kerb[:t.N] {
		text.WriteByte('0' + flag(kerb))
	}
	text.WriteByte('\n')
	return fmt.Sprintf("%x", sha256.Sum256([]byte(text.String())))
}
