package carracing

// Pygame's smoothscale from 1000x800 to 96x96 takes the mean of the pixels that
// lie in each cell, in 14-bit fixed point that always rounds down: first along
// rows, then along columns. A pixel on a cell's border counts in both cells by
// its share.

const (
	pictureWidth  = 1000
	pictureHeight = 800
	cells         = 96 // of a row or a column
	unit          = 1 << 14
)

// cell is a run of pixels; the outer two may be shared with its neighbours, and
// then weigh head and tail in 1/2^14.
type cell struct {
	first, last int
	head, tail  uint16
}

// cellMap says which pixels of a row or column of n make which cell.
type cellMap struct {
	cells      [cells]cell
	low, high  [pictureWidth]uint8 // the cells of a pixel: one or two
	whole      [pictureWidth]uint8 // how many cells end at or before a pixel
	reciprocal uint64              // 2^16 / pixels per cell
}

var (
	acrossCells = newCellMap(pictureWidth)
	downCells   = newCellMap(pictureHeight)
)

// newCellMap walks along n pixels as the original does: left is what the
// current cell still has to take, in 1/2^14 pixel.
func newCellMap(n int) *cellMap {
	space := unit * n / cells
	m := &cellMap{reciprocal: uint64((1 << 30) / space)}
	at, left := 0, space
	m.cells[0].head = unit
	for x := range n {
		m.low[x], m.high[x], m.whole[x] = uint8(at), uint8(at), uint8(at)
		if left > unit {
			left -= unit
			continue
		}
		m.cells[at].last, m.cells[at].tail = x, uint16(left)
		at++
		m.whole[x] = uint8(at)
		if at == cells {
			break // a rest of less than 1/100 pixel counts nowhere
		}
		m.high[x] = uint8(at)
		m.cells[at].first, m.cells[at].head = x, uint16(unit-left)
		left += space - unit
	}
	return m
}

// flat is what a cell full of one colour becomes; it is the same for all cells.
func (m *cellMap) flat(c colour) colour {
	a := &m.cells[0]
	return (c.part(a.head) + colour(a.last-a.first-1)*c + c.part(a.tail)).mean(m.reciprocal)
}

// downscaler collects rows into a picture of 96x96. Rows may come in any order,
// each once.
//
// A run of pixels makes a run of equal cells, so sums are kept as differences
// from cell to cell: each run adds at its first cell and takes off behind its
// last. Words may wrap around in between; the sums come out right.
type downscaler struct {
	steps [cells][cells + 1]colour
}

// add takes row y of the large picture.
func (d *downscaler) add(y int, line *scanline) {
	low, high := downCells.low[y], downCells.high[y]
	c := &downCells.cells[low]
	if y != c.last {
		line.cells(&d.steps[low])
		return
	}
	var row [cells + 1]colour
	line.cells(&row)
	value, lowValue, highValue := black, black, black
	head := downCells.cells[high].head
	for j, step := range row[:cells] {
		if step == 0 {
			continue
		}
		value += step
		part := value.part(c.tail)
		d.steps[low][j] += part - lowValue
		lowValue = part
		if high != low {
			part = value.part(head)
			d.steps[high][j] += part - highValue
			highValue = part
		}
	}
}

// finish turns the differences into colours, once all rows are added.
func (d *downscaler) finish(to *[cells][cells]colour) {
	for i := range to {
		sum := black
		for j := range to[i] {
			sum += d.steps[i][j]
			to[i][j] = sum.mean(downCells.reciprocal)
		}
	}
}

// cells adds the row's cells to steps.
func (l *scanline) cells(steps *[cells + 1]colour) {
	m := acrossCells
	starts := l.runs()
	j, sum, begun := 0, black, false // cell j, and the sum of its pixels so far, if any
	for i, start := range starts[:len(starts)-1] {
		x, last := int(start), int(starts[i+1])-1
		c := l.colour[x]
		if begun {
			a := &m.cells[j]
			if last < a.last {
				sum += colour(last+1-x) * c
				continue
			}
			sum += colour(a.last-x)*c + c.part(a.tail)
			value := sum.mean(m.reciprocal)
			steps[j] += value
			j++
			steps[j] -= value
		}
		if next := int(m.whole[last]); next > j {
			value := m.flat(c)
			steps[j] += value
			steps[next] -= value
			j = next
		}
		if begun = j < cells && last >= m.cells[j].first; begun {
			sum = c.part(m.cells[j].head) + colour(last-m.cells[j].first)*c
		}
	}
}
