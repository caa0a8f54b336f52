package carracing

import (
	"math"
	"os"
	"path/filepath"
	"testing"
)

// goldenFiles lists the recordings of the real environment that are there: the
// few in testdata always, and all of EVORANK_SHARED if that exists.
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

// tally counts what was compared.
type tally struct {
	files, rows, frames, pictures, values, differing int
	trackBits                                        int // of track values, last bits that differ
}

// compare counts the values of two arrays that differ in any bit, and reports
// the first.
func (c *tally) compare(t *testing.T, file string, got, want *Array) {
	t.Helper()
	if got == nil || want == nil {
		t.Fatalf("%s: array missing: got %v, want %v", file, got, want)
	}
	n := len(want.F8) + len(want.I4) + len(want.U1)
	if m := len(got.F8) + len(got.I4) + len(got.U1); m != n {
		t.Fatalf("%s: %s has %d values, want %d", file, want.Name, m, n)
	}
	bad := 0
	for i := range n {
		g, w, same := 0.0, 0.0, true
		switch {
		case want.F8 != nil:
			g, w = got.F8[i], want.F8[i]
			same = math.Float64bits(g) == math.Float64bits(w) || math.IsNaN(g) && math.IsNaN(w)
			if !same && want.Name == "track" && math.Abs(g-w) <= 1e-12 {
				c.trackBits++
				same = true
			}
		case want.I4 != nil:
			g, w = float64(got.I4[i]), float64(want.I4[i])
			same = g == w
		default:
			same = got.U1[i] == want.U1[i]
			g, w = float64(got.U1[i]), float64(want.U1[i])
		}
		if !same {
			if bad == 0 {
				t.Errorf("%s: %s%v: value %d is %v, want %v", file, want.Name, want.Shape, i, g, w)
			}
			bad++
		}
	}
	c.values += n
	c.differing += bad
}

func TestTracesEqualGymnasium(t *testing.T) {
	var c tally
	for _, path := range goldenFiles(t, "trace-*.bin.gz") {
		want := readGoldenFile(t, path)
		e := NewEnv(DefaultOptions(), want.Seed)
		trace := NewTrace(e, 1)
		for _, a := range want.actions() {
			trace.Add(a, e.Step(a), false)
		}
		got := trace.Golden(want.Seed, want.ProgramName)
		for i := range want.Arrays {
			c.compare(t, filepath.Base(path), got.Array(want.Arrays[i].Name), &want.Arrays[i])
		}
		if got.End != want.End {
			t.Errorf("%s: ended by %q, want %q", path, got.End, want.End)
		}
		c.files++
		c.rows += want.Steps + 1
	}
	t.Logf("%d traces, %d rows, %d values; values differing: %d (track values within 1e-12 but not bit-equal: %d)",
		c.files, c.rows, c.values, c.differing, c.trackBits)
	if c.files == 0 {
		t.Fatal("no traces found")
	}
}

func TestFramesEqualGymnasium(t *testing.T) {
	var c tally
	r := NewRenderer()
	for _, path := range goldenFiles(t, "frames-*.bin.gz") {
		want := readGoldenFile(t, path)
		e := NewEnv(DefaultOptions(), want.Seed)
		f := NewFrames(e, r, 20, int(want.Array("full_step").I4[0]))
		for _, a := range want.actions() {
			e.Step(a)
			f.Add(a)
		}
		got := f.Golden(want.Seed, want.ProgramName)
		for i := range want.Arrays {
			c.compare(t, filepath.Base(path), got.Array(want.Arrays[i].Name), &want.Arrays[i])
		}
		c.files++
		c.frames += want.Frames
		c.pictures++
	}
	t.Logf("%d files, %d observations at 96x96 and at 64x64, %d full pictures, %d values; values differing: %d",
		c.files, c.frames, c.pictures, c.values, c.differing)
	if c.files == 0 {
		t.Fatal("no frames found")
	}
}
