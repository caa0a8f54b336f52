package plot

import (
	"bytes"
	"fmt"
	"image/color"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// pngDotsPerInch suits print at the figure's own size.
const pngDotsPerInch = 200

// Figure is a drawing ready to be written.
type Figure struct {
	frame  Frame
	plot   *plot.Plot
	legend []entry
	places []float64   // of the data on the x axis
	ink    plotter.XYs // where the data are, for texts to stay off
}

// newFigure makes the empty axes of a frame.
func newFigure(frame Frame) *Figure {
	if frame.Width == 0 {
		frame.Width = 6.4
	}
	if frame.Height == 0 {
		frame.Height = 4.4
	}
	p := plot.New()
	setAxis(&p.X, frame.X)
	setAxis(&p.Y, frame.Y)
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = gridColor, gridColor
	p.Add(grid)
	return &Figure{frame: frame, plot: p}
}

func setAxis(a *plot.Axis, as Axis) {
	a.Tick.Label.Font = sans(9)
	a.Tick.Marker = linearTicks{}
	a.LineStyle.Color, a.Tick.LineStyle.Color = grey, grey
	if as.FromZero {
		a.Min, a.Max = min(0, a.Min), max(0, a.Max)
	}
	if as.Log {
		a.Scale, a.Tick.Marker = plot.LogScale{}, logTicks{}
	}
}

// finish adds the references and gives the data some air.
func (f *Figure) finish() *Figure {
	for _, r := range f.frame.References {
		f.plot.Add(reference{r, f})
	}
	if _, linear := f.plot.X.Tick.Marker.(linearTicks); linear {
		f.plot.X.Tick.Marker = linearTicks{whole: f.wholeX()}
	}
	widen(&f.plot.X, f.frame.X)
	widen(&f.plot.Y, f.frame.Y)
	return f
}

// wholeX reports whether all places are whole numbers: generations, not seconds.
func (f *Figure) wholeX() bool {
	return !slices.ContainsFunc(f.places, func(x float64) bool { return x != math.Trunc(x) })
}

// Write writes the figure in a format: "svg" or "png".
func (f *Figure) Write(w io.Writer, format string) error {
	width := vg.Length(f.frame.Width) * vg.Inch
	height := vg.Length(f.frame.Height)*vg.Inch + f.moreLines(width-sides)
	switch format {
	case "png":
		canvas := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(pngDotsPerInch), vgimg.UseBackgroundColor(color.White))
		f.draw(draw.New(canvas))
		_, err := vgimg.PngCanvas{Canvas: canvas}.WriteTo(w)
		return err
	case "svg":
		canvas := vgsvg.New(width, height)
		f.draw(draw.New(canvas))
		var b bytes.Buffer
		if _, err := canvas.WriteTo(&b); err != nil {
			return err
		}
		// The font is named and not embedded: name those of equal widths too,
		// or a reader without it gets a serif face that overflows.
		_, err := io.WriteString(w, strings.ReplaceAll(b.String(), "font-family:Liberation Sans;", "font-family:Liberation Sans,Arial,Helvetica,sans-serif;"))
		return err
	}
	return fmt.Errorf("plot: unknown format %q: use svg or png", format)
}

// Save writes the figure to a file whose ending names the format. The file
// appears whole or not at all.
func (f *Figure) Save(path string) error {
	var b bytes.Buffer
	if err := f.Write(&b, strings.ToLower(strings.TrimPrefix(filepath.Ext(path), "."))); err != nil {
		return fmt.Errorf("save figure: %s: %w", path, err)
	}
	if err := writeWhole(path, b.Bytes()); err != nil {
		return fmt.Errorf("save figure: %w", err)
	}
	return nil
}

func writeWhole(path string, data []byte) (err error) {
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			temporary.Close()
			os.Remove(temporary.Name())
		}
	}()
	if _, err = temporary.Write(data); err != nil {
		return err
	}
	if err = temporary.Chmod(0o644); err != nil {
		return err
	}
	if err = temporary.Sync(); err != nil {
		return err
	}
	if err = temporary.Close(); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}

const (
	margin = vg.Length(6) // points, twice as wide on the right
	sides  = 3 * margin
)

// moreLines is the height of the lines of title, legend and caption beyond the
// first of each: the data keep their room.
func (f *Figure) moreLines(width vg.Length) vg.Length {
	beyond := func(lines int) vg.Length { return vg.Length(max(0, lines-1)) }
	return vg.Points(titleHeight)*beyond(len(wrap(titleStyle(), f.frame.Title, width))) +
		vg.Points(rowHeight)*beyond(len(legendRows(f.legend, width))) +
		vg.Points(captionHeight)*beyond(len(wrap(captionStyle(), f.frame.Caption, width)))
}

// draw lays out, from the top: title, legend, axes with the data, caption.
func (f *Figure) draw(c draw.Canvas) {
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	c = draw.Crop(c, margin, -2*margin, margin, -margin)
	c = drawTitle(c, f.frame.Title)
	c = drawLegend(c, f.legend)
	c = drawCaption(c, f.frame.Caption)
	// The library reserves room for a label as if it stood at the middle value,
	// which on a logarithmic axis is not in the middle: labels are drawn here.
	inner := draw.Crop(c, vg.Points(19), 0, vg.Points(15), 0)
	data := f.plot.DataCanvas(inner)
	style := textStyle(11, color.Black)
	style.XAlign, style.YAlign = draw.XCenter, draw.YBottom
	c.FillText(style, vg.Point{X: data.Center().X, Y: c.Min.Y}, f.frame.X.label())
	style.Rotation, style.YAlign = math.Pi/2, draw.YTop
	c.FillText(style, vg.Point{X: c.Min.X, Y: data.Center().Y}, f.frame.Y.label())
	f.plot.Draw(inner)
}
