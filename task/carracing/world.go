package carracing

// World is the car as Box2D moves it: hull and wheels, and the joints between
// them. No solid contact exists in it (wheels and hull do not collide, tiles
// are sensors), so there is no contact solver.
type World struct {
	Bodies [bodies]Body // wheels 0-3, hull 4
	Joints [wheels]Joint
}

// newWorld puts a car at the first point of a track. The wheels stand where
// they would on an unturned hull; the joints pull them into place in the first
// step.
func newWorld(start Point) World {
	var w World
	angle := float32(start.Beta)
	w.Bodies[hull] = newBody(Point64{start.X, start.Y}.round(), angle, &hullMass)
	for k, mount := range wheelMounts {
		at := Point64{start.X + mount.X, start.Y + mount.Y}
		w.Bodies[k] = newBody(at.round(), angle, &wheelMass)
	}
	return w
}

// jointAngle is how far wheel k is steered.
func (w *World) jointAngle(k int) float32 { return w.Bodies[k].Angle - w.Bodies[hull].Angle }

// solverState is all that a velocity sweep changes.
type solverState struct {
	motion [bodies]motion
	joints [wheels]Joint
}

// step moves the world on by 1/50 s.
func (w *World) step() {
	s := w.pushed()
	var c [wheels]constraint
	// Joints go from the last to the first, here and in every sweep: Box2D
	// finds them in this order from the newest body.
	for k := wheels - 1; k >= 0; k-- {
		a, b := &w.Bodies[hull], &w.Bodies[k]
		c[k] = s.joints[k].prepare(k, a.Angle, b.Angle, a.Rotation, &s.motion[hull], &s.motion[k])
	}
	s.solve(&c)
	w.Joints = s.joints
	w.integrate(&s.motion)
	settled := w.solvePositions()
	for i := range w.Bodies {
		w.Bodies[i].place(massOf(i))
	}
	w.rest(settled)
}

// pushed takes the velocities, changed by the step's forces, which end here.
func (w *World) pushed() solverState {
	s := solverState{joints: w.Joints}
	for i := range w.Bodies {
		b := &w.Bodies[i]
		push := b.Force.scale(massOf(i).inverse).scale(physicsStep)
		s.motion[i] = motion{b.Velocity.add(push), b.AngularSpeed}
		b.Force = Vec2{}
	}
	return s
}

// solve makes the velocity sweeps. A sweep depends on nothing but the state
// that it changes; so when one leaves the state as it was, the rest would too,
// and when states alternate, only the parity of what is left matters.
func (s *solverState) solve(c *[wheels]constraint) {
	var before, beforeLast solverState
	for left := velocitySweeps; left > 0; left-- {
		beforeLast, before = before, *s
		s.sweep(c)
		if *s == before {
			return
		}
		if *s == beforeLast && left%2 == 1 && left < velocitySweeps {
			return
		}
	}
}

// sweep improves every joint once.
func (s *solverState) sweep(c *[wheels]constraint) {
	a := s.motion[hull]
	for k := wheels - 1; k >= 0; k-- {
		a, s.motion[k] = s.joints[k].solveVelocity(&c[k], a, s.motion[k])
	}
	s.motion[hull] = a
}

// integrate moves the bodies for one step, no farther than 2 units and a
// quarter turn each: that caps speed at 100 units/s.
func (w *World) integrate(m *[bodies]motion) {
	for i := range w.Bodies {
		b, v, turn := &w.Bodies[i], m[i].v, m[i].w
		if t := v.scale(physicsStep); dot(t, t) > maxTranslation*maxTranslation {
			v = v.scale(maxTranslation / t.length())
		}
		if r := float32(physicsStep * turn); float32(r*r) > maxRotation*maxRotation {
			turn = float32(turn * (maxRotation / abs32(r)))
		}
		b.Velocity, b.AngularSpeed = v, turn
		b.Center = b.Center.add(v.scale(physicsStep))
		b.Angle += float32(physicsStep * turn)
	}
}

// solvePositions corrects what integration has torn apart, and reports whether
// all joints came to fit.
func (w *World) solvePositions() (settled bool) {
	var p [bodies]pose
	for i := range w.Bodies {
		p[i] = pose{w.Bodies[i].Center, w.Bodies[i].Angle}
	}
	for sweep := 0; sweep < positionSweeps && !settled; sweep++ {
		settled = true
		for k := wheels - 1; k >= 0; k-- {
			if !w.Joints[k].solvePosition(k, &p[hull], &p[k]) {
				settled = false
			}
		}
	}
	for i := range w.Bodies {
		w.Bodies[i].Center, w.Bodies[i].Angle = p[i].c, p[i].angle
	}
	return settled
}

// rest stops a car that has hardly moved for half a second. (Box2D then lets it
// sleep; the wheel model wakes it at the next step.)
func (w *World) rest(settled bool) {
	shortest := timeToSleep
	for i := range w.Bodies {
		b := &w.Bodies[i]
		fast := float32(b.AngularSpeed*b.AngularSpeed) > sleepAngular*sleepAngular ||
			dot(b.Velocity, b.Velocity) > sleepLinear*sleepLinear
		if fast {
			b.SlowTime = 0
		} else {
			b.SlowTime += physicsStep
		}
		shortest = min(shortest, b.SlowTime)
	}
	if shortest < timeToSleep || !settled {
		return
	}
	for i := range w.Bodies {
		b := &w.Bodies[i]
		b.Velocity, b.AngularSpeed, b.SlowTime = Vec2{}, 0, 0
	}
}
