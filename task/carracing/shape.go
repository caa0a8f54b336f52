package carracing

import (
	"math"
	"slices"
)

// shape is a filled polygon of the car, drawn as pygame-ce's draw.polygon draws
// those with four or more corners. (It draws triangles by another rule; the car
// has none.)
type shape struct {
	colour      colour
	n           int
	x, y        [maxVertices]int32
	top, bottom int32
}

func newShape(points []Point64, c colour) shape {
	s := shape{colour: c, n: len(points)}
	for i, p := range points {
		s.x[i], s.y[i] = pixel(p.X), pixel(p.Y)
	}
	s.top, s.bottom = slices.Min(s.y[:s.n]), slices.Max(s.y[:s.n])
	return s
}

// draw paints row y.
func (s *shape) draw(line *scanline, y int32) {
	if y < s.top || y > s.bottom {
		return
	}
	if s.top == s.bottom {
		xs := s.x[:s.n]
		line.fill(int(slices.Min(xs)), int(slices.Max(xs)), s.colour)
		return
	}
	var at [maxVertices]int
	crossings := at[:s.crossings(&at, y)]
	slices.Sort(crossings)
	for i := 0; i+1 < len(crossings); i += 2 {
		line.fill(crossings[i], crossings[i+1], s.colour)
	}
	s.drawLevel(line, y)
}

// crossings finds where the edges cross row y, and returns their number. The
// first of each two is rounded down and the second up, in the order of edges.
func (s *shape) crossings(at *[maxVertices]int, y int32) (n int) {
	for i := range s.n {
		j := (i + s.n - 1) % s.n
		x1, y1, x2, y2 := s.x[j], s.y[j], s.x[i], s.y[i]
		if y1 > y2 {
			x1, y1, x2, y2 = x2, y2, x1, y1
		}
		if y1 == y2 || y < y1 || y >= y2 && (y != s.bottom || y2 != s.bottom) {
			continue
		}
		off := float64(float32((y-y1)*(x2-x1)) / float32(y2-y1))
		if n%2 == 0 {
			off = math.Floor(off)
		} else {
			off = math.Ceil(off)
		}
		at[n] = int(off) + int(x1)
		n++
	}
	return n
}

// drawLevel paints the level edges that the crossings may leave out.
func (s *shape) drawLevel(line *scanline, y int32) {
	if y == s.top || y == s.bottom {
		return
	}
	for i := range s.n {
		if j := (i + s.n - 1) % s.n; s.y[i] == y && s.y[j] == y {
			line.fill(int(s.x[i]), int(s.x[j]), s.colour)
		}
	}
}

// carParts are the polygons of the car in the order in which they are drawn:
// each wheel and its stripe, then the hull.
type carParts struct {
	n     int
	parts [2*wheels + len(hullShapes)]shape
}

func (p *carParts) set(e *Env, c *camera) {
	p.n = 0
	for k := range wheels {
		t := &e.World.Bodies[k].Transform
		p.add(t, wheelShape.vertices(), c, black)
		if s, seen := stripeOf(e.Wheels[k].Phase); seen {
			p.add(t, s[:], c, stripe)
		}
	}
	for k := range hullShapes {
		p.add(&e.World.Bodies[hull].Transform, hullShapes[k].vertices(), c, hullColour)
	}
}

// add places a polygon in the world in binary32 and looks at it in binary64.
func (p *carParts) add(t *Transform, vertices []Vec2, c *camera, paint colour) {
	var seen [maxVertices]Point64
	for i, v := range vertices {
		at := t.apply(v)
		seen[i] = c.see(Point64{float64(at.X), float64(at.Y)})
	}
	p.parts[p.n] = newShape(seen[:len(vertices)], paint)
	p.n++
}

// stripeOf is the stripe that shows how far a wheel has turned, unless it is on
// the far side: from the phase to 1.2 rad on, seen from above.
func stripeOf(phase float64) (corners [4]Vec2, seen bool) {
	sin1, cos1 := sinCos64(phase)
	sin2, cos2 := sinCos64(phase + 1.2)
	if sin1 > 0 && sin2 > 0 {
		return corners, false
	}
	if sin1 > 0 {
		cos1 = sign(cos1)
	}
	if sin2 > 0 {
		cos2 = sign(cos2)
	}
	const halfWidth = float32(wheelHalfWidth)
	y1, y2 := stripeEnd(cos1), stripeEnd(cos2)
	return [4]Vec2{{-halfWidth, y1}, {halfWidth, y1}, {halfWidth, y2}, {-halfWidth, y2}}, true
}

// stripeEnd multiplies in the original's order.
func stripeEnd(cos float64) float32 { return float32(27 * cos * carScale) }
