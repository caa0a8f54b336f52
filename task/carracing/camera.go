package carracing

import "math"

// camera turns world points into picture points (y upwards): the car stands
// above the middle of the lower edge and heads upwards.
type camera struct {
	sin, cos float64 // of the turn
	zoom     float64 // pixels per unit
	dx, dy   float64 // pixels
}

// newCamera looks at the car. In the first second it comes closer.
func newCamera(e *Env) camera {
	var c camera
	c.sin, c.cos = turnOf(-float64(e.Angle()))
	far, close := zoomFar*max(1-e.Time, 0), zoomNear*min(e.Time, 1)
	c.zoom = float64(far) + float64(close)
	at := e.Position()
	scroll := c.turn(Point64{float64(-float64(at.X) * c.zoom), float64(-float64(at.Y) * c.zoom)})
	c.dx, c.dy = pictureWidth/2+scroll.X, pictureHeight/4+scroll.Y
	return c
}

// turnOf is sine and cosine of an angle as pygame rotates by it: within 1e-6 of
// a quarter turn it is one.
func turnOf(angle float64) (sin, cos float64) {
	const near = 1e-6
	angle = math.Mod(angle, 2*pi64)
	if angle < 0 {
		angle += 2 * pi64
	}
	if math.Mod(angle+near, pi64/2) < 2*near {
		quarter := int((angle + near) / (pi64 / 2))
		return [4]float64{0, 1, 0, -1}[quarter&3], [4]float64{1, 0, -1, 0}[quarter&3]
	}
	return sinCos64(angle)
}

func (c *camera) turn(p Point64) Point64 {
	return Point64{
		float64(c.cos*p.X) - float64(c.sin*p.Y),
		float64(c.sin*p.X) + float64(c.cos*p.Y),
	}
}

// see is where the world point p is in the picture.
func (c *camera) see(p Point64) Point64 {
	p = c.turn(p)
	return Point64{float64(p.X*c.zoom) + c.dx, float64(p.Y*c.zoom) + c.dy}
}

// pixel truncates a coordinate towards zero. Off the field, coordinates can be
// far out; the limit keeps the arithmetic of edges within 32 bits. NaN is 0.
func pixel(x float64) int32 {
	const limit = 1<<15 - 1
	switch {
	case x > limit:
		return limit
	case x < -limit:
		return -limit
	case x == x:
		return int32(x)
	}
	return 0
}
