package carracing

// maxVertices of a polygon; the car's hull has the largest.
const maxVertices = 8

// Polygon is a convex polygon, counter-clockwise, in binary32.
type Polygon struct {
	N        int32
	Vertices [maxVertices]Vec2
}

func (p *Polygon) vertices() []Vec2 { return p.Vertices[:p.N] }

// newPolygon is the convex hull of points, in the order in which Box2D stores
// it: gift wrapping from the rightmost point, the lowest of several. The order
// matters, since sums over vertices are rounded in it. Of points closer than
// 0.05 the first is kept.
func newPolygon(points []Vec2) Polygon {
	points = weld(points)
	var p Polygon
	start := rightmost(points)
	for at := start; ; {
		p.Vertices[p.N] = points[at]
		p.N++
		at = nextOnHull(points, at)
		if at == start || int(p.N) == len(points) {
			return p
		}
	}
}

func weld(points []Vec2) []Vec2 {
	kept := make([]Vec2, 0, maxVertices)
	for _, p := range points {
		unique := true
		for _, q := range kept {
			d := p.sub(q)
			unique = unique && dot(d, d) >= weldDistanceSquare
		}
		if unique {
			kept = append(kept, p)
		}
	}
	return kept
}

func rightmost(points []Vec2) int {
	best := 0
	for i, p := range points {
		if p.X > points[best].X || p.X == points[best].X && p.Y < points[best].Y {
			best = i
		}
	}
	return best
}

// nextOnHull is the point that has all others to the left of the line from
// points[at] to it; of several on that line, the farthest.
func nextOnHull(points []Vec2, at int) int {
	best := 0
	for j := 1; j < len(points); j++ {
		if best == at {
			best = j
			continue
		}
		r, v := points[best].sub(points[at]), points[j].sub(points[at])
		turn := cross(r, v)
		if turn < 0 || turn == 0 && dot(v, v) > dot(r, r) {
			best = j
		}
	}
	return best
}

// Mass is what a body's motion depends on.
type Mass struct {
	Mass    float32
	Inertia float32 // about the origin of the body
	Center  Vec2    // centre of mass in the body's frame
}

// mass integrates a polygon of the given density as a fan of triangles around
// the mean of its vertices.
func (p *Polygon) mass(density float32) Mass {
	const third = float32(1.0) / 3
	vs := p.vertices()
	var mean, center Vec2
	for _, v := range vs {
		mean = mean.add(v)
	}
	mean = mean.scale(1 / float32(len(vs)))
	var area, inertia float32
	for i, v := range vs {
		e1, e2 := v.sub(mean), vs[(i+1)%len(vs)].sub(mean)
		d := cross(e1, e2)
		triangle := float32(0.5 * d)
		area += triangle
		center = center.add(e1.add(e2).scale(float32(triangle * third)))
		x := secondMoment(e1.X, e2.X)
		y := secondMoment(e1.Y, e2.Y)
		inertia += float32(float32(float32(0.25*third)*d) * (x + y))
	}
	center = center.scale(1 / area)
	m := Mass{Mass: float32(density * area), Center: center.add(mean)}
	m.Inertia = float32(density*inertia) +
		float32(m.Mass*(dot(m.Center, m.Center)-dot(center, center)))
	return m
}

func secondMoment(a, b float32) float32 {
	return float32(a*a) + float32(b*a) + float32(b*b)
}
