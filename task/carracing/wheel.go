package carracing

import "math"

// Wheel is the part of a wheel that Box2D knows nothing of: what drives it and
// how fast it turns, binary64.
type Wheel struct {
	Omega float64 // turning speed, rad/s
	Phase float64 // how far it has turned, rad
	Gas   float64
	Brake float64
	Steer float64 // wanted joint angle, rad
}

// Action is what a driver does: steering (-1 left to 1 right), gas and brake (0
// to 1). Only gas is clipped to its range.
type Action [3]float64

// control passes an action on: the front wheels steer, the rear ones drive, and
// all brake. Gas rises by at most 0.1 a step and falls at once.
func control(w *[wheels]Wheel, a Action) {
	w[frontLeft].Steer, w[frontRight].Steer = -a[0], -a[0]
	gas := clip01(a[1])
	for k := rearLeft; k <= rearRight; k++ {
		rise := gas - w[k].Gas
		if rise > gasRise {
			rise = gasRise
		}
		w[k].Gas += rise
	}
	for k := range w {
		w[k].Brake = a[2]
	}
}

// clip01 keeps NaN, as numpy.clip does.
func clip01(x float64) float64 { return max(0, min(x, 1)) }

// motorSpeed is the speed at which a wheel is turned towards its steering.
func (w *Wheel) motorSpeed(jointAngle float32) float32 {
	miss := w.Steer - float64(jointAngle)
	speed := steerGain * math.Abs(miss)
	if steerSpeed < speed {
		speed = steerSpeed
	}
	return float32(sign(miss) * speed)
}

// roll drives and brakes the wheel for one step, slips it over the ground, and
// returns the force of the ground on the wheel's body.
func (w *Wheel) roll(b *Body, grip float64) Vec2 {
	w.drive()
	w.brake()
	w.Phase += float64(w.Omega * timeStep)
	ahead, aside := b.Rotation.apply(Vec2{0, 1}), b.Rotation.apply(Vec2{1, 0})
	along, across := w.slip(dot64(ahead, b.Velocity), dot64(aside, b.Velocity), grip)
	w.Omega -= timeStep * along * wheelRadius / wheelInertia
	return Vec2{
		float32(float64(across*float64(aside.X)) + float64(along*float64(ahead.X))),
		float32(float64(across*float64(aside.Y)) + float64(along*float64(ahead.Y))),
	}
}

// drive turns the wheel faster at constant power; 5 keeps it finite at rest.
func (w *Wheel) drive() {
	w.Omega += timeStep * enginePower * w.Gas / wheelInertia / (math.Abs(w.Omega) + 5)
}

// brake turns it slower, and from 0.9 on stops it at once.
func (w *Wheel) brake() {
	switch {
	case w.Brake >= lockingBrake:
		w.Omega = 0
	case w.Brake > 0:
		loss := brakeForce * w.Brake
		if most := math.Abs(w.Omega); math.Abs(loss) > most {
			loss = most
		}
		w.Omega += float64(-sign(w.Omega) * loss)
	}
}

// slip is the ground's force ahead and aside at the wheel's speeds in these
// directions: proportional to the slip, and never more than grip.
func (w *Wheel) slip(speedAhead, speedAside, grip float64) (along, across float64) {
	along = (-speedAhead + float64(w.Omega*wheelRadius)) * slipStiffness
	across = -speedAside * slipStiffness
	force := math.Sqrt(float64(along*along) + float64(across*across))
	if force > grip {
		along = along / force * grip
		across = across / force * grip
	}
	return along, across
}

// dot64 is the dot product in binary64.
func dot64(a, b Vec2) float64 {
	return float64(float64(a.X)*float64(b.X)) + float64(float64(a.Y)*float64(b.Y))
}
