package plot

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// palette is that of Okabe and Ito (2008), safe for the common forms of
// colour blindness, without its yellow, which is lost on white paper.
var palette = []color.NRGBA{
	{0x00, 0x72, 0xB2, 0xFF}, // blue
	{0xD5, 0x5E, 0x00, 0xFF}, // vermillion
	{0x00, 0x9E, 0x73, 0xFF}, // bluish green
	{0xCC, 0x79, 0xA7, 0xFF}, // reddish purple
	{0xE6, 0x9F, 0x00, 0xFF}, // orange
	{0x56, 0xB4, 0xE9, 0xFF}, // sky blue
	{0x00, 0x00, 0x00, 0xFF}, // black
}

var dashes = [][]vg.Length{
	nil,
	{vg.Points(6), vg.Points(2.5)},
	{vg.Points(7), vg.Points(2), vg.Points(1.5), vg.Points(2)},
	{vg.Points(1.5), vg.Points(2)},
}

var (
	grey      = color.NRGBA{0x60, 0x60, 0x60, 0xFF}
	paleGrey  = color.NRGBA{0xC4, 0xC4, 0xC4, 0xFF}
	gridColor = color.NRGBA{0xE6, 0xE6, 0xE6, 0xFF}
)

const (
	bandAlpha  = 0x38
	trialAlpha = 0x70
	valueAlpha = 0xB0
)

// look is how one condition is drawn, wherever it appears.
type look struct {
	color  color.NRGBA
	dashes []vg.Length
	marker draw.GlyphDrawer
}

// lookOf gives the first 28 conditions different pairs of colour and dash,
// and neighbours different markers.
func lookOf(index int) look {
	return look{
		color:  palette[index%len(palette)],
		dashes: dashes[(index%len(palette)+index/len(palette))%len(dashes)],
		marker: markers[index%len(markers)],
	}
}

func (l look) line() draw.LineStyle {
	return draw.LineStyle{Color: l.color, Width: vg.Points(1.7), Dashes: l.dashes}
}

func (l look) trial() draw.LineStyle {
	return draw.LineStyle{Color: faded(l.color, trialAlpha), Width: vg.Points(0.5)}
}

func (l look) glyph() draw.GlyphStyle {
	return draw.GlyphStyle{Color: l.color, Radius: vg.Points(3), Shape: l.marker}
}

func faded(c color.NRGBA, alpha uint8) color.NRGBA {
	c.A = alpha
	return c
}

func sans(size float64) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Points(size)}
}

// textStyle is left-aligned text standing on its position.
func textStyle(size float64, c color.Color) draw.TextStyle {
	return draw.TextStyle{Color: c, Font: sans(size), Handler: plot.DefaultTextHandler}
}
