package carracing

import "testing"

// drive is a deterministic driver without feedback: it swerves, so that wheels
// reach their limits, leave the road and come back to rest.
func drive(step int) Action {
	switch step / 40 % 4 {
	case 0:
		return Action{0.1, 0.6, 0}
	case 1:
		return Action{-0.3, 0.2, 0}
	case 2:
		return Action{0.8, 0, 0.4}
	}
	return Action{-0.2, 0.3, 0}
}

// episode is how many steps benchmarks drive before they reset, as training
// does at most.
const episode = 1000

func benchmarkSteps(b *testing.B, after func(*Env)) {
	e := NewEnv(DefaultOptions(), 1)
	seed := uint64(1)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		if i%episode == episode-1 {
			seed++
			e.Reset(seed)
		}
		e.Step(drive(i % episode))
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
	e := NewEnv(DefaultOptions(), 1)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		e.Reset(uint64(i))
	}
}
