package plot

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	leastWidth  = 24 // columns that Terminal needs
	leastHeight = 4  // lines that it needs, two of them for the x axis
)

// Terminal draws curves with Unicode's Braille dots, two by four in each
// cell, in a block of width columns and height lines, each curve named at its
// right end. It is meant for a run under way: a value that is NaN or infinite
// is left out and counted on a last line (one more than height), and no values
// at all are said to be none. Give few curves: they have no colours.
func Terminal(w io.Writer, series []Named, width, height int) error {
	if width < leastWidth || height < leastHeight {
		return fmt.Errorf("terminal curve: %d columns and %d lines: needs at least %d and %d", width, height, leastWidth, leastHeight)
	}
	for _, s := range series {
		if len(s.X) != len(s.Y) {
			return fmt.Errorf("terminal curve: %s: %d places and %d values", s.Name, len(s.X), len(s.Y))
		}
	}
	b := bufio.NewWriter(w)
	finite, left := finiteOnly(series)
	if len(finite) == 0 {
		fmt.Fprintln(b, "(no values yet)")
	} else {
		drawTerminal(b, finite, width, height)
	}
	if left > 0 {
		fmt.Fprintf(b, "(NaN or infinite: %d)\n", left)
	}
	return b.Flush()
}

// finiteOnly returns the curves without their non-finite points, of which it
// says how many there were, and without curves that have no points.
func finiteOnly(series []Named) (finite []Named, left int) {
	for _, s := range series {
		kept := Named{Name: s.Name}
		for i := range s.X {
			if notFinite(s.X[i]) || notFinite(s.Y[i]) {
				left++
				continue
			}
			kept.X, kept.Y = append(kept.X, s.X[i]), append(kept.Y, s.Y[i])
		}
		if len(kept.X) > 0 {
			finite = append(finite, kept)
		}
	}
	return finite, left
}

// extent is the range of all curves.
type extent struct {
	xmin, xmax, ymin, ymax float64
}

func extentOf(series []Named) extent {
	e := extent{inf, -inf, inf, -inf}
	for _, s := range series {
		for i := range s.X {
			e.xmin, e.xmax = min(e.xmin, s.X[i]), max(e.xmax, s.X[i])
			e.ymin, e.ymax = min(e.ymin, s.Y[i]), max(e.ymax, s.Y[i])
		}
	}
	return e
}

func drawTerminal(w io.Writer, series []Named, width, height int) {
	e := extentOf(series)
	rows := height - 2
	ticks := e.ticks(rows)
	margin := 0
	for _, tick := range ticks {
		margin = max(margin, utf8.RuneCountInString(tick))
	}
	names := nameColumns(series, width)
	dots := newDots(max(4, width-margin-1-names), rows)
	ends := make([]int, len(series))
	for i, s := range series {
		dots.curve(s, e)
		ends[i] = dots.dotY(s.Y[len(s.Y)-1], e)
	}
	labels := make([]string, rows)
	if names > 0 {
		labels = labelled(series, ends, rows, names-1)
	}
	for r, tick := range ticks {
		axis := "│"
		if tick != "" {
			axis = "┤"
		}
		padding := strings.Repeat(" ", margin-utf8.RuneCountInString(tick))
		fmt.Fprintln(w, strings.TrimRight(padding+tick+axis+dots.line(r)+" "+labels[r], " "))
	}
	fmt.Fprintln(w, strings.Repeat(" ", margin)+"└"+strings.Repeat("─", dots.columns))
	first, last := short(e.xmin), short(e.xmax)
	if first == last {
		last = ""
	}
	gap := strings.Repeat(" ", max(1, dots.columns-len(first)-len(last)))
	fmt.Fprintln(w, strings.TrimRight(strings.Repeat(" ", margin+1)+first+gap+last, " "))
}

// ticks returns the label of each row of the y axis, most of them empty.
func (e extent) ticks(rows int) []string {
	labels := make([]string, rows)
	if e.ymin == e.ymax {
		labels[rows/2] = short(e.ymin)
		return labels
	}
	if rows >= 5 {
		labels[(rows-1)/2] = short(e.ymin/2 + e.ymax/2)
	}
	labels[0], labels[rows-1] = short(e.ymax), short(e.ymin)
	return labels
}

// nameColumns is how many columns the names take, at most a third of the width.
func nameColumns(series []Named, width int) int {
	widest := 0
	for _, s := range series {
		widest = max(widest, utf8.RuneCountInString(s.Name))
	}
	if widest == 0 {
		return 0
	}
	return 1 + min(widest, width/3)
}

// labelled puts each curve's name on the row where the curve ends, four dots a
// row, or as near as the others allow: from the top, names stand in the order
// of the ends. Where there are more curves than rows, some share one.
func labelled(series []Named, ends []int, rows, width int) []string {
	order := make([]int, len(series))
	for i := range order {
		order[i] = i
	}
	last := func(i int) float64 { return series[i].Y[len(series[i].Y)-1] }
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(last(b), last(a)) })
	at := make([]int, len(order))
	for k, i := range order {
		at[k] = ends[i] / 4
		if k > 0 {
			at[k] = max(at[k], at[k-1]+1)
		}
	}
	for k := range at { // pushed up from below
		at[k] = max(0, min(at[k], rows-len(at)+k))
	}
	labels := make([]string, rows)
	for k, i := range order {
		if labels[at[k]] == "" {
			labels[at[k]] = shortened(series[i].Name, width)
		} else {
			labels[at[k]] = shortened(labels[at[k]]+", "+series[i].Name, width)
		}
	}
	return labels
}

func shortened(name string, width int) string {
	if runes := []rune(name); len(runes) > width {
		return string(runes[:width-1]) + "…"
	}
	return name
}

// short writes a number in few characters.
func short(v float64) string {
	for _, s := range suffixes {
		if magnitude := math.Abs(v); magnitude >= s.from && magnitude < 1e15 {
			return strconv.FormatFloat(v/s.unit, 'g', 4, 64) + strings.TrimSpace(s.name)
		}
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// dots is a grid of Braille cells.
type dots struct {
	columns, rows int
	cells         []rune
}

func newDots(columns, rows int) dots {
	return dots{columns, rows, make([]rune, columns*rows)}
}

// brailleBits are the dots of a cell, from the top, left and right.
var brailleBits = [4][2]rune{{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}

func (d dots) set(x, y int) {
	d.cells[y/4*d.columns+x/2] |= brailleBits[y%4][x%2]
}

func (d dots) line(row int) string {
	var b strings.Builder
	for _, cell := range d.cells[row*d.columns : (row+1)*d.columns] {
		if cell == 0 {
			b.WriteRune(' ')
		} else {
			b.WriteRune(0x2800 + cell)
		}
	}
	return b.String()
}

// place maps v in [low, high] to 0..last; a range of one value to the middle.
func place(v, low, high float64, last int) int {
	if high == low {
		return last / 2
	}
	return int(math.Round((v/2 - low/2) / (high/2 - low/2) * float64(last))) // halves, lest the range overflow
}

func (d dots) dotX(x float64, e extent) int { return place(x, e.xmin, e.xmax, 2*d.columns-1) }

func (d dots) dotY(y float64, e extent) int {
	last := 4*d.rows - 1
	return last - place(y, e.ymin, e.ymax, last)
}

// curve joins a series' points with straight lines.
func (d dots) curve(s Named, e extent) {
	px, py := d.dotX(s.X[0], e), d.dotY(s.Y[0], e)
	d.set(px, py)
	for i := range s.X {
		x, y := d.dotX(s.X[i], e), d.dotY(s.Y[i], e)
		steps := max(abs(x-px), abs(y-py))
		for k := 1; k <= steps; k++ {
			d.set(px+(x-px)*k/steps, py+(y-py)*k/steps)
		}
		px, py = x, y
	}
}

func abs(i int) int { return max(i, -i) }
