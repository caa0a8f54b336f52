package carracing

// Frames records observations of an episode, after reset and every k-th step,
// and one full picture, in the golden format's arrays. F frames.
type Frames struct {
	env      *Env
	renderer *Renderer
	every    int
	fullAt   int
	step     int
	actions  []float64 // [T,3]
	steps    []int32   // [F]
	scores   []float64 // [F] what the picture shows as score
	times    []float64 // [F]
	obs96    []uint8   // [F,96,96,3]
	obs64    []uint8   // [F,64,64,3]
	full     []uint8   // [1,800,1000,3]
	fullStep int32
}

// NewFrames begins with the environment as it is after reset. A full picture is
// kept of the first frame from step fullAt on.
func NewFrames(e *Env, r *Renderer, every, fullAt int) *Frames {
	f := &Frames{env: e, renderer: r, every: max(every, 1), fullAt: max(fullAt, 1)}
	f.frame()
	return f
}

// Add records the step that the environment has just made, if it is a k-th one.
func (f *Frames) Add(a Action) {
	f.actions = append(f.actions, a[:]...)
	f.step++
	if f.step%f.every == 0 {
		f.frame()
	}
}

func (f *Frames) frame() {
	var large Obs96
	var small Obs64
	f.renderer.Observe(f.env, &large, &small)
	f.steps = append(f.steps, int32(f.step))
	f.scores = append(f.scores, f.env.Shown)
	f.times = append(f.times, f.env.Time)
	f.obs96 = append(f.obs96, large[:]...)
	f.obs64 = append(f.obs64, small[:]...)
	if f.full == nil && f.step >= f.fullAt {
		var full Picture
		f.renderer.Draw(f.env, &full)
		f.full, f.fullStep = full[:], int32(f.step)
	}
}

// Golden is the record as a file.
func (f *Frames) Golden(seed uint64, programName string) *Golden {
	n := len(f.steps)
	g := &Golden{Header: Header{Format: GoldenFormat, Kind: "frames", Seed: seed, ProgramName: programName,
		Steps: f.step, Tiles: int(f.env.Track.N), Frames: n}}
	g.Arrays = []Array{
		{Name: "action", Shape: []int{f.step, 3}, F8: f8(f.actions)},
		trackArray(&f.env.Track), kerbArray(&f.env.Track),
		{Name: "frame_step", Shape: []int{n}, I4: f.steps},
		{Name: "frame_score", Shape: []int{n}, F8: f.scores},
		{Name: "frame_time", Shape: []int{n}, F8: f.times},
		{Name: "obs96", Shape: []int{n, 96, 96, 3}, U1: f.obs96},
		{Name: "obs64", Shape: []int{n, 64, 64, 3}, U1: f.obs64},
	}
	if f.full != nil {
		g.Arrays = append(g.Arrays,
			Array{Name: "full_step", Shape: []int{1}, I4: []int32{f.fullStep}},
			Array{Name: "full", Shape: []int{1, pictureHeight, pictureWidth, 3}, U1: f.full})
	}
	return g
}
