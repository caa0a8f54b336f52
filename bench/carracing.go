package bench

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/evorank/evorank/task/carracing"
)

// Driving says what is timed of CarRacing.
type Driving struct {
	Tracks  int // seeds 0, 1, …
	Steps   int // on each, at most; 2 or more
	Repeat  int
	Threads int // of the environments in lock step
	// Wall and CPU are clocks: of the world, and of the processor time that
	// this process has taken. What one thread does is measured by the second,
	// so that other programs on the machine count less.
	Wall, CPU func() time.Duration
}

// DrivingRow is one line of the table.
type DrivingRow struct {
	Case           string  `json:"case"`
	Implementation string  `json:"implementation"`
	Threads        int     `json:"threads"`
	Unit           string  `json:"unit"` // what is counted: steps, resets, or answers of a policy
	Count          int     `json:"count"`
	Seconds        float64 `json:"median_seconds"`
	PerSecond      float64 `json:"per_second"`
	Allocations    float64 `json:"allocations"`             // per unit
	LargestError   float64 `json:"largest_error,omitempty"` // of an answer against fp64, relative to the largest
}

// The cases that Gymnasium has too, by the words of its script.
const (
	case96      = "step, observation 96×96"
	case64      = "step, observation 64×64"
	caseNone    = "step, no pictures"
	caseReset   = "reset, observation 96×96"
	caseNoReset = "reset, no pictures"
)

// drive is a recorded episode: the actions that both sides take, and the
// rewards that both must get.
type drive struct {
	seed    uint64
	actions []carracing.Action
	rewards []float64
}

// record lets a driver that follows the road drive on the first tracks.
func record(o Driving) []drive {
	drives := make([]drive, o.Tracks)
	e := new(carracing.Env)
	e.Options = carracing.DefaultOptions()
	for i := range drives {
		d, driver := &drives[i], carracing.RoadDriver{}
		d.seed = uint64(i)
		e.Reset(d.seed)
		for range o.Steps {
			a := driver.Act(e)
			r := e.Step(a)
			d.actions, d.rewards = append(d.actions, a), append(d.rewards, r.Reward)
			if r.Terminated {
				break
			}
		}
	}
	return drives
}

func steps(drives []drive) (n int) {
	for _, d := range drives {
		n += len(d.actions)
	}
	return n
}

// CarRacing checks the environment against the real one's digest, then times
// environment and policies.
func CarRacing(ctx context.Context, o Driving, show func(DrivingRow)) ([]DrivingRow, error) {
	if err := checkEnvironment(); err != nil {
		return nil, err
	}
	drives, rows := record(o), []DrivingRow(nil)
	add := func(r DrivingRow) {
		rows = append(rows, r)
		show(r)
	}
	for _, r := range o.time(append(environmentCases(drives), lockStep(drives, o.Threads))) {
		add(r)
	}
	for _, p := range PaperPolicies() {
		if err := ctx.Err(); err != nil {
			return rows, err
		}
		cases, err := p.cases(ctx, drives, o)
		if err != nil {
			return rows, fmt.Errorf("bench: %s: %w", p.Name, err)
		}
		for _, r := range o.time(cases) {
			add(r)
		}
	}
	return rows, ctx.Err()
}

// timing is a case to be timed: do does count units of work.
type timing struct {
	row DrivingRow
	do  func()
}

// time does each case once, to warm up, and then takes the median of several
// rounds through all of them: a machine whose speed changes by the second
// treats them alike.
func (o Driving) time(cases []timing) []DrivingRow {
	rows, seconds := make([]DrivingRow, len(cases)), make([][]float64, len(cases))
	for i, c := range cases {
		c.do()
		rows[i] = c.row
		rows[i].Implementation = "evorank"
	}
	for range o.Repeat {
		for i, c := range cases {
			took, allocations := o.once(c)
			seconds[i] = append(seconds[i], took)
			rows[i].Allocations += float64(allocations) / float64(c.row.Count*o.Repeat)
		}
	}
	for i := range rows {
		slices.Sort(seconds[i])
		rows[i].Seconds = seconds[i][o.Repeat/2]
		rows[i].PerSecond = float64(rows[i].Count) / rows[i].Seconds
	}
	return rows
}

// once does a case and returns the seconds and the allocations that it took.
func (o Driving) once(c timing) (seconds float64, allocations uint64) {
	clock := o.CPU
	if c.row.Threads > 1 {
		clock = o.Wall
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begun := clock()
	c.do()
	seconds = (clock() - begun).Seconds()
	runtime.ReadMemStats(&after)
	return seconds, after.Mallocs - before.Mallocs
}

// environmentCases drive the recorded drives on one thread. What takes
// microseconds is done many times over, to be measured at all.
func environmentCases(drives []drive) []timing {
	const often = 20
	e := carracing.NewEnv(carracing.DefaultOptions(), 0)
	r, small, large := carracing.NewRenderer(), new(carracing.Obs64), new(carracing.Obs96)
	walk := func(each func()) {
		for _, d := range drives {
			e.Reset(d.seed)
			for _, a := range d.actions {
				e.Step(a)
				each()
			}
		}
	}
	reset := func(each func()) func() {
		return func() {
			for seed := range uint64(often * len(drives)) {
				e.Reset(seed)
				each()
			}
		}
	}
	n, resets := steps(drives), often*len(drives)
	return []timing{
		{DrivingRow{Case: caseNone, Threads: 1, Unit: "steps", Count: often * n}, func() {
			for range often {
				walk(func() {})
			}
		}},
		{DrivingRow{Case: case96, Threads: 1, Unit: "steps", Count: n}, func() { walk(func() { r.Observe96(e, large) }) }},
		{DrivingRow{Case: case64, Threads: 1, Unit: "steps", Count: n}, func() { walk(func() { r.Observe64(e, small) }) }},
		{DrivingRow{Case: caseNoReset, Threads: 1, Unit: "resets", Count: resets}, reset(func() {})},
		{DrivingRow{Case: caseReset, Threads: 1, Unit: "resets", Count: resets}, reset(func() { r.Observe96(e, large) })},
	}
}

// lockStep plays eight episodes a thread, a step of all before the next of any,
// with their stacks of observations.
func lockStep(drives []drive, threads int) timing {
	n := 8 * threads
	l := carracing.NewLockStep(n, threads, carracing.DefaultOptions(), carracing.Limits{})
	seeds, actions, length := make([]uint64, n), make([]carracing.Action, n), len(drives[0].actions)
	for i := range seeds {
		d := &drives[i%len(drives)]
		seeds[i], length = d.seed, min(length, len(d.actions))
	}
	row := DrivingRow{Case: fmt.Sprintf("lock step of %d, 64×64", n), Threads: threads, Unit: "steps", Count: n * length}
	return timing{row, func() {
		l.Reset(seeds)
		for s := range length {
			for i := range actions {
				actions[i] = drives[i%len(drives)].actions[s]
			}
			l.Step(actions)
		}
	}}
}
