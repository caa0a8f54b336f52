package carracing

import "math"

// RoadDriver drives along the road by what it knows of the environment: it
// looks for the nearest point from the last one on and steers towards one some
// way ahead. It is no policy, which sees pictures alone, but something for
// benchmarks and demonstrations to drive with. The zero value begins an episode.
type RoadDriver struct{ nearest int }

const (
	lookAhead = 5    // points
	cruising  = 35.0 // units/s; below it the driver steps on the gas
	tooFast   = 45.0 // above it, on the brake
)

// Act is the driver's action now.
func (d *RoadDriver) Act(e *Env) Action {
	t, at := &e.Track, e.Position()
	n := int(t.N)
	gap := func(i int) float64 {
		p := t.Points[i%n]
		return math.Hypot(p.X-float64(at.X), p.Y-float64(at.Y))
	}
	for gap(d.nearest+1) < gap(d.nearest) {
		d.nearest++
	}
	p := t.Points[(d.nearest+lookAhead)%n]
	heading := math.Atan2(p.Y-float64(at.Y), p.X-float64(at.X)) - math.Pi/2
	miss := math.Remainder(heading-float64(e.Angle()), 2*math.Pi)
	speed := float64(e.World.Bodies[hull].Velocity.length())
	return Action{-miss, min(max(0.04*(cruising-speed), 0), 0.5), max(0, 0.02*(speed-tooFast))}
}
