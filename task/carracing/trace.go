package carracing

import "math"

// Trace is the state of an episode after reset (row 0) and after every step
// (row i), in the golden format's arrays. T steps, N tiles.
type Trace struct {
	env         *Env
	stateEvery  int       // full state at every k-th row and the last
	actions     []float64 // [T,3]
	rewards     []float64 // [T]
	terminated  []uint8   // [T]
	truncated   []uint8   // [T]
	poses       []float64 // [T+1,3] hull x, y, angle
	totals      []float64 // [T+1]
	visited     []int32   // [T+1]
	times       []float64 // [T+1]
	stateSteps  []int32   // [K]
	bodies      []float64 // [K,5,8] x, y, angle, vx, vy, angular speed, centre x, y
	wheels      []float64 // [K,4,6] omega, phase, gas, brake, steer, joint angle
	counts      []uint8   // [K,4]
	contacts    []int32   // [sum of counts]
	visitedStep []int32   // [N] row, or -1
	touchedStep []int32   // [N]
	sum         float64
	ended       bool
	last        int // row, of the last state
}

// NewTrace begins a trace with the environment as it is after reset; full state
// is recorded at every k-th row (0 means 1) and the last. Add reads the same
// environment after each step.
func NewTrace(e *Env, stateEvery int) *Trace {
	t := &Trace{env: e, stateEvery: max(stateEvery, 1), last: -1}
	for range e.Track.N {
		t.visitedStep = append(t.visitedStep, -1)
		t.touchedStep = append(t.touchedStep, -1)
	}
	t.row()
	return t
}

// Add records the step that the environment has just made.
func (t *Trace) Add(a Action, r Result, truncated bool) {
	t.actions = append(t.actions, a[:]...)
	t.rewards = append(t.rewards, r.Reward)
	t.terminated = append(t.terminated, flag(r.Terminated))
	t.truncated = append(t.truncated, flag(truncated))
	t.sum += r.Reward
	t.ended = r.Terminated
	t.row()
}

func flag(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}

func (t *Trace) row() {
	e, row := t.env, len(t.rewards)
	at := e.Position()
	t.poses = append(t.poses, float64(at.X), float64(at.Y), float64(e.Angle()))
	t.totals = append(t.totals, e.Return)
	t.visited = append(t.visited, e.Visited)
	t.times = append(t.times, e.Time)
	for i := range t.visitedStep {
		if t.visitedStep[i] < 0 && e.Contacts.Visited.Has(i) {
			t.visitedStep[i] = int32(row)
		}
		if t.touchedStep[i] < 0 && e.Contacts.Touched.Has(i) {
			t.touchedStep[i] = int32(row)
		}
	}
	if row%t.stateEvery == 0 {
		t.state(row)
	}
}

func (t *Trace) state(row int) {
	e := t.env
	t.last = row
	t.stateSteps = append(t.stateSteps, int32(row))
	for _, i := range [bodies]int{hull, 0, 1, 2, 3} {
		b := &e.World.Bodies[i]
		for _, v := range [...]float32{b.Position.X, b.Position.Y, b.Angle,
			b.Velocity.X, b.Velocity.Y, b.AngularSpeed, b.Center.X, b.Center.Y} {
			t.bodies = append(t.bodies, float64(v))
		}
	}
	for k := range e.Wheels {
		w := &e.Wheels[k]
		t.wheels = append(t.wheels, w.Omega, w.Phase, w.Gas, w.Brake, w.Steer,
			float64(e.World.jointAngle(k)))
		under := &e.Contacts.Wheels[k]
		t.counts = append(t.counts, uint8(under.Len()))
		for i := range int(e.Track.N) {
			if under.Has(i) {
				t.contacts = append(t.contacts, int32(i))
			}
		}
	}
}

// Golden is the trace as a file. It ends the trace: the last row gets its full
// state if it had none.
func (t *Trace) Golden(seed uint64, programName string) *Golden {
	steps, n := len(t.rewards), len(t.visitedStep)
	if t.last != steps {
		t.state(steps)
	}
	k, sum := len(t.stateSteps), t.sum
	g := &Golden{Header: Header{Format: GoldenFormat, Kind: "trace", Seed: seed, ProgramName: programName,
		Steps: steps, Tiles: n, End: t.end(), Return: &sum}}
	g.Arrays = []Array{
		{Name: "action", Shape: []int{steps, 3}, F8: f8(t.actions)},
		{Name: "reward", Shape: []int{steps}, F8: f8(t.rewards)},
		{Name: "terminated", Shape: []int{steps}, U1: t.terminated},
		{Name: "truncated", Shape: []int{steps}, U1: t.truncated},
		trackArray(&t.env.Track), kerbArray(&t.env.Track),
		{Name: "pose", Shape: []int{steps + 1, 3}, F8: t.poses},
		{Name: "reward_total", Shape: []int{steps + 1}, F8: t.totals},
		{Name: "visited", Shape: []int{steps + 1}, I4: t.visited},
		{Name: "time", Shape: []int{steps + 1}, F8: t.times},
		{Name: "state_step", Shape: []int{k}, I4: t.stateSteps},
		{Name: "body", Shape: []int{k, bodies, 8}, F8: t.bodies},
		{Name: "wheel", Shape: []int{k, wheels, 6}, F8: t.wheels},
		{Name: "contact_count", Shape: []int{k, wheels}, U1: t.counts},
		{Name: "contact_tile", Shape: []int{len(t.contacts)}, I4: i4(t.contacts)},
		{Name: "visited_step", Shape: []int{n}, I4: t.visitedStep},
		{Name: "touched_step", Shape: []int{n}, I4: t.touchedStep},
		massArray(),
	}
	return g
}

// end names what ended the episode, in the words of the recorder.
func (t *Trace) end() string {
	at := t.env.Position()
	switch {
	case !t.ended:
		return "limit"
	case math.Abs(float64(at.X)) > playfield || math.Abs(float64(at.Y)) > playfield:
		return "off the field"
	}
	return "all tiles"
}

func trackArray(t *Track) Array {
	a := Array{Name: "track", Shape: []int{int(t.N), 4}, F8: []float64{}}
	for _, p := range t.Points[:t.N] {
		a.F8 = append(a.F8, p.Alpha, p.Beta, p.X, p.Y)
	}
	return a
}

func kerbArray(t *Track) Array {
	a := Array{Name: "border", Shape: []int{int(t.N)}}
	for _, kerb := range t.Kerb[:t.N] {
		a.U1 = append(a.U1, flag(kerb))
	}
	return a
}

// massArray has mass, inertia about the origin, and local centre of each body.
func massArray() Array {
	a := Array{Name: "mass", Shape: []int{bodies, 4}}
	for _, i := range [bodies]int{hull, 0, 1, 2, 3} {
		m := massOf(i)
		a.F8 = append(a.F8, float64(m.mass), float64(m.inertia), float64(m.center.X), float64(m.center.Y))
	}
	return a
}

// f8 and i4 keep an empty array's type.
func f8(v []float64) []float64 { return append([]float64{}, v...) }
func i4(v []int32) []int32     { return append([]int32{}, v...) }
