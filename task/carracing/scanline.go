package carracing

// scanline is one row of the 1000x800 picture while it is painted. It is kept
// by the 96 cells that smoothscale will make of it: most of them have one
// colour, which is noted once; only where colours meet are there pixels. (A
// pixel on the border of two cells belongs to both.)
type scanline struct {
	base   [cells]colour // of a cell with one colour
	mixed  [cells]bool   // a cell whose pixels are in use, all of them valid
	pixels [pictureWidth]colour
}

// reset makes the whole row one colour.
func (l *scanline) reset(c colour) {
	for j := range l.base {
		l.base[j] = c
	}
	l.mixed = [cells]bool{}
}

// fill paints pixels x0 to x1, both included and in any order, as far as they
// are in the picture.
func (l *scanline) fill(x0, x1 int, c colour) {
	if x1 < x0 {
		x0, x1 = x1, x0
	}
	x0, x1 = max(x0, 0), min(x1, pictureWidth-1)
	if x0 > x1 {
		return
	}
	m := acrossCells
	j, end := int(m.low[x0]), int(m.high[x1])
	for ; j <= end; j++ {
		if first, last := m.first[j], m.last[j]; x0 <= first && last <= x1 {
			l.base[j], l.mixed[j] = c, false
		} else {
			l.mix(j)
			part := l.pixels[max(x0, first) : min(x1, last)+1]
			for i := range part {
				part[i] = c
			}
		}
	}
}

// blend paints over pixel x with a weight of 0 to 255, if it is in the picture.
func (l *scanline) blend(x int, c colour, weight uint8) {
	if uint(x) >= pictureWidth {
		return
	}
	l.mix(int(acrossCells.low[x]))
	l.mix(int(acrossCells.high[x]))
	l.pixels[x] = l.pixels[x].blend(c, weight)
}

// mix makes the pixels of cell j valid.
func (l *scanline) mix(j int) {
	if l.mixed[j] {
		return
	}
	l.mixed[j] = true
	c, m := l.base[j], acrossCells
	part := l.pixels[m.first[j] : m.last[j]+1]
	for i := range part {
		part[i] = c
	}
}

// cells writes the means of all cells.
func (l *scanline) cells(row *[cells]colour) {
	m := acrossCells
	last, flat := black, black
	for j := range row {
		if l.mixed[j] {
			row[j] = m.cell(&l.pixels, j)
			continue
		}
		if c := l.base[j]; c != last {
			last, flat = c, m.flat(c)
		}
		row[j] = flat
	}
}

// colours makes all pixels valid and returns them.
func (l *scanline) colours() *[pictureWidth]colour {
	for j := range l.mixed {
		l.mix(j)
	}
	return &l.pixels
}
