package plot

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"
)

// Condition is a set of trials with their summary.
type Condition struct {
	Name   string
	Band   Band
	Trials []Series // drawn thin; may be empty
}

// Curves draws one band per condition over generations, seconds or tokens,
// with the single trials thin behind it.
func Curves(frame Frame, conditions []Condition) (*Figure, error) {
	if err := checkConditions(frame, conditions); err != nil {
		return nil, fmt.Errorf("plot curves: %w", err)
	}
	f := newFigure(frame)
	for i, c := range conditions {
		l := lookOf(i)
		if c.Band.Low != nil {
			f.plot.Add(bandOf(c.Band, l))
		}
		for _, trial := range c.Trials {
			f.plot.Add(lineOf(trial, l.trial()))
		}
	}
	for _, c := range conditions {
		for _, s := range append([]Series{{c.Band.X, c.Band.Centre}}, c.Trials...) {
			f.addInk(points(s.X, s.Y))
		}
	}
	for i, c := range conditions { // centres last, above everything
		l := lookOf(i)
		f.plot.Add(lineOf(Series{c.Band.X, c.Band.Centre}, l.line()))
		f.plot.Add(glyphsOf(spacedPoints(c.Band, i, len(conditions)), l.glyph()))
		f.addEntry(c.Name, l, c.Band.Low != nil)
	}
	return f.finish(), nil
}

// Diversity draws an amount of diversity (surviving founders, distinct
// lineages, spread of the genotypes) over generations, from zero up.
func Diversity(frame Frame, conditions []Condition) (*Figure, error) {
	frame.Y.FromZero = true
	return Curves(frame, conditions)
}

func checkConditions(frame Frame, conditions []Condition) error {
	if err := frame.check(); err != nil {
		return err
	}
	if len(conditions) == 0 {
		return fmt.Errorf("no conditions")
	}
	for _, c := range conditions {
		columns := [][]float64{c.Band.Centre}
		if (c.Band.Low == nil) != (c.Band.High == nil) {
			return fmt.Errorf("%s: a band with one side", c.Name)
		}
		if c.Band.Low != nil {
			columns = append(columns, c.Band.Low, c.Band.High)
		}
		if err := frame.checkCurve(c.Name, c.Band.X, columns...); err != nil {
			return err
		}
		for i, trial := range c.Trials {
			if err := frame.checkCurve(fmt.Sprintf("%s: trial %d", c.Name, i), trial.X, trial.Y); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *Figure) addEntry(name string, l look, shaded bool) {
	line, glyph := l.line(), l.glyph()
	e := entry{name: name, line: &line, glyph: &glyph}
	if shaded {
		e.shaded = faded(l.color, bandAlpha)
	}
	f.legend = append(f.legend, e)
}

func points(x, y []float64) plotter.XYs {
	out := make(plotter.XYs, len(x))
	for i := range x {
		out[i] = plotter.XY{X: x[i], Y: y[i]}
	}
	return out
}

// lineOf draws a checked series.
func lineOf(s Series, style draw.LineStyle) *plotter.Line {
	return &plotter.Line{XYs: points(s.X, s.Y), LineStyle: style}
}

func glyphsOf(at plotter.XYs, style draw.GlyphStyle) *plotter.Scatter {
	return &plotter.Scatter{XYs: at, GlyphStyle: style}
}

// bandOf is the area between Low and High.
func bandOf(b Band, l look) *plotter.Polygon {
	around := points(b.X, b.High)
	below := points(b.X, b.Low)
	slices.Reverse(below)
	return &plotter.Polygon{XYs: []plotter.XYs{append(around, below...)}, Color: faded(l.color, bandAlpha)}
}

// markersPerCurve is how many markers a curve carries.
const markersPerCurve = 8

// spacedPoints returns the places of a curve's markers, set off from those of
// the other curves so that they do not cover each other.
func spacedPoints(b Band, index, curves int) plotter.XYs {
	n := len(b.X)
	if n <= markersPerCurve {
		return points(b.X, b.Centre)
	}
	var at plotter.XYs
	for k := range markersPerCurve {
		share := (float64(k) + (float64(index)+0.5)/float64(curves)) / markersPerCurve
		i := int(share * float64(n-1))
		at = append(at, plotter.XY{X: b.X[i], Y: b.Centre[i]})
	}
	return at
}
