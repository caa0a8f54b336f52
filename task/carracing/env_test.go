package carracing

import (
	"math"
	"testing"
)

// randomActions is a driver with random steering, gas and brake, held for a
// while.
func randomActions(seed uint64, steps int) []Action {
	g := NewPCG64(seed)
	actions := make([]Action, steps)
	for i := range actions {
		if i%12 > 0 {
			actions[i] = actions[i-1]
			continue
		}
		actions[i] = Action{g.Uniform(-1, 1), g.Uniform(0, 1), g.Uniform(-2, 1)}
	}
	return actions
}

func play(e *Env, actions []Action) (rewards []float64) {
	for _, a := range actions {
		rewards = append(rewards, e.Step(a).Reward)
	}
	return rewards
}

func TestResetEqualsFresh(t *testing.T) {
	e := NewEnv(DefaultOptions(), 5)
	r := NewRenderer()
	var obs Obs64
	for seed := range uint64(6) {
		play(e, randomActions(seed, 150))
		r.Observe64(e, &obs)
		e.Reset(seed)
		if *e != *NewEnv(DefaultOptions(), seed) {
			t.Fatalf("seed %d: a reset environment differs from a fresh one", seed)
		}
	}
}

func TestCopyContinuesIdentically(t *testing.T) {
	r1, r2 := NewRenderer(), NewRenderer()
	var o1, o2 Obs96
	for seed := range uint64(4) {
		actions := randomActions(seed, 240)
		e := NewEnv(DefaultOptions(), seed)
		play(e, actions[:90])
		twin := *e
		play(e, actions[90:])
		r1.Observe96(e, &o1)
		play(&twin, actions[90:])
		r2.Observe96(&twin, &o2)
		if *e != twin || o1 != o2 {
			t.Fatalf("seed %d: a copy went its own way", seed)
		}
		e.ResetNext()
		twin.ResetNext()
		if *e != twin {
			t.Fatalf("seed %d: the copies' next tracks differ", seed)
		}
	}
}

// TestSweepsMayEndEarly compares the solver that stops when nothing changes any
// more with one that makes all sweeps.
func TestSweepsMayEndEarly(t *testing.T) {
	early := 0
	for seed := range uint64(3) {
		e := NewEnv(DefaultOptions(), seed)
		for _, a := range randomActions(seed, 200) {
			e.Step(a)
			w := e.World
			s := w.pushed()
			var c [wheels]constraint
			for k := wheels - 1; k >= 0; k-- {
				c[k] = s.joints[k].prepare(k, w.Bodies[hull].Angle, w.Bodies[k].Angle,
					w.Bodies[hull].Rotation, &s.motion[hull], &s.motion[k])
			}
			plain, sweeps := s, 0
			for previous := (solverState{}); sweeps < velocitySweeps; sweeps++ {
				if plain == previous {
					early++
				}
				previous = plain
				plain.sweep(&c)
			}
			s.solve(&c)
			if s != plain {
				t.Fatalf("seed %d: the shortened solver ends at\n%+v, the full one at\n%+v", seed, s, plain)
			}
		}
	}
	if early == 0 {
		t.Error("no step settled early: nothing was tested")
	}
}

func TestLapRules(t *testing.T) {
	for _, c := range []struct {
		name     string
		fixed    bool
		percent  float64
		visited  float64 // share of tiles, before the car comes back to tile 0
		finished bool
	}{
		{"Gymnasium's rule never fires", false, 0.95, 0.99, false},
		{"fixed rule", true, 0.95, 0.97, true},
		{"fixed rule, too few tiles", true, 0.95, 0.93, false},
		{"fixed rule, fewer tiles asked", true, 0.5, 0.93, true},
	} {
		e := NewEnv(Options{FixedLapRule: c.fixed, LapCompletePercent: c.percent}, 3)
		e.World = newWorld(e.Track.Points[20])
		e.Step(Action{})
		e.Step(Action{})
		for i := range int(c.visited * float64(e.Track.N)) {
			if !e.Contacts.Visited.Has(i) {
				e.Contacts.Visited.add(i)
				e.Visited++
			}
		}
		if r := e.Step(Action{}); r.Terminated {
			t.Errorf("%s: ended away from tile 0", c.name)
		}
		e.World = newWorld(e.Track.Points[0])
		r := e.Step(Action{})
		if want := map[bool]Lap{true: LapFinished, false: LapRunning}[c.finished]; r.Terminated != c.finished || r.Lap != want {
			t.Errorf("%s: terminated %v, lap %v", c.name, r.Terminated, r.Lap)
		}
	}
}

// TestOddStatesDoNotPanic drives on where episodes have long ended, with
// actions that are out of all bounds.
func TestOddStatesDoNotPanic(t *testing.T) {
	r := NewRenderer()
	var obs Obs64
	var picture Picture
	odd := []float64{0, 1, -1, math.Inf(1), math.Inf(-1), math.NaN(), 1e300, -1e300, 1e-300}
	for seed := range uint64(4) {
		g := NewPCG64(seed)
		e := NewEnv(DefaultOptions(), seed)
		for i := range 1500 {
			a := Action{0, 1, 0}
			if i > 800 && i%7 == 0 {
				for k := range a {
					a[k] = odd[g.Uint64()%uint64(len(odd))]
				}
			}
			if seed < 2 && a[1] != a[1] {
				a[1] = 0
			}
			e.Step(a)
			if i%50 == 0 {
				r.Observe64(e, &obs)
			}
		}
		r.Draw(e, &picture)
	}
}

func TestNaNGasLeavesTheField(t *testing.T) {
	e := NewEnv(DefaultOptions(), 1)
	var r Result
	for range 3 {
		r = e.Step(Action{0, math.NaN(), 0})
	}
	if !r.Terminated || r.Reward != leavingReward || r.Lap != LapAborted {
		t.Errorf("result %+v, want the end with -100", r)
	}
}

func TestStepsDoNotAllocate(t *testing.T) {
	e := NewEnv(DefaultOptions(), 1)
	r := NewRenderer()
	obs64, obs96 := new(Obs64), new(Obs96)
	seed := uint64(1)
	for name, do := range map[string]func(){
		"step":           func() { e.Step(Action{0.1, 0.5, 0}) },
		"observe 64":     func() { r.Observe64(e, obs64) },
		"observe 96":     func() { r.Observe96(e, obs96) },
		"reset":          func() { seed++; e.Reset(seed) },
		"first pictures": func() { e.Reset(seed); e.Step(Action{}); r.Observe64(e, obs64) },
	} {
		if n := testing.AllocsPerRun(20, do); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
