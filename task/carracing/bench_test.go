package carracing

import "testing"

// episodeSteps is how long benchmarks drive before they reset, as training does
// at most.
const episodeSteps = 1000

// benchmarkSteps drives along the road, and does something after each step. The
// driver's own time is part of it (about 0.1 µs).
func benchmarkSteps(b *testing.B, after func(*Env)) {
	e, seed, steps := NewEnv(DefaultOptions(), 0), uint64(0), 0
	var d RoadDriver
	b.ReportAllocs()
	for b.Loop() {
		if steps++; e.Step(d.Act(e)).Terminated || steps == episodeSteps {
			seed++
			steps, d = 0, RoadDriver{}
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
