package carracing

// outline is an edge as SDL_gfx's anti-aliased line, without its last pixel:
// after k steps along the longer axis the line is k·slope/2^32 off along the
// other; two pixels share each step.
type outline struct {
	kind   outlineKind
	x, y   int32 // upper end
	bottom int32 // last row
	xStep  int32 // +1 or -1
	steps  int32 // along the longer axis
	slope  uint64
	firstX int32 // the edge's own first pixel is solid
	firstY int32

	// Of a flat line, which may have many pixels in a row: the first step of
	// this row and that of the row before.
	here, above int32
}

type outlineKind int32

const (
	outlineHidden  outlineKind = iota
	outlineUpright             // a solid column
	outlineLevel               // a solid row
	outlineSteep               // one step per row
	outlineFlat                // one step per column
)

func newOutline(x1, y1, x2, y2 int32) outline {
	if !clipLine(&x1, &y1, &x2, &y2) {
		return outline{kind: outlineHidden, bottom: -1}
	}
	o := outline{firstX: x1, firstY: y1, xStep: 1}
	if y1 > y2 {
		x1, y1, x2, y2 = x2, y2, x1, y1
	}
	o.x, o.y, o.bottom = x1, y1, y2
	dx, dy := x2-x1, y2-y1
	if dx < 0 {
		dx, o.xStep = -dx, -1
	}
	switch {
	case dx == 0:
		o.kind = outlineUpright
	case dy == 0:
		o.kind, o.steps = outlineLevel, dx
	case dy > dx:
		o.kind, o.steps, o.slope = outlineSteep, dy, slope(dx, dy)
	default:
		o.kind, o.steps, o.slope = outlineFlat, dx, slope(dy, dx)
		o.here, o.above = 1, 1
	}
	return o
}

// slope is minor/major in 1/2^32, of which the lower 16 bits are zero.
func slope(minor, major int32) uint64 { return uint64(minor<<16/major) << 16 }

// start sets a flat line, whose rows are drawn one after another, to its first
// row that is not above y.
func (o *outline) start(y int32) {
	if o.kind != outlineFlat || y <= o.y {
		return
	}
	o.here, o.above = o.firstStep(y), o.firstStep(y-1)
}

// firstStep is the first step whose line pixel is in row y or below.
func (o *outline) firstStep(y int32) int32 {
	return max(1, min(o.steps, int32((uint64(y-o.y)<<32+o.slope-1)/o.slope)))
}

// draw paints row y, which is not above or below the line, but for the pixels in
// hidden.
func (o *outline) draw(line *scanline, y int32, c colour, hidden span) {
	if y == o.firstY && !hidden.has(int(o.firstX)) {
		line.fill(int(o.firstX), int(o.firstX), c)
	}
	switch o.kind {
	case outlineUpright:
		line.fill(int(o.x), int(o.x), c)
	case outlineLevel:
		line.fill(int(o.x), int(o.x+o.xStep*o.steps), c)
	case outlineSteep:
		o.drawSteep(line, y, c, hidden)
	case outlineFlat:
		o.drawFlat(line, y, c, hidden)
	}
}

func (o *outline) drawSteep(line *scanline, y int32, c colour, hidden span) {
	k := y - o.y
	if k < 1 || k >= o.steps {
		return
	}
	off := uint64(k) * o.slope
	x, weight := int(o.x+o.xStep*int32(off>>32)), uint8(off>>24)
	if !hidden.has(x) {
		line.blend(x, c, 255-weight)
	}
	if x += int(o.xStep); !hidden.has(x) {
		line.blend(x, c, weight)
	}
}

// drawFlat paints the neighbours below the line pixels of the row before, then
// this row's line pixels.
func (o *outline) drawFlat(line *scanline, y int32, c colour, hidden span) {
	k := o.above
	for ; k < o.here; k++ {
		if x := int(o.x + o.xStep*k); !hidden.has(x) {
			line.blend(x, c, uint8(uint64(k)*o.slope>>24))
		}
	}
	row := uint64(y - o.y)
	for ; k < o.steps; k++ {
		off := uint64(k) * o.slope
		if off>>32 != row {
			break
		}
		if x := int(o.x + o.xStep*k); !hidden.has(x) {
			line.blend(x, c, 255-uint8(off>>24))
		}
	}
	o.above, o.here = o.here, k
}

// Sides of the picture that a point is beyond.
const (
	beyondLeft = 1 << iota
	beyondRight
	beyondBottom
	beyondTop
)

func beyond(x, y int32) (code int) {
	switch {
	case x < 0:
		code = beyondLeft
	case x >= pictureWidth:
		code = beyondRight
	}
	switch {
	case y < 0:
		code |= beyondTop
	case y >= pictureHeight:
		code |= beyondBottom
	}
	return code
}

// clipLine shortens a line to the picture by Cohen and Sutherland's method with
// a slope in binary32; the ends may come out exchanged. It returns false if
// nothing of the line is in the picture.
func clipLine(x1, y1, x2, y2 *int32) bool {
	for {
		code1, code2 := beyond(*x1, *y1), beyond(*x2, *y2)
		if code1|code2 == 0 {
			return true
		}
		if code1&code2 != 0 {
			return false
		}
		if code1 == 0 {
			*x1, *y1, *x2, *y2 = *x2, *y2, *x1, *y1
			code1 = code2
		}
		m := float32(1)
		if *x1 != *x2 {
			m = float32(*y2-*y1) / float32(*x2-*x1)
		}
		switch {
		case code1&beyondLeft != 0:
			moveX(x1, y1, 0, m)
		case code1&beyondRight != 0:
			moveX(x1, y1, pictureWidth-1, m)
		case code1&beyondBottom != 0:
			moveY(x1, y1, pictureHeight-1, m, *x1 != *x2)
		default:
			moveY(x1, y1, 0, m, *x1 != *x2)
		}
	}
}

// moveX moves a point along a line of slope m to column x.
func moveX(px, py *int32, x int32, m float32) {
	*py += int32(float32(x-*px) * m)
	*px = x
}

// moveY moves it to row y.
func moveY(px, py *int32, y int32, m float32, oblique bool) {
	if oblique {
		*px += int32(float32(y-*py) / m)
	}
	*py = y
}
