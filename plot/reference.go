package plot

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// reference draws a Reference over the whole width, its name where it covers
// the least of the data.
type reference struct {
	Reference
	figure *Figure
}

// Plot implements plot.Plotter.
func (r reference) Plot(c draw.Canvas, p *plot.Plot) {
	toX, toY := p.Transforms(&c)
	y := toY(r.Y)
	c.StrokeLine2(draw.LineStyle{Color: grey, Width: vg.Points(0.8), Dashes: []vg.Length{vg.Points(2), vg.Points(2)}}, c.Min.X, y, c.Max.X, y)
	style := textStyle(8, color.Black)
	size := vg.Point{X: style.Width(r.Name) + vg.Points(4), Y: vg.Points(11)}
	var ink []vg.Point
	for _, v := range r.figure.ink {
		ink = append(ink, vg.Point{X: toX(v.X), Y: toY(v.Y)})
	}
	box := quietest(r.places(c, y, size), ink)
	c.FillPolygon(color.NRGBA{0xFF, 0xFF, 0xFF, 0xB0}, []vg.Point{
		box.Min, {X: box.Max.X, Y: box.Min.Y}, box.Max, {X: box.Min.X, Y: box.Max.Y},
	})
	c.FillText(style, box.Min.Add(vg.Point{X: vg.Points(2), Y: vg.Points(2.5)}), r.Name)
}

// places are where the name may stand, within the canvas: above or below the
// line, from right to left.
func (r reference) places(c draw.Canvas, y vg.Length, size vg.Point) []vg.Rectangle {
	var out []vg.Rectangle
	const steps = 12
	for step := range steps + 1 {
		x := c.Max.X - size.X - (c.Max.X-c.Min.X-size.X)*vg.Length(step)/steps
		for _, low := range []vg.Length{y + vg.Points(0.5), y - size.Y - vg.Points(0.5)} {
			if low >= c.Min.Y-vg.Points(2) && low+size.Y <= c.Max.Y+vg.Points(2) {
				out = append(out, vg.Rectangle{Min: vg.Point{X: x, Y: low}, Max: vg.Point{X: x + size.X, Y: low + size.Y}})
			}
		}
	}
	if len(out) == 0 { // a figure too low for text; draw it all the same
		out = append(out, vg.Rectangle{Min: vg.Point{X: c.Max.X - size.X, Y: y}, Max: vg.Point{X: c.Max.X, Y: y + size.Y}})
	}
	return out
}

// quietest returns the first of the boxes that hold the least ink.
func quietest(boxes []vg.Rectangle, ink []vg.Point) vg.Rectangle {
	const air = 4 // points: half a marker and a little
	best, least := boxes[0], len(ink)+1
	for _, box := range boxes {
		covered := 0
		for _, p := range ink {
			if p.X >= box.Min.X-air && p.X <= box.Max.X+air && p.Y >= box.Min.Y-air && p.Y <= box.Max.Y+air {
				covered++
			}
		}
		if covered < least {
			best, least = box, covered
		}
	}
	return best
}

// DataRange implements plot.DataRanger: the axis includes the reference.
func (r reference) DataRange() (xmin, xmax, ymin, ymax float64) {
	return inf, -inf, r.Y, r.Y
}

// addInk notes where a curve runs, densely enough that no name falls between
// its points.
func (f *Figure) addInk(at plotter.XYs) {
	f.ink = append(f.ink, at...)
	for _, v := range at {
		f.places = append(f.places, v.X)
	}
	const parts = 16
	for i := 1; i < len(at) && len(at) < 100; i++ {
		for k := 1; k < parts; k++ {
			share := float64(k) / parts
			f.ink = append(f.ink, plotter.XY{
				X: at[i-1].X + share*(at[i].X-at[i-1].X),
				Y: at[i-1].Y + share*(at[i].Y-at[i-1].Y),
			})
		}
	}
}
