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
	sampleWidth   = 26 // points
	entryGap      = 14
	rowHeight     = 14
	titleHeight   = 16
	captionHeight = 10.5
)

func drawTitle(c draw.Canvas, title string) draw.Canvas {
	lines := wrap(titleStyle(), title, c.Max.X-c.Min.X)
	if len(lines) == 0 {
		return c
	}
	for i, line := range lines {
		c.FillText(titleStyle(), vg.Point{X: c.Min.X, Y: c.Max.Y - vg.Points(titleHeight)*vg.Length(i)}, line)
	}
	return draw.Crop(c, 0, 0, 0, -vg.Points(titleHeight)*vg.Length(len(lines))-vg.Points(3))
}

func titleStyle() draw.TextStyle {
	style := textStyle(12.5, color.Black)
	style.YAlign = draw.YTop
	return style
}

func legendStyle() draw.TextStyle {
	style := textStyle(9.5, color.Black)
	style.YAlign = draw.YCenter
	return style
}

func (e entry) width() vg.Length { return vg.Points(sampleWidth+5) + legendStyle().Width(e.name) }

// legendRows fills rows of a width from the left.
func legendRows(entries []entry, width vg.Length) [][]entry {
	var rows [][]entry
	x := vg.Length(0)
	for i, e := range entries {
		if i == 0 || x+e.width() > width {
			rows, x = append(rows, nil), 0
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], e)
		x += e.width() + vg.Points(entryGap)
	}
	return rows
}

// drawLegend returns what is left below the legend.
func drawLegend(c draw.Canvas, entries []entry) draw.Canvas {
	rows := legendRows(entries, c.Max.X-c.Min.X)
	if len(rows) == 0 {
		return c
	}
	y := c.Max.Y - vg.Points(rowHeight)/2
	for _, row := range rows {
		x := c.Min.X
		for _, e := range row {
			e.draw(c, vg.Point{X: x, Y: y})
			c.FillText(legendStyle(), vg.Point{X: x + vg.Points(sampleWidth+5), Y: y + vg.Points(1)}, e.name) // centred on its small letters
			x += e.width() + vg.Points(entryGap)
		}
		y -= vg.Points(rowHeight)
	}
	return draw.Crop(c, 0, 0, 0, -vg.Points(rowHeight)*vg.Length(len(rows))-vg.Points(4))
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

func captionStyle() draw.TextStyle {
	style := textStyle(8, grey)
	style.YAlign = draw.YBottom
	return style
}

func drawCaption(c draw.Canvas, caption string) draw.Canvas {
	lines := wrap(captionStyle(), caption, c.Max.X-c.Min.X)
	if len(lines) == 0 {
		return c
	}
	for i, line := range lines {
		c.FillText(captionStyle(), vg.Point{X: c.Min.X, Y: c.Min.Y + vg.Points(captionHeight)*vg.Length(len(lines)-1-i)}, line)
	}
	return draw.Crop(c, 0, 0, vg.Points(captionHeight)*vg.Length(len(lines))+vg.Points(5), 0)
}

// wrap breaks text at spaces so that each line fits a width, if its words do. An
// empty text has no line.
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
	if line == "" {
		return nil
	}
	return append(lines, line)
}
