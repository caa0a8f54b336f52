package carracing

// Limits end an episode that the environment itself would not; zero means no
// limit.
type Limits struct {
	// MaxSteps is the number of steps of an episode.
	MaxSteps int
	// NegativeRewards ends an episode when so many rewards in a row, up to the
	// last, were negative.
	NegativeRewards int
}

// TrainingLimits are those of training: gymnasium.make's 1000 steps, and the
// reference's early stop after 21 negative rewards. (The paper's text has 20
// steps without a new tile; its code looks at the last 21 rewards.)
func TrainingLimits() Limits { return Limits{MaxSteps: 1000, NegativeRewards: 21} }

// Progress is how far an episode is towards its limits.
type Progress struct {
	Steps    int
	Negative int // rewards in a row
}

// Add notes the reward of a step and says whether a limit is reached.
func (p *Progress) Add(l Limits, reward float64) (reached bool) {
	p.Steps++
	p.Negative++
	if reward >= 0 {
		p.Negative = 0
	}
	return l.MaxSteps > 0 && p.Steps >= l.MaxSteps ||
		l.NegativeRewards > 0 && p.Negative >= l.NegativeRewards
}

// Episode is an environment in play: with what its agent sees, its limits, and
// the sum of its rewards. Like [Env] it is a plain value.
type Episode struct {
	Env       Env
	Seen      FrameStack
	Limits    Limits
	Progress  Progress
	Return    float64 // sum of rewards
	Last      Result
	Truncated bool // a limit is reached
}

// Done says whether the episode has ended.
func (p *Episode) Done() bool { return p.Last.Terminated || p.Truncated }

// Reset starts the episode of a seed and draws its first observation, which the
// agent sees four times.
func (p *Episode) Reset(r *Renderer, seed uint64) {
	p.Env.Reset(seed)
	p.Progress, p.Return, p.Last, p.Truncated = Progress{}, 0, Result{}, false
	p.Seen.Oldest = 0
	r.Observe64(&p.Env, p.Seen.Next())
	p.Seen.Fill()
}

// Step drives on and draws what comes to be seen. An episode that is done stays
// as it is.
func (p *Episode) Step(r *Renderer, a Action) {
	if p.Done() {
		return
	}
	p.Last = p.Env.Step(a)
	p.Return += p.Last.Reward
	p.Truncated = p.Progress.Add(p.Limits, p.Last.Reward)
	r.Observe64(&p.Env, p.Seen.Next())
}
