package study

import (
	"context"
	"slices"
	"time"

	"github.com/evorank/evorank/run"
)

// Forecast follows a study and says how long the rest will take: what is left
// of each condition at the pace of its own generations, or, as long as it has
// none, of all.
type Forecast struct {
	parallel int
	left     map[string]int // generations, by condition
	pace     map[string]*pace
}

// pace is what generations of one condition took.
type pace struct {
	seconds     float64
	generations int
	earlier     bool // measured before this study was started again
}

// NewForecast begins with what the states say.
func NewForecast(states []State, parallel int) *Forecast {
	f := &Forecast{parallel: max(1, parallel), left: map[string]int{}, pace: map[string]*pace{}}
	for _, s := range states {
		f.left[s.Name] += max(0, s.Config.Generations-s.Generation)
		if f.pace[s.Name] == nil {
			f.pace[s.Name] = &pace{earlier: true}
		}
		f.pace[s.Name].add(s.Seconds, s.Generation)
	}
	return f
}

func (p *pace) add(seconds float64, generations int) {
	if seconds > 0 {
		p.seconds, p.generations = p.seconds+seconds, p.generations+generations
	}
}

// Observe takes one finished generation of a trial into account. What earlier
// generations took, perhaps on another machine, counts no more.
func (f *Forecast) Observe(t Trial, p run.Progress) {
	f.left[t.Name]--
	own := f.pace[t.Name]
	if own.earlier {
		*own = pace{}
	}
	own.add(p.GenerationSeconds, 1)
}

// Left returns how many generations are to come, and in what time; the time is
// 0 as long as nothing was measured.
func (f *Forecast) Left() (generations int, rest time.Duration) {
	var all pace
	for _, p := range f.pace {
		all.add(p.seconds, p.generations)
	}
	if all.generations == 0 {
		all.generations = 1
	}
	seconds := 0.0
	for name, n := range f.left {
		p := f.pace[name]
		if p.generations == 0 {
			p = &all
		}
		generations += n
		seconds += float64(n) * p.seconds / float64(p.generations)
	}
	return generations, time.Duration(seconds / float64(f.parallel) * float64(time.Second))
}

// Expense is what the trials of one condition that are left would take.
type Expense struct {
	Condition   string        `json:"condition"`
	Trials      int           `json:"trials"`
	Generations int           `json:"generations"`
	Evaluations int           `json:"evaluations"`
	Parameters  int           `json:"parameters"`
	Device      string        `json:"device"`
	MemoryBytes int64         `json:"memory_bytes"` // of one trial
	GPUBytes    int64         `json:"gpu_bytes,omitempty"`
	Timed       int           `json:"timed_individuals"`
	Duration    time.Duration `json:"duration_ns"` // one trial after the other
}

// Estimate times founders of each condition that has trials left (see
// run.Estimate), on the device if it is not empty, and multiplies. Nothing is
// written.
func (s *Study) Estimate(ctx context.Context, states []State, device string, o run.Options) ([]Expense, error) {
	var out []Expense
	for i, c := range s.Conditions {
		e, fresh, asked := Expense{Condition: c.Name}, 0, false
		for _, state := range states {
			asked = asked || state.Condition == i
			if state.Condition == i && !state.Done() {
				e.Trials++
				e.Generations += max(0, state.Config.Generations-state.Generation)
				if state.Generation == 0 {
					fresh++
				}
			}
		}
		if e.Trials > 0 {
			if err := s.estimate(ctx, i, fresh, &e, device, o); err != nil {
				return nil, err
			}
		}
		if asked {
			out = append(out, e)
		}
	}
	return out, nil
}

// estimate fills in what depends on a timing.
func (s *Study) estimate(ctx context.Context, condition, fresh int, e *Expense, device string, o run.Options) error {
	cfg := s.configs[condition]
	if device != "" {
		cfg.Execution.Device = device
	}
	cost, err := run.Estimate(ctx, cfg, o)
	if err != nil {
		return err
	}
	e.Parameters, e.Device, e.MemoryBytes, e.GPUBytes, e.Timed = cost.Genotype, cost.Device, cost.MemoryBytes, cost.GPUBytes, cost.Timed
	e.Duration = time.Duration(float64(cost.Duration) * float64(e.Generations) / float64(cfg.Generations))
	e.Evaluations = s.evaluations(condition, fresh, e.Generations, cost.Stories)
	return nil
}

// Demand is the most that a trial that is left takes of a GPU's memory when it
// has it to itself.
func (s *Study) Demand(ctx context.Context, states []State, device string, o run.Options) (Demand, error) {
	var most Demand
	for i := range s.Conditions {
		if !slices.ContainsFunc(states, func(state State) bool { return state.Condition == i && !state.Done() }) {
			continue
		}
		cfg := s.configs[i]
		cfg.Execution.Device = device
		cost, err := run.Estimate(ctx, cfg, o)
		if err != nil {
			return most, err
		}
		most.Trial, most.Device = max(most.Trial, cost.GPUBytes), cost.GPUTotalBytes
	}
	return most, nil
}

// evaluations counts individuals scored, once for each round: survivors of a
// task that always gives the same are scored once, founders in every fresh
// trial.
func (s *Study) evaluations(condition, fresh, generations, stories int) int {
	cfg := s.configs[condition]
	each := cfg.Search.Population
	if cfg.Task == "carracing" {
		return generations * (each + cfg.CarRacing.Episodes.Finalists)
	}
	if n := cfg.LM.Data.PerGeneration; n == 0 || n == stories {
		each -= cfg.Search.Survivors
	}
	return generations*each + fresh*(cfg.Search.Population-each)
}
