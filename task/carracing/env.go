package carracing

import "math"

// Options are what differs from Gymnasium's environment; DefaultOptions are
// Gymnasium's.
type Options struct {
	// ScoreText draws the return so far into the panel under the picture, as
	// Gymnasium does, whose agents can read it there.
	ScoreText bool
	// FixedLapRule ends an episode when a wheel comes to tile 0 again after
	// LapCompletePercent of the tiles. Gymnasium means to do so, but asks only
	// at the first visit of tile 0, which reset makes (its issue 1269).
	FixedLapRule bool
	// LapCompletePercent is the share of tiles, 0 to 1, that makes a lap.
	LapCompletePercent float64
}

// DefaultOptions are those of gymnasium.make("CarRacing-v3").
func DefaultOptions() Options {
	return Options{ScoreText: true, LapCompletePercent: DefaultLapCompletePercent}
}

// Env is a racing car on its track: the complete state, without pointers. A
// copy of it continues identically. The zero value needs a Reset.
type Env struct {
	Options  Options
	Random   PCG64
	Track    Track
	World    World
	Wheels   [wheels]Wheel
	Contacts Contacts

	Time        float64 // s since reset, with reset's own step
	Return      float64 // reward so far; a step's cost is included after the step
	Shown       float64 // the return that the picture shows: without that cost
	BeforeStep  float64 // the return at the end of the last step
	Visited     int32   // tiles
	LapFinished bool    // by one of the lap rules
}

// Result is what a step returns.
type Result struct {
	Reward     float64
	Terminated bool
	Lap        Lap
}

// Lap says how an episode ended (Gymnasium's info["lap_finished"]).
type Lap int32

const (
	LapRunning  Lap = iota // not ended
	LapFinished            // all tiles visited, or a lap by the rule
	LapAborted             // the car left the field
)

// NewEnv is an environment with the given options, reset with the seed.
func NewEnv(options Options, seed uint64) *Env {
	e := &Env{Options: options}
	e.Reset(seed)
	return e
}

// Reset starts an episode on the track of the seed. Equal seeds give equal
// episodes, whatever was before.
func (e *Env) Reset(seed uint64) {
	e.Random = NewPCG64(seed)
	e.ResetNext()
}

// ResetNext starts an episode on the next track of the random stream, as
// Gymnasium's reset without a seed does.
func (e *Env) ResetNext() {
	var scratch walk
	*e = Env{Options: e.Options, Random: e.Random}
	e.Track.generate(&e.Random, &scratch)
	e.World = newWorld(e.Track.Points[0])
	e.advance()
}

// Step drives for 1/50 s. Nothing stops an episode that has ended from being
// driven on.
//
// NaN as steering or brake does what it does in Gymnasium. NaN as gas destroys
// the car's position; Gymnasium then raises an error when it draws, here the
// car counts as having left the field.
func (e *Env) Step(a Action) Result {
	control(&e.Wheels, a)
	e.advance()
	e.Return -= stepCost
	r := Result{Reward: e.Return - e.BeforeStep}
	e.BeforeStep = e.Return
	if e.Visited == e.Track.N || e.LapFinished {
		r.Terminated, r.Lap = true, LapFinished
	}
	if at := e.Position(); !inField(at.X) || !inField(at.Y) {
		r.Terminated, r.Lap, r.Reward = true, LapAborted, leavingReward
	}
	return r
}

// Position is where the hull's origin is.
func (e *Env) Position() Vec2 { return e.World.Bodies[hull].Position }

// Angle is the heading of the hull, rad.
func (e *Env) Angle() float32 { return e.World.Bodies[hull].Angle }

// inField is false for NaN.
func inField(x float32) bool { return math.Abs(float64(x)) <= playfield }

// advance is a step without action and without cost: wheels, contacts at the
// positions before the move, then the move.
func (e *Env) advance() {
	for k := range e.Wheels {
		e.rollWheel(k)
	}
	again := e.Contacts.Visited.Has(0)
	visits, start := e.Contacts.update(&e.Track, &e.World)
	e.World.step()
	e.Time += timeStep
	for range visits {
		e.Return += roadReward / float64(e.Track.N)
		e.Visited++
	}
	e.Shown = e.Return
	if start && (e.Options.FixedLapRule || !again) {
		share := float64(e.Visited) / float64(e.Track.N)
		e.LapFinished = e.LapFinished || share > e.Options.LapCompletePercent
	}
}

// rollWheel steers wheel k and lets the ground push it.
func (e *Env) rollWheel(k int) {
	w, b := &e.Wheels[k], &e.World.Bodies[k]
	e.World.Joints[k].MotorSpeed = w.motorSpeed(e.World.jointAngle(k))
	grip := gripGrass
	if !e.Contacts.Wheels[k].empty() {
		grip = gripRoad
	}
	b.Force = w.roll(b, grip)
}
