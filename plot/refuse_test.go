package plot

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/recorder"
)

func TestFiguresRefuse(t *testing.T) {
	nan := math.NaN()
	frame := Frame{X: Axis{Name: "generation"}, Y: Axis{Name: "loss"}}
	logarithmic := Frame{X: Axis{Name: "generation"}, Y: Axis{Name: "loss", Log: true}}
	curve := func(f Frame, c ...Condition) func() (*Figure, error) {
		return func() (*Figure, error) { return Curves(f, c) }
	}
	one := Condition{Name: "a", Band: Band{X: []float64{1, 2}, Centre: []float64{3, 4}}}
	trial := func(s Series) Condition { c := one; c.Trials = []Series{s}; return c }
	node := func(nodes ...Node) func() (*Figure, error) {
		return func() (*Figure, error) { return Lineage(frame, nodes, false) }
	}
	founder := Node{ID: 1, Founder: true, Born: 1, Last: 3}
	for _, c := range []struct {
		want string
		draw func() (*Figure, error)
	}{
		{"no conditions", curve(frame)},
		{"an axis has no name", curve(Frame{}, one)},
		{"a: no points", curve(frame, Condition{Name: "a"})},
		{"2 places and 1 values", curve(frame, Condition{Name: "a", Band: Band{X: []float64{1, 2}, Centre: []float64{3}}})},
		{"one side", curve(frame, Condition{Name: "a", Band: Band{X: []float64{1}, Centre: []float64{3}, Low: []float64{2}}})},
		{"a: trial 0: y of point 1 is NaN", curve(frame, trial(Series{[]float64{1, 2}, []float64{3, nan}}))},
		{"x of point 0 is +Inf", curve(frame, trial(Series{[]float64{math.Inf(1)}, []float64{3}}))},
		{"needs positive values", curve(logarithmic, trial(Series{[]float64{1}, []float64{0}}))},
		{"cannot begin at zero", curve(Frame{X: frame.X, Y: Axis{Name: "a", Log: true, FromZero: true}}, one)},
		{"reference r: y of point 0 is NaN", curve(Frame{X: frame.X, Y: frame.Y, References: []Reference{{"r", nan}}}, one)},
		{"-1 by 0 inches", curve(Frame{X: frame.X, Y: frame.Y, Width: -1}, one)},
		{"NaN by 0 inches", curve(Frame{X: frame.X, Y: frame.Y, Width: nan}, one)},
		{"no columns", func() (*Figure, error) { return Strips(frame, nil) }},
		{"a: no values", func() (*Figure, error) { return Strips(frame, []Column{{Name: "a"}}) }},
		{"a: y of point 1 is NaN", func() (*Figure, error) {
			return Strips(frame, []Column{{Name: "a", Values: []float64{1}, Centre: nan}})
		}},
		{"no conditions", func() (*Figure, error) { return AgainstRank(frame, nil) }},
		{"needs positive values", func() (*Figure, error) {
			return AgainstRank(frame, []Ranked{{"a", []RankPoint{{Rank: 0, Column: Column{Values: []float64{1}}}}}})
		}},
		{"no systems", func() (*Figure, error) { return Throughput(frame, nil) }},
		{"needs positive values", func() (*Figure, error) {
			return Throughput(frame, []Named{{"a", Series{[]float64{1}, []float64{-1}}}})
		}},
		{"no individuals", node()},
		{"given twice", node(founder, founder)},
		{"its parent 9 is not given", node(founder, Node{ID: 2, Parent: 9, Born: 2, Last: 2})},
		{"lived from 1 to 3", node(founder, Node{ID: 2, Parent: 1, Born: 1, Last: 2})},
		{"lived from 1 to 3", node(founder, Node{ID: 2, Parent: 1, Born: 5, Last: 5})},
		{"last seen in 1", node(founder, Node{ID: 2, Parent: 1, Born: 2, Last: 1})},
		{"fitness is NaN", node(Node{ID: 1, Founder: true, Fitness: nan})},
	} {
		if _, err := c.draw(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

func TestSave(t *testing.T) {
	f, err := galleryOneTrial()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	path := filepath.Join(folder, "figure.svg")
	if err := f.Save(path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(data, written(t, f, "svg")) {
		t.Errorf("the file differs from what is written (%v)", err)
	}
	taken := filepath.Join(folder, "taken.svg")
	if err := os.Mkdir(taken, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{taken, filepath.Join(folder, "figure.gif"), filepath.Join(folder, "absent", "figure.png")} {
		if err := f.Save(bad); err == nil {
			t.Errorf("%s was saved", filepath.Base(bad))
		}
	}
	if left, _ := os.ReadDir(folder); len(left) != 2 {
		t.Errorf("files left behind: %v", left)
	}
}

// No two of the first 28 conditions look alike, and in a figure of up to eight
// none shares its marker, so that it can be read without colours.
func TestLooks(t *testing.T) {
	seen := map[string]int{}
	for i := range 28 {
		l := lookOf(i)
		key := fmt.Sprint(l.color, l.dashes)
		if j, twice := seen[key]; twice {
			t.Errorf("conditions %d and %d have the same colour and dashes", j, i)
		}
		seen[key] = i
	}
	marks := map[string]bool{}
	for i := range markers {
		marks[fmt.Sprint(lookOf(i).marker)] = true
	}
	if len(marks) != 8 {
		t.Errorf("%d different markers, want 8", len(marks))
	}
}

// Points of a swarm do not cover each other.
func TestSwarm(t *testing.T) {
	rng := randomSource()
	heights := make([]vg.Length, 60)
	for i := range heights {
		heights[i] = vg.Length(40 * rng.Float64())
	}
	offsets := swarm(heights, 6)
	for i := range heights {
		for j := range i {
			if dx, dy := offsets[i]-offsets[j], heights[i]-heights[j]; !(dx*dx >= 36 || dy*dy >= 36) {
				t.Errorf("points %d and %d lie %v, %v apart", i, j, dx, dy)
			}
		}
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		log       bool
		whole     bool
		want      string
	}{
		{0, 300, false, false, "0 50 100 150 200 250 300"},
		{5.77, 6.31, false, false, "5.8 5.9 6.0 6.1 6.2 6.3"},
		{0, 38.1e9, false, false, "0 10 G 20 G 30 G"},
		{0, 1.5e4, false, false, "0 5 k 10 k 15 k"},
		{-16, -6, false, false, "-16 -14 -12 -10 -8 -6"},
		{1, 3, false, true, "1 2 3"},
		{0, 3e-7, false, false, "0 5e-08 1e-07 1.5e-07 2e-07 2.5e-07 3e-07"},
		{3, 50, true, false, "5 10 20 50"},
		{6, 18, true, false, "6 8 10 12 14 16 18"},
		{2e6, 6e8, true, false, "10 M 100 M"},
		{0.02, 3, true, false, "0.1 1"},
	} {
		var labels []string
		ticks := linearTicks{c.whole}.Ticks(c.low, c.high)
		if c.log {
			ticks = logTicks{}.Ticks(c.low, c.high)
		}
		for _, tick := range ticks {
			if tick.Label != "" {
				labels = append(labels, tick.Label)
			}
		}
		if got := strings.Join(labels, " "); got != c.want {
			t.Errorf("%v to %v: %q, want %q", c.low, c.high, got, c.want)
		}
	}
}

// In the tree every parent stands above its children and no two individuals
// share a row; the line of the best runs from a founder to the fittest of the
// last generation.
func TestTree(t *testing.T) {
	nodes := galleryNodes()
	tree := newTree(nodes)
	rows, champions := map[float64]bool{}, 0
	for _, n := range nodes {
		rows[tree.row[n.ID]] = true
		if !n.Founder && !(tree.row[n.Parent] > tree.row[n.ID]) {
			t.Errorf("individual %d stands above its parent", n.ID)
		}
		if !n.Founder && tree.fate[n.Parent] < tree.fate[n.ID] {
			t.Errorf("individual %d is %v, its parent %v", n.ID, tree.fate[n.ID], tree.fate[n.Parent])
		}
		if tree.champion(n) {
			champions++
			for _, other := range nodes {
				if other.Last == n.Last && other.Fitness > n.Fitness {
					t.Errorf("individual %d is marked as the best, %d is better", n.ID, other.ID)
				}
			}
		}
	}
	if len(rows) != len(nodes) || champions != 1 {
		t.Errorf("%d rows for %d individuals, %d champions", len(rows), len(nodes), champions)
	}
}

// Every value of a column is drawn, wherever it stands aside: the drawing
// library leaves out glyphs beyond the axes without a word.
func TestAllValuesDrawn(t *testing.T) {
	for _, c := range []struct {
		draw   func() (*Figure, error)
		values int
	}{{galleryRank, 2 * 4 * 7}, {galleryStrips, 3*15 + 4}} {
		f, err := c.draw()
		if err != nil {
			t.Fatal(err)
		}
		var r recorder.Canvas
		f.draw(draw.NewCanvas(&r, 460, 320))
		drawn, faded := 0, false
		for _, action := range r.Actions {
			switch action := action.(type) {
			case *recorder.SetColor:
				color, ok := action.Color.(color.NRGBA)
				faded = ok && color.A == valueAlpha && color.R < 0xFF // the white behind a reference's name is as faint
			case *recorder.Fill:
				if faded {
					drawn++
				}
			}
		}
		if drawn != c.values {
			t.Errorf("%d markers for %d values", drawn, c.values)
		}
	}
}
