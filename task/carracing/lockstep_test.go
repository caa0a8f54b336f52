package carracing

import (
	"slices"
	"testing"
)

func TestLockStepDoesNotDependOnThreads(t *testing.T) {
	const n, steps = 7, 60
	run := func(threads int) []Episode {
		l := NewLockStep(n, threads, DefaultOptions(), Limits{MaxSteps: 50, NegativeRewards: 21})
		seeds := make([]uint64, n)
		programs := make([][]Action, n)
		for i := range n {
			seeds[i] = uint64(100 + i)
			programs[i] = randomActions(uint64(i), steps)
		}
		l.Reset(seeds)
		for step := range steps {
			var actions []Action
			for i := range n {
				actions = append(actions, programs[i][step])
			}
			l.Step(actions)
		}
		if l.Running() != 0 {
			t.Errorf("%d threads: %d episodes still run after %d steps", threads, l.Running(), steps)
		}
		return l.Episodes
	}
	want := run(1)
	for _, threads := range []int{2, 3} {
		if got := run(threads); !slices.Equal(got, want) {
			t.Errorf("%d threads play other episodes than one", threads)
		}
	}
}

func TestEpisodeEqualsEnv(t *testing.T) {
	r := NewRenderer()
	p := new(Episode)
	p.Env.Options = DefaultOptions()
	p.Reset(r, 9)
	e := NewEnv(DefaultOptions(), 9)
	var history []Obs64
	see := func() {
		var obs Obs64
		r.Observe64(e, &obs)
		history = append(history, obs)
	}
	see()
	for range StackDepth - 1 {
		history = append(history, history[0])
	}
	sum := 0.0
	for _, a := range randomActions(9, 6) {
		p.Step(r, a)
		sum += e.Step(a).Reward
		see()
		var seen Stacked
		p.Seen.Read(&seen)
		for i, v := range seen {
			pixel, channel := i/12, i%12
			if want := history[len(history)-StackDepth+channel/3][3*pixel+channel%3]; v != want {
				t.Fatalf("after %d steps, pixel %d, channel %d: %d, want %d", len(history)-StackDepth, pixel, channel, v, want)
			}
		}
	}
	if p.Env != *e || p.Return != sum {
		t.Error("the episode's environment differs from one driven alone")
	}
	fresh := new(Episode)
	fresh.Env.Options = DefaultOptions()
	fresh.Reset(r, 10)
	if p.Reset(r, 10); *p != *fresh {
		t.Error("an episode that is reset differs from a fresh one")
	}
}

func TestLimits(t *testing.T) {
	plus, minus := 3.0, -0.1
	repeat := func(n int, r float64) []float64 { return slices.Repeat([]float64{r}, n) }
	for _, c := range []struct {
		name    string
		limits  Limits
		rewards []float64
		end     int // steps, 0 = none
	}{
		{"no limits", Limits{}, repeat(3000, minus), 0},
		{"21 negative rewards", TrainingLimits(), repeat(30, minus), 21},
		{"20 are not enough", TrainingLimits(), slices.Concat(repeat(20, minus), repeat(1, plus), repeat(20, minus), repeat(1, plus)), 0},
		{"21 after a positive one", TrainingLimits(), slices.Concat(repeat(5, plus), repeat(40, minus)), 26},
		{"zero is not negative", TrainingLimits(), slices.Concat(repeat(20, minus), repeat(1, 0), repeat(20, minus)), 0},
		{"1000 steps", TrainingLimits(), repeat(1200, plus), 1000},
	} {
		var p Progress
		end := 0
		for i, r := range c.rewards {
			if p.Add(c.limits, r) {
				end = i + 1
				break
			}
		}
		if end != c.end {
			t.Errorf("%s: ended at step %d, want %d", c.name, end, c.end)
		}
	}
}
