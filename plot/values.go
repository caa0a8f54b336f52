package plot

import (
	"cmp"
	"errors"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

var inf = math.Inf(1)

// Column is one condition's values, one per trial, with their summary.
type Column struct {
	Name   string
	Values []float64
	Centre float64
	Low    float64 // NaN, like High, where there is no interval
	High   float64
}

func (c Column) hasInterval() bool { return !math.IsNaN(c.Low) && !math.IsNaN(c.High) }

func (c Column) check(frame Frame) error {
	if len(c.Values) == 0 {
		return fmt.Errorf("%s: no values", c.Name)
	}
	all := append(slices.Clone(c.Values), c.Centre)
	if c.hasInterval() {
		all = append(all, c.Low, c.High)
	}
	return frame.checkValues(c.Name, nil, all)
}

// Strips draws each condition's values as a column of points, with the centre
// and its interval beside them. The x axis needs a name only. Where columns are
// narrow, points are smaller and names stand aslant.
func Strips(frame Frame, columns []Column) (*Figure, error) {
	frame.X.Log, frame.X.FromZero = false, false
	err := frame.check()
	if err == nil && len(columns) == 0 {
		err = errors.New("no columns")
	}
	for _, c := range columns {
		err = errors.Join(err, c.check(frame))
	}
	if err != nil {
		return nil, fmt.Errorf("plot strips: %w", err)
	}
	f := newFigure(frame)
	places, names := make([]float64, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		places[i], names[i] = float64(i), c.Name
		f.plot.Add(strip{Column: c, at: float64(i), look: lookOf(i)})
		f.addColumn(float64(i), c)
	}
	f.nameColumns(places, names)
	f.finish()
	f.plot.X.Min, f.plot.X.Max = -0.5, float64(len(columns))-0.5
	return f, nil
}

// addColumn notes where a column's values are.
func (f *Figure) addColumn(x float64, c Column) {
	values := c.Values
	if c.hasInterval() {
		values = append(slices.Clone(values), c.Low, c.Centre, c.High)
	}
	for _, v := range values {
		f.ink = append(f.ink, plotter.XY{X: x, Y: v})
	}
}

// nameColumns breaks names so that they fit side by side; if their words do
// not, names stand aslant.
func (f *Figure) nameColumns(places []float64, names []string) {
	tick := &f.plot.X.Tick
	room := (vg.Length(f.frame.Width)*vg.Inch - vg.Points(90)) / vg.Length(len(names))
	style := textStyle(9, color.Black)
	lines, most, fits := make([][]string, len(names)), 0, true
	for i, name := range names {
		lines[i] = wrap(style, name, room)
		most = max(most, len(lines[i]))
		for _, line := range lines[i] {
			fits = fits && style.Width(line) <= room
		}
	}
	if !fits {
		tick.Label.Rotation, tick.Label.XAlign, tick.Label.YAlign = math.Pi/4, draw.XRight, draw.YCenter
		tick.Marker = ticksAt(places, names)
		return
	}
	out := make([]string, len(names))
	for i := range lines {
		// Equally many lines each: the library aligns blocks, not first lines.
		out[i] = strings.Join(lines[i], "\n") + strings.Repeat("\n ", most-len(lines[i]))
	}
	tick.Marker = ticksAt(places, out)
}

// narrowColumn is the width in points below which a strip shrinks: that of seven
// points side by side, the summary and air.
const narrowColumn = 64

// strip draws one column at a place of the x axis. The values stand aside from
// the place where it is taken by the summary.
type strip struct {
	Column
	look
	at    float64
	aside vg.Length // of the values; 0: the values take the place, the summary stands left of them
}

// Plot implements plot.Plotter.
func (s strip) Plot(c draw.Canvas, p *plot.Plot) {
	toX, toY := p.Transforms(&c)
	heights := make([]vg.Length, len(s.Values))
	for i, v := range s.Values {
		heights[i] = toY(v)
	}
	glyph := s.glyph()
	glyph.Color = faded(s.color, valueAlpha)
	scale := vg.Length(1)
	if s.aside == 0 { // columns are 1 apart
		scale = min(1, (toX(1)-toX(0))/vg.Points(narrowColumn))
	}
	glyph.Radius *= scale
	offsets := swarm(heights, 2*glyph.Radius)
	summary, first := toX(s.at), toX(s.at)+s.aside
	if s.aside == 0 {
		summary += slices.Min(offsets) - vg.Points(12)*scale
	} else {
		first -= slices.Min(offsets)
	}
	for i, offset := range offsets {
		c.DrawGlyphNoClip(glyph, vg.Point{X: first + offset, Y: heights[i]})
	}
	s.drawSummary(c, summary, scale, toY)
}

// drawSummary draws the centre as a bar across the interval.
func (s strip) drawSummary(c draw.Canvas, x, scale vg.Length, toY func(float64) vg.Length) {
	style := draw.LineStyle{Color: s.color, Width: vg.Points(1.6)}
	half := vg.Points(6) * scale
	c.StrokeLine2(style, x-half, toY(s.Centre), x+half, toY(s.Centre))
	if s.hasInterval() {
		style.Width = vg.Points(1.1)
		c.StrokeLine2(style, x, toY(s.Low), x, toY(s.High))
		for _, end := range []float64{s.Low, s.High} {
			c.StrokeLine2(style, x-half/2, toY(end), x+half/2, toY(end))
		}
	}
}

// DataRange implements plot.DataRanger.
func (s strip) DataRange() (xmin, xmax, ymin, ymax float64) {
	ymin, ymax = slices.Min(s.Values), slices.Max(s.Values)
	if s.hasInterval() {
		ymin, ymax = min(ymin, s.Low), max(ymax, s.High)
	}
	return s.at, s.at, ymin, ymax
}

// swarm returns sideways offsets that keep points of the given diameter from
// covering each other: from the lowest up, each takes the free place nearest
// to the middle.
func swarm(heights []vg.Length, diameter vg.Length) []vg.Length {
	order := make([]int, len(heights))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(heights[a], heights[b]) })
	offsets := make([]vg.Length, len(heights))
	for k, i := range order {
		for step := 0; ; step++ {
			side := vg.Length((step+1)/2) * diameter // 0, 1, -1, 2, -2 diameters
			if step%2 == 0 {
				side = -side
			}
			free := true
			for _, j := range order[:k] {
				free = free && (offsets[j] != side || heights[i]-heights[j] >= diameter)
			}
			if free {
				offsets[i] = side
				break
			}
		}
	}
	return offsets
}

// Ranked is a condition's values at several ranks.
type Ranked struct {
	Name   string
	Points []RankPoint
}

// RankPoint is what was measured at one rank.
type RankPoint struct {
	Rank   float64
	Label  string // on the axis; empty for the rank itself
	Column        // its name is not shown
}

// AgainstRank draws values against the rank of the factors, on a logarithmic
// x axis labelled at the ranks measured: the trials as points, the centres
// joined, their intervals as bars.
func AgainstRank(frame Frame, conditions []Ranked) (*Figure, error) {
	frame.X.Log = true
	if err := checkRanked(frame, conditions); err != nil {
		return nil, fmt.Errorf("plot against rank: %w", err)
	}
	f := newFigure(frame)
	labels := map[float64]string{}
	for i, c := range conditions {
		l := lookOf(i)
		var centre Series
		for _, p := range c.Points {
			f.plot.Add(strip{Column: p.Column, look: l, at: p.Rank, aside: vg.Points(12 + 10*float64(i))})
			for _, aside := range []float64{1, 1.08, 1.16} { // the values' own places are known only when drawn
				f.addColumn(p.Rank*aside, p.Column)
			}
			centre.X, centre.Y = append(centre.X, p.Rank), append(centre.Y, p.Centre)
			if labels[p.Rank] == "" {
				labels[p.Rank] = p.label()
			}
		}
		f.plot.Add(lineOf(centre, l.line()))
		f.addInk(points(centre.X, centre.Y))
		f.addEntry(c.Name, l, false)
	}
	f.plot.X.Tick.Marker = ticksOf(labels)
	f.finish()
	f.leaveRoom(len(conditions))
	return f, nil
}

// leaveRoom widens the axis of ranks for the first interval, on the left, and
// for the values that stand aside of the last, on the right.
func (f *Figure) leaveRoom(conditions int) {
	whole := f.frame.Width*72 - 60 // points that the axis takes, about
	left, right := 16/whole, min(0.6, float64(40+10*conditions)/whole)
	span := math.Log(f.plot.X.Max/f.plot.X.Min) / (1 - left - right)
	f.plot.X.Min *= math.Exp(-left * span)
	f.plot.X.Max *= math.Exp(right * span)
}

func (p RankPoint) label() string {
	if p.Label != "" {
		return p.Label
	}
	return strconv.FormatFloat(p.Rank, 'g', -1, 64)
}

func checkRanked(frame Frame, conditions []Ranked) error {
	if err := frame.check(); err != nil {
		return err
	}
	if len(conditions) == 0 {
		return errors.New("no conditions")
	}
	for _, c := range conditions {
		if len(c.Points) == 0 {
			return fmt.Errorf("%s: no points", c.Name)
		}
		for _, p := range c.Points {
			if err := frame.checkValues(c.Name, []float64{p.Rank}, nil); err != nil {
				return err
			}
			p.Name = fmt.Sprintf("%s: rank %v", c.Name, p.Rank)
			if err := p.check(frame); err != nil {
				return err
			}
		}
	}
	return nil
}

// ticksOf labels places in rising order.
func ticksOf(labels map[float64]string) plot.ConstantTicks {
	places := make([]float64, 0, len(labels))
	for place := range labels {
		places = append(places, place)
	}
	slices.Sort(places)
	names := make([]string, len(places))
	for i, place := range places {
		names[i] = labels[place]
	}
	return ticksAt(places, names)
}

// Throughput draws measured rates against a width (individuals, hidden units),
// both axes logarithmic, the x axis labelled at the widths measured.
func Throughput(frame Frame, systems []Named) (*Figure, error) {
	frame.X.Log, frame.Y.Log = true, true
	err := frame.check()
	if err == nil && len(systems) == 0 {
		err = errors.New("no systems")
	}
	for _, s := range systems {
		if err == nil {
			err = frame.checkCurve(s.Name, s.X, s.Y)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("plot throughput: %w", err)
	}
	f := newFigure(frame)
	labels := map[float64]string{}
	for i, s := range systems {
		l := lookOf(i)
		f.plot.Add(lineOf(s.Series, l.line()), glyphsOf(points(s.X, s.Y), l.glyph()))
		f.addEntry(s.Name, l, false)
		for _, x := range s.X {
			labels[x] = strconv.FormatFloat(x, 'g', 6, 64)
		}
	}
	if len(labels) <= 12 {
		f.plot.X.Tick.Marker = ticksOf(labels)
	}
	return f.finish(), nil
}
