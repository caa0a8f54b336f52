package film

import (
	"cmp"
	"image"
	"slices"
)

// colours in a GIF's palette.
const colours = 256

// palette is a picture's: its most frequent colours, exactly; the others come
// out as the nearest of these. The pictures of a game are flat areas and thin
// blended edges, so what is not exact is a few pixels of edges.
type palette struct {
	table  [3 * colours]byte // red, green, blue
	counts map[uint32]int    // pixels of each colour
	places map[uint32]byte   // index of each colour
	order  []uint32          // by frequency
}

// index sets the palette to a picture's and returns the picture's indices, row
// by row, in dst if that has room.
func (p *palette) index(m *image.RGBA, dst []byte) []byte {
	p.count(m)
	p.choose()
	size := m.Bounds().Size()
	dst = slices.Grow(dst[:0], size.X*size.Y)
	last, at := uint32(1)<<24, byte(0) // no colour
	for y := range size.Y {
		row := m.Pix[y*m.Stride:][:4*size.X]
		for ; len(row) > 0; row = row[4:] {
			if c := rgb(row); c != last {
				last, at = c, p.places[c]
			}
			dst = append(dst, at)
		}
	}
	return dst
}

func rgb(p []byte) uint32 { return uint32(p[0])<<16 | uint32(p[1])<<8 | uint32(p[2]) }

func (p *palette) count(m *image.RGBA) {
	p.counts = make(map[uint32]int)
	size := m.Bounds().Size()
	for y := range size.Y {
		row := m.Pix[y*m.Stride:][:4*size.X]
		for len(row) > 0 {
			c, n := rgb(row), 0
			for ; len(row) > 0 && rgb(row) == c; row = row[4:] {
				n++
			}
			p.counts[c] += n
		}
	}
}

// choose fills the table and gives every colour of the picture its place.
func (p *palette) choose() {
	p.order = p.order[:0]
	for c := range p.counts {
		p.order = append(p.order, c)
	}
	slices.SortFunc(p.order, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(p.counts[b], p.counts[a]), cmp.Compare(scatter(a), scatter(b)))
	})
	p.table = [len(p.table)]byte{}
	p.places = make(map[uint32]byte, len(p.order))
	exact := p.order[:min(colours, len(p.order))]
	for i, c := range exact {
		p.table[3*i], p.table[3*i+1], p.table[3*i+2] = byte(c>>16), byte(c>>8), byte(c)
		p.places[c] = byte(i)
	}
	for _, c := range p.order[len(exact):] {
		p.places[c] = nearest(exact, c)
	}
}

// scatter numbers the colours so that those of equal frequency that find room
// are not all dark ones.
func scatter(c uint32) uint32 { return c * 2654435761 }

// nearest is the index of the colour with the smallest distance from c, the
// first of several.
func nearest(among []uint32, c uint32) byte {
	best, least := 0, 1<<30
	for i, a := range among {
		if d := square(a>>16, c>>16) + square(a>>8, c>>8) + square(a, c); d < least {
			best, least = i, d
		}
	}
	return byte(best)
}

// square is that of the difference of the lowest bytes.
func square(a, b uint32) int {
	d := int(byte(a)) - int(byte(b))
	return d * d
}
