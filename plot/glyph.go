package plot

import (
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// shape is a filled polygon around the origin, in units of a marker's radius.
// The library's open shapes have hairlines, which print loses.
type shape []vg.Point

// DrawGlyph implements draw.GlyphDrawer.
func (s shape) DrawGlyph(c *draw.Canvas, style draw.GlyphStyle, at vg.Point) {
	corners := make([]vg.Point, len(s))
	for i, p := range s {
		corners[i] = at.Add(p.Scale(style.Radius))
	}
	c.FillPolygon(style.Color, corners)
}

// turned returns the shape turned to the left by a part of a full turn.
func (s shape) turned(part float64) shape {
	sin, cos := math.Sincos(2 * math.Pi * part)
	out := make(shape, len(s))
	for i, p := range s {
		x, y := float64(p.X), float64(p.Y)
		out[i] = vg.Point{X: vg.Length(float64(x*cos) - float64(y*sin)), Y: vg.Length(float64(x*sin) + float64(y*cos))}
	}
	return out
}

var (
	square   = shape{{X: -0.9, Y: -0.9}, {X: 0.9, Y: -0.9}, {X: 0.9, Y: 0.9}, {X: -0.9, Y: 0.9}}
	triangle = shape{{X: -1.1, Y: -0.85}, {X: 1.1, Y: -0.85}, {X: 0, Y: 1.15}}
	cross    = shape{
		{X: -0.35, Y: -1.15}, {X: 0.35, Y: -1.15}, {X: 0.35, Y: -0.35}, {X: 1.15, Y: -0.35}, {X: 1.15, Y: 0.35}, {X: 0.35, Y: 0.35},
		{X: 0.35, Y: 1.15}, {X: -0.35, Y: 1.15}, {X: -0.35, Y: 0.35}, {X: -1.15, Y: 0.35}, {X: -1.15, Y: -0.35}, {X: -0.35, Y: -0.35},
	}
	hourglass = shape{{X: -1, Y: -1.05}, {X: 1, Y: -1.05}, {X: 0.25, Y: 0}, {X: 1, Y: 1.05}, {X: -1, Y: 1.05}, {X: -0.25, Y: 0}}
)

var markers = []draw.GlyphDrawer{
	draw.CircleGlyph{}, square, triangle, square.turned(0.125),
	triangle.turned(0.5), cross, hourglass, cross.turned(0.125),
}
