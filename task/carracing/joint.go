package carracing

// LimitState says whether a joint is at the end of its range.
type LimitState int32

const (
	LimitFree LimitState = iota
	LimitLower
	LimitUpper
)

// Joint is a revolute joint that holds a wheel to the hull, with a motor that
// steers and a range of ±0.4 rad: what it carries from step to step.
type Joint struct {
	Impulse        Vec2    // that holds the two points together
	AngularImpulse float32 // that holds the angle in its range
	MotorImpulse   float32
	MotorSpeed     float32 // wanted, rad/s
	Limit          LimitState
}

// motion is a body's velocity during the solver's sweeps.
type motion struct {
	v Vec2
	w float32
}

// Inverse masses of hull (A) and wheel (B).
var (
	massA, inertiaA = hullMass.inverse, hullMass.inverseInertia
	massB, inertiaB = wheelMass.inverse, wheelMass.inverseInertia
	massAB          = massA + massB
	inertiaAB       = inertiaA + inertiaB
	motorMass       = 1 / inertiaAB
)

// anchors are the joints' points on the hull, from the hull's centre of mass.
// On the wheel it is the wheel's centre, so all terms of that arm are zero.
var anchors = func() (a [wheels]Vec2) {
	for k, mount := range wheelMounts {
		a[k] = mount.round().sub(hullMass.center)
	}
	return a
}()

// constraint is a joint as the velocity solver sees it in one step: the matrix
// K, whose inverse turns a velocity error into an impulse,
//
//	| k11 k12 k13 |
//	| k12 k22 k23 |
//	| k13 k23 k33 |
//
// for the two coordinates of the point and the angle, and what stays constant
// of solving with it.
type constraint struct {
	arm           Vec2 // from the hull's centre of mass to the joint
	k11, k12, k22 float32
	k13, k23, k33 float32
	invDet2       float32 // of the upper left 2x2
	invDet3       float32
	e2xe3         vec3
	limit         LimitState
	motorSpeed    float32
}

type vec3 struct{ x, y, z float32 }

func dot3(a, b vec3) float32 {
	return float32(a.x*b.x) + float32(a.y*b.y) + float32(a.z*b.z)
}

func cross3(a, b vec3) vec3 {
	return vec3{
		float32(a.y*b.z) - float32(a.z*b.y),
		float32(a.z*b.x) - float32(a.x*b.z),
		float32(a.x*b.y) - float32(a.y*b.x),
	}
}

// invert is 1/x, and 0 for 0, as Box2D treats singular matrices.
func invert(x float32) float32 {
	if x != 0 {
		return 1 / x
	}
	return x
}

// prepare sets up joint k's constraint and applies the impulses of the last
// step as a first guess. (Box2D scales them by the ratio of the two time steps,
// which is 1, and in the very first step they are zero.)
func (j *Joint) prepare(k int, angleA, angleB float32, q Rot, a, b *motion) constraint {
	r := q.apply(anchors[k])
	c := constraint{arm: r, motorSpeed: j.MotorSpeed}
	c.k11 = massAB + float32(float32(r.Y*r.Y)*inertiaA)
	c.k12 = float32(float32(-r.Y*r.X) * inertiaA)
	c.k13 = float32(-r.Y * inertiaA)
	c.k22 = massAB + float32(float32(r.X*r.X)*inertiaA)
	c.k23 = float32(r.X * inertiaA)
	c.k33 = inertiaAB
	c.invDet2 = invert(float32(c.k11*c.k22) - float32(c.k12*c.k12))
	c.e2xe3 = cross3(vec3{c.k12, c.k22, c.k23}, vec3{c.k13, c.k23, c.k33})
	c.invDet3 = invert(dot3(vec3{c.k11, c.k12, c.k13}, c.e2xe3))
	j.enterLimit(angleB - angleA)
	c.limit = j.Limit
	torque := cross(r, j.Impulse) + j.MotorImpulse + j.AngularImpulse
	a.v = a.v.sub(j.Impulse.scale(massA))
	a.w -= float32(inertiaA * torque)
	b.v = b.v.add(j.Impulse.scale(massB))
	b.w += float32(inertiaB * (j.MotorImpulse + j.AngularImpulse))
	return c
}

// enterLimit notes whether the joint's angle is at an end of its range. The
// impulse that held it there is kept only while it stays there.
func (j *Joint) enterLimit(angle float32) {
	next := LimitFree
	switch {
	case angle <= -steeringLimit:
		next = LimitLower
	case angle >= steeringLimit:
		next = LimitUpper
	}
	if next == LimitFree || next != j.Limit {
		j.AngularImpulse = 0
	}
	j.Limit = next
}

// solveVelocity is one sweep's work on a joint: its motor, then its point, and
// its angle if that is at the end of its range. It returns the new motions of
// hull and wheel.
func (j *Joint) solveVelocity(c *constraint, a, b motion) (motion, motion) {
	a.w, b.w = j.solveMotor(c, a.w, b.w)
	// The velocity of the wheel's centre relative to the hull's mount.
	err := Vec2{
		b.v.X - a.v.X - float32(-a.w*c.arm.Y),
		b.v.Y - a.v.Y - float32(a.w*c.arm.X),
	}
	if c.limit != LimitFree {
		return j.solveLimit(c, a, b, err)
	}
	p := c.solve2(err.neg())
	j.Impulse = j.Impulse.add(p)
	return c.push(a, b, p, 0)
}

// solveMotor brings the joint's speed to the wanted one within its torque.
func (j *Joint) solveMotor(c *constraint, a, b float32) (newA, newB float32) {
	speedError := b - a - c.motorSpeed
	old := j.MotorImpulse
	j.MotorImpulse = clamp32(old+float32(-motorMass*speedError), -maxMotorImpulse, maxMotorImpulse)
	impulse := j.MotorImpulse - old
	return a - float32(inertiaA*impulse), b + float32(inertiaB*impulse)
}

// solveLimit stops point and angle together, unless that would pull the wheel
// towards its limit: then the angle is let go and only the point is held.
func (j *Joint) solveLimit(c *constraint, a, b motion, err Vec2) (motion, motion) {
	s := c.solve3(vec3{err.X, err.Y, b.w - a.w})
	p, z := Vec2{-s.x, -s.y}, -s.z
	sum := j.AngularImpulse + z
	if c.limit == LimitLower && sum < 0 || c.limit == LimitUpper && sum > 0 {
		old := j.AngularImpulse
		p = c.solve2(err.neg().add(Vec2{c.k13, c.k23}.scale(old)))
		z, sum = -old, 0
	}
	j.Impulse = j.Impulse.add(p)
	j.AngularImpulse = sum
	return c.push(a, b, p, z)
}

// push gives the wheel the impulse p and the angular impulse z, and the hull
// the opposite ones.
func (c *constraint) push(a, b motion, p Vec2, z float32) (motion, motion) {
	a.v = a.v.sub(p.scale(massA))
	a.w -= float32(inertiaA * (cross(c.arm, p) + z))
	b.v = b.v.add(p.scale(massB))
	b.w += float32(inertiaB * z)
	return a, b
}

// solve2 solves the upper left 2x2 of K for b.
func (c *constraint) solve2(b Vec2) Vec2 {
	return Vec2{
		float32(c.invDet2 * (float32(c.k22*b.X) - float32(c.k12*b.Y))),
		float32(c.invDet2 * (float32(c.k11*b.Y) - float32(c.k12*b.X))),
	}
}

// solve3 solves K for b.
func (c *constraint) solve3(b vec3) vec3 {
	e1, e2, e3 := vec3{c.k11, c.k12, c.k13}, vec3{c.k12, c.k22, c.k23}, vec3{c.k13, c.k23, c.k33}
	return vec3{
		float32(c.invDet3 * dot3(b, c.e2xe3)),
		float32(c.invDet3 * dot3(e1, cross3(b, e3))),
		float32(c.invDet3 * dot3(e1, cross3(e2, b))),
	}
}

// pose is a body's centre of mass and angle while positions are corrected.
type pose struct {
	c     Vec2
	angle float32
}

// solvePosition moves hull and wheel k together and the joint's angle back into
// its range; ok means that both errors had been small.
func (j *Joint) solvePosition(k int, a, b *pose) (ok bool) {
	angleError := j.correctAngle(a, b)
	r := rotation(a.angle).apply(anchors[k])
	gap := b.c.sub(a.c).sub(r)
	k11 := massAB + float32(float32(inertiaA*r.Y)*r.Y)
	k12 := float32(float32(-inertiaA*r.X) * r.Y)
	k22 := massAB + float32(float32(inertiaA*r.X)*r.X)
	c := constraint{k11: k11, k12: k12, k22: k22}
	c.invDet2 = invert(float32(k11*k22) - float32(k12*k12))
	p := c.solve2(gap).neg()
	a.c = a.c.sub(p.scale(massA))
	a.angle -= float32(inertiaA * cross(r, p))
	b.c = b.c.add(p.scale(massB))
	return gap.length() <= linearSlop && angleError <= angularSlop
}

// correctAngle turns both bodies where the joint is past its range, and returns
// by how much it was.
func (j *Joint) correctAngle(a, b *pose) float32 {
	angle := b.angle - a.angle
	var err, c float32
	switch j.Limit {
	case LimitLower:
		c = angle + steeringLimit
		err = -c
		c = clamp32(c+angularSlop, -maxCorrection, 0)
	case LimitUpper:
		c = angle - steeringLimit
		err = c
		c = clamp32(c-angularSlop, 0, maxCorrection)
	default:
		return 0
	}
	impulse := float32(-motorMass * c)
	a.angle -= float32(inertiaA * impulse)
	b.angle += float32(inertiaB * impulse)
	return err
}
