package plot

import (
	"image/color"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// entry is one condition in the legend, which stands above the data so that
// it never covers any.
type entry struct {
	name   string
	line   *draw.LineStyle
	glyph  *draw.GlyphStyle
	shaded color.Color // of the band; nil for none
}

const (
	sampleWidth = 26 // points
	entryGap    = 14
	rowHeight   = 14
)

func drawTitle(c draw.Canvas, title string) draw.Canvas {
	if title == "" {
		return c
	}
	style := textStyle(12.5, color.Black)
	style.YAlign = draw.YTop
	lines := wrap(style, title, c.Max.X-c.Min.X)
	for i, line := range lines {
		c.FillText(style, vg.Point{X: c.Min.X, Y: c.Max.Y - vg.Points(16)*vg.Length(i)}, line)
	}
	return draw.Crop(c, 0, 0, 0, -vg.Points(16)*vg.Length(len(lines))-vg.Points(3))
}

// drawLegend fills rows from the left and returns what is left below them.
func drawLegend(c draw.Canvas, entries []entry) draw.Canvas {
	if len(entries) == 0 {
		return c
	}
	style := textStyle(9.5, color.Black)
	style.YAlign = draw.YCenter
	x, y := c.Min.X, c.Max.Y-vg.Points(rowHeight)/2
	for i, e := range entries {
		width := vg.Points(sampleWidth+5) + style.Width(e.name)
		if i > 0 && x+width > c.Max.X {
			x, y = c.Min.X, y-vg.Points(rowHeight)
		}
		e.draw(c, vg.Point{X: x, Y: y})
		c.FillText(style, vg.Point{X: x + vg.Points(sampleWidth+5), Y: y + vg.Points(1)}, e.name) // centred on its small letters
		x += width + vg.Points(entryGap)
	}
	return draw.Crop(c, 0, 0, 0, y-vg.Points(rowHeight/2+4)-c.Max.Y)
}

// draw paints the sample of an entry, at its left end.
func (e entry) draw(c draw.Canvas, at vg.Point) {
	end := at.X + vg.Points(sampleWidth)
	if e.shaded != nil {
		half := vg.Points(4)
		c.FillPolygon(e.shaded, []vg.Point{
			{X: at.X, Y: at.Y - half}, {X: end, Y: at.Y - half}, {X: end, Y: at.Y + half}, {X: at.X, Y: at.Y + half},
		})
	}
	if e.line != nil {
		c.StrokeLine2(*e.line, at.X, at.Y, end, at.Y)
	}
	if e.glyph != nil {
		c.DrawGlyphNoClip(*e.glyph, vg.Point{X: (at.X + end) / 2, Y: at.Y})
	}
}

func drawCaption(c draw.Canvas, caption string) draw.Canvas {
	if caption == "" {
		return c
	}
	style := textStyle(8, grey)
	style.YAlign = draw.YBottom
	lines := wrap(style, caption, c.Max.X-c.Min.X)
	for i, line := range lines {
		c.FillText(style, vg.Point{X: c.Min.X, Y: c.Min.Y + vg.Points(10.5)*vg.Length(len(lines)-1-i)}, line)
	}
	return draw.Crop(c, 0, 0, vg.Points(10.5)*vg.Length(len(lines))+vg.Points(5), 0)
}

// wrap breaks text at spaces so that each line fits a width, if its words do.
func wrap(style draw.TextStyle, text string, width vg.Length) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		longer := strings.TrimSpace(line + " " + word)
		if line != "" && style.Width(longer) > width {
			lines = append(lines, line)
			longer = word
		}
		line = longer
	}
	return append(lines, line)
}
