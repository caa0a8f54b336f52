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

// cellMap says which pixels of a row or column of n make which cell.
type cellMap struct {
	first, last [cells]int          // pixels of a cell; the outer two may be shared
	head, tail  [cells]uint16       // their weights, in 1/2^14; all others weigh 1
	low, high   [pictureWidth]uint8 // the cells of a pixel: one or two
	reciprocal  uint64              // 2^16 / pixels per cell
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
	cell, left := 0, space
	m.head[0] = unit
	for x := range n {
		m.low[x], m.high[x] = uint8(cell), uint8(cell)
		if left > unit {
			left -= unit
			continue
		}
		m.last[cell], m.tail[cell] = x, uint16(left)
		cell++
		if cell == cells {
			break // a rest of less than 1/100 pixel counts nowhere
		}
		m.high[x] = uint8(cell)
		m.first[cell], m.head[cell] = x, uint16(unit-left)
		left += space - unit
	}
	return m
}

// flat is what a cell full of one colour becomes; it is the same for all cells.
func (m *cellMap) flat(c colour) colour {
	const j = 1
	between := colour(m.last[j] - m.first[j] - 1)
	return (c.part(m.head[j]) + between*c + c.part(m.tail[j])).mean(m.reciprocal)
}

// cell is cell j of a row of pixels.
func (m *cellMap) cell(pixels *[pictureWidth]colour, j int) colour {
	first, last := m.first[j], m.last[j]
	sum := pixels[first].part(m.head[j]) + pixels[last].part(m.tail[j])
	for _, p := range pixels[first+1 : last] {
		sum += p
	}
	return sum.mean(m.reciprocal)
}

// downscaler collects rows of cells into a picture of 96x96. Rows may come in
// any order, each once.
type downscaler struct {
	sums [cells + 1][cells]colour
}

// add takes row y of the large picture.
func (d *downscaler) add(y int, line *scanline) {
	var row [cells]colour
	line.cells(&row)
	low, high := downCells.low[y], downCells.high[y]
	if y != downCells.last[low] {
		for j, c := range row {
			d.sums[low][j] += c
		}
		return
	}
	for j, c := range row {
		d.sums[low][j] += c.part(downCells.tail[low])
	}
	if high != low {
		for j, c := range row {
			d.sums[high][j] += c.part(downCells.head[high])
		}
	}
}

// pixel is row i, column j of the small picture, once all rows are added.
func (d *downscaler) pixel(i, j int) colour { return d.sums[i][j].mean(downCells.reciprocal) }
