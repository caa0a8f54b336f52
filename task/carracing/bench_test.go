package carracing

import (
	"math"
	"testing"
)

// driver follows the road: it looks for the nearest point from the last one on
// and steers towards one some way ahead.
type driver struct{ nearest int }

func (d *driver) act(e *Env) Action {
	t, at := &e.Track, e.Position()
	n := int(t.N)
	gap := func(i int) float64 {
		p := t.Points[i%n]
		return math.Hypot(p.X-float64(at.X), p.Y-float64(at.Y))
	}
	for gap(d.nearest+1) < gap(d.nearest) {
		d.nearest++
	}
	p := t.Points[(d.nearest+5)%n]
	heading := math.Atan2(p.Y-float64(at.Y), p.X-float64(at.X)) - math.Pi/2
	miss := math.Remainder(heading-float64(e.Angle()), 2*math.Pi)
	speed := float64(e.World.Bodies[hull].Velocity.length())
	return Action{-miss, min(max(0.04*(35-speed), 0), 0.5), max(0, 0.02*(speed-45))}
}

// episodeSteps is how long benchmarks drive before they reset, as training does
// at most.
const episodeSteps = 1000

// benchmarkSteps drives along the road, and does something after each step. The
// driver's own time is part of it (about 0.1 µs).
func benchmarkSteps(b *testing.B, after func(*Env)) {
	e, seed, steps := NewEnv(DefaultOptions(), 0), uint64(0), 0
	var d driver
	b.ReportAllocs()
	for b.Loop() {
		if steps++; e.Step(d.act(e)).Terminated || steps == episodeSteps {
			seed++
			steps, d = 0, driver{}
			e.Reset(seed)
		}
		after(e)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
}

func BenchmarkStep(b *testing.B) { benchmarkSteps(b, func(*Env) {}) }

func BenchmarkStepObserve64(b *testing.B) {
	r, obs := NewRenderer(), new(Obs64)
	benchmarkSteps(b, func(e *Env) { r.Observe64(e, obs) })
}

func BenchmarkStepObserve96(b *testing.B) {
	r, obs := NewRenderer(), new(Obs96)
	benchmarkSteps(b, func(e *Env) { r.Observe96(e, obs) })
}

func BenchmarkReset(b *testing.B) {
	e, seed := new(Env), uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		e.Reset(seed)
		seed++
	}
}

func BenchmarkPicture(b *testing.B) {
	e, r, p := NewEnv(DefaultOptions(), 0), NewRenderer(), new(Picture)
	b.ReportAllocs()
	for b.Loop() {
		r.Draw(e, p)
	}
}
