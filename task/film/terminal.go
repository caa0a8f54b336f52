package film

import (
	"bytes"
	"fmt"
	"image"
	"io"
)

// Terminal shows pictures in a text terminal.
type Terminal struct {
	w io.Writer
	o TerminalOptions
	b bytes.Buffer
	n int // pictures shown
}

// TerminalOptions say what the terminal is like.
type TerminalOptions struct {
	Columns, Rows int  // of text, the line under the picture included
	Colour        bool // 24-bit colour and half blocks, two pixels a character; else shades of grey made of letters
	Cursor        bool // each picture is drawn over the last one; else below it
}

// NewTerminal begins a show. Close ends it.
func NewTerminal(w io.Writer, o TerminalOptions) *Terminal {
	o.Columns, o.Rows = max(o.Columns, 2), max(o.Rows, 2)
	return &Terminal{w: w, o: o}
}

// Add shows a picture, as large as it fits but no larger than it is, and a line
// under it.
func (t *Terminal) Add(m *image.RGBA, line string) error {
	t.b.Reset()
	if t.o.Cursor && t.n == 0 {
		t.b.WriteString("\x1b[?25l\x1b[2J") // hide the cursor, clear
	}
	if t.o.Cursor {
		t.b.WriteString("\x1b[H")
	}
	t.n++
	small := shrink(m, t.fit(m.Bounds().Size()))
	for y := 0; y < small.Rect.Max.Y; y += 2 {
		if t.o.Colour {
			halfBlocks(&t.b, small, y)
		} else {
			shades(&t.b, small, y)
		}
		t.b.WriteByte('\n')
	}
	t.b.WriteString(line)
	if t.o.Cursor {
		t.b.WriteString("\x1b[K") // what a longer line has left
	}
	t.b.WriteByte('\n')
	_, err := t.w.Write(t.b.Bytes())
	return err
}

// Close shows the cursor again.
func (t *Terminal) Close() error {
	if !t.o.Cursor || t.n == 0 {
		return nil
	}
	_, err := io.WriteString(t.w, "\x1b[?25h")
	return err
}

// fit is the largest size with an even number of rows that fits.
func (t *Terminal) fit(size image.Point) image.Point {
	width := min(size.X, t.o.Columns)
	height := min(size.Y, 2*(t.o.Rows-2)) // the line, and the cursor's row
	if width*size.Y > height*size.X {
		width = height * size.X / size.Y
	} else {
		height = width * size.Y / size.X
	}
	return image.Pt(max(width, 1), max(height/2*2, 2))
}

// shrink averages the pixels of each cell of a grid.
func shrink(m *image.RGBA, size image.Point) *image.RGBA {
	from, to := m.Bounds().Size(), image.NewRGBA(image.Rectangle{Max: size})
	for y := range size.Y {
		top, bottom := span(y, size.Y, from.Y)
		for x := range size.X {
			left, right := span(x, size.X, from.X)
			var sum [3]int
			for v := top; v < bottom; v++ {
				for u := left; u < right; u++ {
					for c, level := range m.Pix[v*m.Stride+4*u:][:3] {
						sum[c] += int(level)
					}
				}
			}
			p, n := to.Pix[y*to.Stride+4*x:], (bottom-top)*(right-left)
			p[0], p[1], p[2], p[3] = byte(sum[0]/n), byte(sum[1]/n), byte(sum[2]/n), 0xff
		}
	}
	return to
}

// span is the range of n old pixels that new pixel i of m covers, at least one.
func span(i, m, n int) (first, end int) {
	first = i * n / m
	return first, max((i+1)*n/m, first+1)
}

// halfBlocks writes two rows of pixels as one of characters whose upper half is
// drawn over their background. Equal neighbours share their colours' codes.
func halfBlocks(b *bytes.Buffer, m *image.RGBA, y int) {
	var last [6]byte
	for x := range m.Rect.Max.X {
		upper, lower := m.Pix[y*m.Stride+4*x:], m.Pix[(y+1)*m.Stride+4*x:]
		now := [6]byte{upper[0], upper[1], upper[2], lower[0], lower[1], lower[2]}
		if x == 0 || now != last {
			fmt.Fprintf(b, "\x1b[38;2;%d;%d;%d;48;2;%d;%d;%dm", now[0], now[1], now[2], now[3], now[4], now[5])
		}
		b.WriteString("▀")
		last = now
	}
	b.WriteString("\x1b[0m")
}

// shades writes two rows of pixels as one of letters, dark to bright.
func shades(b *bytes.Buffer, m *image.RGBA, y int) {
	const ramp = " .:-=+*#%@"
	for x := range m.Rect.Max.X {
		sum := 0
		for _, row := range []int{y, y + 1} {
			p := m.Pix[row*m.Stride+4*x:]
			sum += 299*int(p[0]) + 587*int(p[1]) + 114*int(p[2]) // luma of ITU-R BT.601
		}
		b.WriteByte(ramp[sum*len(ramp)/(2*1000*255+1)])
	}
}
