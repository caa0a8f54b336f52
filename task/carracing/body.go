package carracing

// The five bodies of a car; a joint and a wheel have the number of their wheel.
const (
	hull       = 4
	bodies     = 5
	wheels     = 4
	frontLeft  = 0
	frontRight = 1
	rearLeft   = 2
	rearRight  = 3
)

// Body is a rigid body's motion, binary32, as Box2D keeps it.
type Body struct {
	Transform            // of the body's origin
	Center       Vec2    // centre of mass in the world
	Angle        float32 // rad
	Velocity     Vec2    // of the centre of mass, units/s
	AngularSpeed float32 // rad/s
	Force        Vec2    // on the centre of mass, of this step
	SlowTime     float32 // s, for which it has hardly moved
}

// newBody stands at position with the given angle and does not move.
func newBody(position Vec2, angle float32, m *bodyMass) Body {
	b := Body{Angle: angle}
	b.Transform = Transform{position, rotation(angle)}
	b.Center = b.Transform.apply(m.center)
	return b
}

// place derives origin and rotation from centre of mass and angle.
func (b *Body) place(m *bodyMass) {
	b.Rotation = rotation(b.Angle)
	b.Position = b.Center.sub(b.Rotation.apply(m.center))
}

// bodyMass is what the solver needs of a body's mass.
type bodyMass struct {
	inverse, inverseInertia float32 // about the centre of mass
	center                  Vec2    // in the body's frame
	mass, inertia           float32 // about the origin
}

// newBodyMass adds up fixtures, the newest first, as Box2D does.
func newBodyMass(shapes []Polygon, density float32) bodyMass {
	var mass, inertia float32
	var center Vec2
	for i := len(shapes) - 1; i >= 0; i-- {
		m := shapes[i].mass(density)
		mass += m.Mass
		center = center.add(m.Center.scale(m.Mass))
		inertia += m.Inertia
	}
	b := bodyMass{mass: mass, inverse: 1 / mass}
	b.center = center.scale(b.inverse)
	offset := float32(mass * dot(b.center, b.center))
	central := inertia - offset
	b.inverseInertia = 1 / central
	b.inertia = central + offset
	return b
}

// The car's shapes in the frame of their body, and what follows from them.
var (
	hullShapes = [4]Polygon{
		carPolygon(-60, 130, 60, 130, 60, 110, -60, 110),
		carPolygon(-15, 120, 15, 120, 20, 20, -20, 20),
		carPolygon(25, 20, 50, -10, 50, -40, 20, -90, -20, -90, -50, -40, -50, -10, -25, 20),
		carPolygon(-50, -120, 50, -120, 50, -90, -50, -90),
	}
	wheelShape = carPolygon(-14, 27, 14, 27, 14, -27, -14, -27)

	hullMass  = newBodyMass(hullShapes[:], 1)
	wheelMass = newBodyMass([]Polygon{wheelShape}, 0.1)

	// wheelMounts are the centres of the wheels relative to the hull, binary64.
	wheelMounts = [wheels]Point64{carPoint(-55, 80), carPoint(55, 80), carPoint(-55, -82), carPoint(55, -82)}
)

// carPoint is a point given in the original's units.
func carPoint(x, y float64) Point64 { return Point64{x * carScale, y * carScale} }

func (p Point64) round() Vec2 { return Vec2{float32(p.X), float32(p.Y)} }

// carPolygon takes x0, y0, x1, y1, … in the original's units.
func carPolygon(xy ...float64) Polygon {
	var points []Vec2
	for i := 0; i < len(xy); i += 2 {
		points = append(points, carPoint(xy[i], xy[i+1]).round())
	}
	return newPolygon(points)
}

// massOf is the mass of body i.
func massOf(i int) *bodyMass {
	if i == hull {
		return &hullMass
	}
	return &wheelMass
}
