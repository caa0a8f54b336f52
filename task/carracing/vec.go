package carracing

import "math"

// Vec2 is a point or vector in binary32, world units.
type Vec2 struct{ X, Y float32 }

// Rot is a rotation by an angle of which it is sine and cosine.
type Rot struct{ Sin, Cos float32 }

// Transform rotates, then moves.
type Transform struct {
	Position Vec2
	Rotation Rot
}

func (a Vec2) add(b Vec2) Vec2 { return Vec2{a.X + b.X, a.Y + b.Y} }
func (a Vec2) sub(b Vec2) Vec2 { return Vec2{a.X - b.X, a.Y - b.Y} }
func (a Vec2) neg() Vec2       { return Vec2{-a.X, -a.Y} }

func (a Vec2) scale(s float32) Vec2 { return Vec2{float32(s * a.X), float32(s * a.Y)} }

func dot(a, b Vec2) float32   { return float32(a.X*b.X) + float32(a.Y*b.Y) }
func cross(a, b Vec2) float32 { return float32(a.X*b.Y) - float32(a.Y*b.X) }

// length is the Euclidean norm.
func (a Vec2) length() float32 { return sqrt32(dot(a, a)) }

func rotation(angle float32) Rot {
	sin, cos := sinCos32(angle)
	return Rot{sin, cos}
}

func (q Rot) apply(v Vec2) Vec2 {
	return Vec2{
		float32(q.Cos*v.X) - float32(q.Sin*v.Y),
		float32(q.Sin*v.X) + float32(q.Cos*v.Y),
	}
}

func (t Transform) apply(v Vec2) Vec2 { return t.Rotation.apply(v).add(t.Position) }

func sqrt32(x float32) float32 { return float32(math.Sqrt(float64(x))) }

func abs32(x float32) float32 {
	if x > 0 {
		return x
	}
	return -x
}

// clamp32 brings x into [low, high] as Box2D does: NaN becomes high.
func clamp32(x, low, high float32) float32 {
	if !(x < high) {
		x = high
	}
	if !(low > x) {
		return x
	}
	return low
}

// bounds is the smallest upright rectangle around points.
func bounds(points []Vec2) (low, high Vec2) {
	low, high = points[0], points[0]
	for _, p := range points[1:] {
		low = Vec2{min(low.X, p.X), min(low.Y, p.Y)}
		high = Vec2{max(high.X, p.X), max(high.Y, p.Y)}
	}
	return low, high
}
