package carracing

import "slices"

// quad is a four-sided polygon of the road scene in picture coordinates (y
// upwards, whole numbers), drawn as SDL_gfx draws: an anti-aliased outline, and
// the inside over it. Everything that a row of it depends on is computed once.
type quad struct {
	colour      colour
	top, bottom int32 // first and last row
	sides       [4]side
	outline     [4]outline
}

// side is an edge as the filling sees it, from its upper end.
type side struct {
	y1, y2, x1, dx int32
	inverse        uint64 // ⌊2^47/(y2-y1)⌋ + 1: a product with it divides exactly
}

func newQuad(x, y [4]int32, c colour) quad {
	q := quad{colour: c, top: slices.Min(y[:]), bottom: slices.Max(y[:])}
	for i := range 4 {
		from, to := (i+3)%4, i
		q.sides[i] = newSide(x[from], y[from], x[to], y[to])
		from, to = i, (i+1)%4
		q.outline[i] = newOutline(x[from], y[from], x[to], y[to])
	}
	return q
}

func newSide(x1, y1, x2, y2 int32) side {
	if y1 > y2 {
		x1, y1, x2, y2 = x2, y2, x1, y1
	}
	s := side{y1: y1, y2: y2, x1: x1, dx: x2 - x1}
	if y1 < y2 {
		s.inverse = (1<<47)/uint64(y2-y1) + 1
	}
	return s
}

// crosses says whether the side counts in row y: not in its last row, unless
// that is the polygon's.
func (s *side) crosses(y, bottom int32) bool {
	return s.y1 <= y && y < s.y2 || y == bottom && s.y1 < y && y <= s.y2
}

// at is where the side is in row y, in 1/65536 pixel:
// ⌊65536·(y-y1)/(y2-y1)⌋·dx + 65536·x1, in 32 bits.
func (s *side) at(y int32) int32 {
	share := int32(uint64(y-s.y1) << 16 * s.inverse >> 47)
	return share*s.dx + s.x1<<16
}

// draw paints row y.
func (q *quad) draw(line *scanline, y int32) {
	var at [4]int32
	n := 0
	for i := range q.sides {
		if s := &q.sides[i]; s.crosses(y, q.bottom) {
			at[n] = s.at(y)
			n++
		}
	}
	if n != 2 {
		q.drawOdd(line, y, at[:n])
		return
	}
	inside := spanOf(min(at[0], at[1]), max(at[0], at[1]))
	q.drawOutline(line, y, inside)
	line.fill(inside.from, inside.to, q.colour)
}

// drawOutline paints the outline's pixels in row y, but for those in hidden,
// which are painted over later.
func (q *quad) drawOutline(line *scanline, y int32, hidden span) {
	for i := range q.outline {
		if o := &q.outline[i]; o.y <= y && y <= o.bottom {
			o.draw(line, y, q.colour, hidden)
		}
	}
}

// drawOdd is draw for rows that do not have just one span.
func (q *quad) drawOdd(line *scanline, y int32, at []int32) {
	q.drawOutline(line, y, span{0, -1})
	slices.Sort(at)
	for i := 0; i+1 < len(at); i += 2 {
		s := spanOf(at[i], at[i+1])
		line.fill(s.from, s.to, q.colour)
	}
}

// span is a run of pixels, both ends included.
type span struct{ from, to int }

func (s span) has(x int) bool { return s.from <= x && x <= s.to }

// spanOf is the run between two crossings.
func spanOf(left, right int32) span {
	s := span{roundish(left + 1), roundish(right - 1)}
	if s.from > s.to {
		s.from, s.to = s.to, s.from
	}
	return s
}

// roundish rounds from 1/65536 pixel to pixels.
func roundish(x int32) int { return int(x>>16 + x&0x8000>>15) }
