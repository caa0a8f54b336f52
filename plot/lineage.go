package plot

import (
	"cmp"
	"errors"
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Node is an individual in a lineage.
type Node struct {
	ID      uint64
	Parent  uint64 // meaningless for a founder
	Founder bool
	Born    int // generation in which it was evaluated first
	Last    int // last generation in which it was among the survivors
	Fitness float64
}

// Lineage draws the tree of survivors over generations: each individual is a
// horizontal line from its birth to its last generation, joined to its
// parent's at its birth. Those who led to the last generation are dark, the
// line of the best of them is marked, and the others, extinct, are pale. With
// onlyLiving they are left out, and so is whoever came before the last common
// ancestor of the last generation: a single line. Rows say nothing but who
// descends from whom.
func Lineage(frame Frame, nodes []Node, onlyLiving bool) (*Figure, error) {
	frame.Y = Axis{Name: cmp.Or(frame.Y.Name, "individuals, by descent")}
	err := frame.check()
	if err == nil {
		err = checkNodes(nodes)
	}
	if err != nil {
		return nil, fmt.Errorf("plot lineage: %w", err)
	}
	t := newTree(nodes)
	if onlyLiving {
		t = newTree(t.crown())
	}
	f := newFigure(frame)
	f.plot.Add(t)
	f.plot.Y.Tick.Marker = plot.ConstantTicks{}
	for _, fate := range []fate{best, living, extinct} {
		if style := fate.line(); t.has(fate) {
			f.legend = append(f.legend, entry{name: fate.String(), line: &style})
		}
	}
	return f.finish(), nil
}

func checkNodes(nodes []Node) error {
	if len(nodes) == 0 {
		return errors.New("no individuals")
	}
	given := map[uint64]Node{}
	for _, n := range nodes {
		if _, twice := given[n.ID]; twice {
			return fmt.Errorf("individual %d is given twice", n.ID)
		}
		given[n.ID] = n
	}
	for _, n := range nodes {
		if n.Last < n.Born {
			return fmt.Errorf("individual %d: born in generation %d, last seen in %d", n.ID, n.Born, n.Last)
		}
		if math.IsNaN(n.Fitness) {
			return fmt.Errorf("individual %d: fitness is NaN", n.ID)
		}
		if n.Founder {
			continue
		}
		switch parent, known := given[n.Parent]; {
		case !known:
			return fmt.Errorf("individual %d: its parent %d is not given", n.ID, n.Parent)
		case n.Born <= parent.Born || n.Born > parent.Last+1:
			return fmt.Errorf("individual %d: born in generation %d, its parent %d lived from %d to %d", n.ID, n.Born, n.Parent, parent.Born, parent.Last)
		}
	}
	return nil
}

// fate is what became of an individual's descent.
type fate int

const (
	extinct fate = iota // nobody of the last generation descends from it
	living              // somebody does
	best                // the best of the last generation does
)

// String names the fate for the legend.
func (f fate) String() string {
	return [...]string{"extinct", "led to the last generation", "line of the best"}[f]
}

func (f fate) line() draw.LineStyle {
	return [...]draw.LineStyle{
		{Color: paleGrey, Width: vg.Points(0.5)},
		{Color: palette[0], Width: vg.Points(0.9)},
		{Color: palette[1], Width: vg.Points(2.2)},
	}[f]
}

// tree is a lineage with a row for each individual.
type tree struct {
	nodes    []Node // in order of birth
	row      map[uint64]float64
	fate     map[uint64]fate
	children map[uint64][]Node // latest born first
}

func newTree(nodes []Node) tree {
	t := tree{nodes: slices.Clone(nodes), row: map[uint64]float64{}, fate: map[uint64]fate{}, children: map[uint64][]Node{}}
	slices.SortFunc(t.nodes, func(a, b Node) int {
		return cmp.Or(cmp.Compare(a.Born, b.Born), cmp.Compare(a.ID, b.ID))
	})
	for _, n := range slices.Backward(t.nodes) {
		if !n.Founder {
			t.children[n.Parent] = append(t.children[n.Parent], n)
		}
	}
	t.settleFates()
	for _, n := range t.nodes {
		if n.Founder {
			t.place(n)
		}
	}
	return t
}

// place gives the individual the next row and its descent those below. The
// latest-born child comes first: the joints of the older ones then pass its
// rows before it was born, and no two lines cross.
func (t *tree) place(n Node) {
	t.row[n.ID] = -float64(len(t.row))
	for _, child := range t.children[n.ID] {
		t.place(child)
	}
}

// settleFates marks the ancestors of the last generation, parents after
// their children.
func (t *tree) settleFates() {
	last := 0
	for _, n := range t.nodes {
		last = max(last, n.Last)
	}
	champion := -1
	for i, n := range t.nodes {
		if n.Last == last {
			t.fate[n.ID] = living
			if champion < 0 || n.Fitness > t.nodes[champion].Fitness {
				champion = i // ties to the oldest
			}
		}
	}
	t.fate[t.nodes[champion].ID] = best
	for _, n := range slices.Backward(t.nodes) {
		if !n.Founder {
			t.fate[n.Parent] = max(t.fate[n.Parent], t.fate[n.ID])
		}
	}
}

// crown lists those who led to the last generation, without the ancestors of
// its last common ancestor, if it has one, who is then the only founder.
func (t tree) crown() []Node {
	heirs, founders, last := map[uint64]int{}, 0, 0
	living := slices.DeleteFunc(slices.Clone(t.nodes), func(n Node) bool { return t.fate[n.ID] == extinct })
	for _, n := range living {
		if last = max(last, n.Last); n.Founder {
			founders++
		} else {
			heirs[n.Parent]++
		}
	}
	for founders == 1 && heirs[living[0].ID] == 1 && living[0].Last < last {
		living = living[1:] // in order of birth: its only heir comes first
		living[0].Founder = true
	}
	return living
}

func (t tree) has(f fate) bool {
	return slices.ContainsFunc(t.nodes, func(n Node) bool { return t.fate[n.ID] == f })
}

// Plot implements plot.Plotter: the pale first, the best last.
func (t tree) Plot(c draw.Canvas, p *plot.Plot) {
	for f := extinct; f <= best; f++ {
		for _, n := range t.nodes {
			if t.fate[n.ID] == f {
				t.drawNode(c, p, n, f)
			}
		}
	}
}

// drawNode draws an individual's joint to its parent and its line. A
// generation is one unit wide, so the line ends where the generation after its
// last begins, which is where a last child can be born.
func (t tree) drawNode(c draw.Canvas, p *plot.Plot, n Node, f fate) {
	toX, toY := p.Transforms(&c)
	y, born, end := toY(t.row[n.ID]), toX(float64(n.Born)), toX(float64(n.Last+1))
	if !n.Founder {
		c.StrokeLine2(f.line(), born, toY(t.row[n.Parent]), born, y)
	}
	if f != best {
		c.StrokeLine2(f.line(), born, y, end, y)
		return
	}
	leaves := end // the line of the best leaves an individual with its child on that line
	for _, child := range t.children[n.ID] {
		if t.fate[child.ID] == best {
			leaves = toX(float64(child.Born))
		}
	}
	c.StrokeLine2(living.line(), leaves, y, end, y)
	c.StrokeLine2(f.line(), born, y, leaves, y)
	if t.champion(n) {
		c.DrawGlyphNoClip(draw.GlyphStyle{Color: color.Black, Radius: vg.Points(3), Shape: draw.CircleGlyph{}}, vg.Point{X: end, Y: y})
	}
}

// champion reports whether the line of the best ends with this individual.
func (t tree) champion(n Node) bool {
	return t.fate[n.ID] == best && !slices.ContainsFunc(t.children[n.ID], func(child Node) bool { return t.fate[child.ID] == best })
}

// DataRange implements plot.DataRanger.
func (t tree) DataRange() (xmin, xmax, ymin, ymax float64) {
	xmin, xmax = inf, -inf
	for _, n := range t.nodes {
		xmin, xmax = min(xmin, float64(n.Born)), max(xmax, float64(n.Last+1))
	}
	return xmin, xmax, -float64(len(t.nodes) - 1), 0
}
