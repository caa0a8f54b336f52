package run

import (
	"context"
	"slices"
	"time"

	"github.com/evorank/evorank/configs"
	"github.com/evorank/evorank/model"
)

// Cost is what a run is expected to take.
type Cost struct {
	Stories         int           `json:"stories,omitempty"`
	Targets         int           `json:"targets,omitempty"`
	Vocabulary      int           `json:"vocabulary,omitempty"`
	Episodes        int           `json:"episodes,omitempty"` // at most, of the whole run
	Genotype        int           `json:"parameters"`
	Phenotype       int           `json:"phenotype"`
	Device          string        `json:"device"`
	Kernels         string        `json:"kernels,omitempty"` // of a GPU, and why these
	MemoryBytes     int64         `json:"memory_bytes"`
	GPUBytes        int64         `json:"gpu_bytes,omitempty"`       // taken on the first GPU
	GPUTotalBytes   int64         `json:"gpu_total_bytes,omitempty"` // that it has
	Timed           int           `json:"timed_individuals"`
	TokensPerSecond float64       `json:"tokens_per_second,omitempty"`
	StepsPerSecond  float64       `json:"env_steps_per_second,omitempty"`
	Duration        time.Duration `json:"duration_ns"`

	units float64 // tokens or steps of the whole run
}

// Estimate builds the experiment, times its founders and multiplies: one of
// them on a CPU, all of them on a GPU, which one would not fill. Nothing is
// written.
func Estimate(ctx context.Context, cfg configs.Config, o Options) (Cost, error) {
	x, err := NewExperiment(cfg)
	if err != nil {
		return Cost{}, err
	}
	d, err := x.device()
	if err != nil {
		return Cost{}, err
	}
	memory, err := watchMemory(d)
	if err != nil {
		return Cost{}, err
	}
	defer memory.close()
	engine, err := x.NewEngine(d)
	if err != nil {
		return Cost{}, err
	}
	defer engine.Close()
	founders, cases := x.sample(d)
	seconds, err := timeFounders(ctx, engine, founders, cases, d, o)
	if err != nil {
		return Cost{}, err
	}
	rate := float64(x.Task.work(engine, len(founders), cases).Units) / seconds
	perGeneration := cfg.Search.Population
	if !x.Strategy.Reevaluate {
		perGeneration -= cfg.Search.Survivors
	}
	c := x.Task.cost(perGeneration*(cfg.Generations-1)+cfg.Search.Population, cfg.Generations, d.Threads, rate)
	c.Genotype, c.Phenotype, c.Timed = x.Layout.Genotype, x.Layout.Phenotype, len(founders)
	c.Device, c.Kernels = d.Name, d.kernels
	c.Duration = time.Duration(c.units / rate * float64(time.Second))
	vectors := 2*cfg.Search.Survivors + d.Threads
	const base, eachIndividual = 48 << 20, 400 // the program itself; candidate, score and record
	c.MemoryBytes += base + eachIndividual*int64(cfg.Search.Population) + 4*(int64(vectors)*int64(c.Genotype)+int64(d.Threads)*int64(c.Phenotype))
	c.GPUBytes, c.GPUTotalBytes, err = memory.taken()
	return c, err
}

// sample is what an estimate times: founders, and the cases for them.
func (x *Experiment) sample(d Device) ([]model.Candidate, model.Cases) {
	n, cases := 1, x.Task.sample()
	if d.CUDA && x.Plan.Stories > 0 {
		n, cases = x.Config.Search.Population, model.Cases{Count: x.Plan.Stages[0].Cases}
	}
	founders := make([]model.Candidate, n)
	for i := range founders {
		founders[i] = model.Candidate{Parent: model.NoParent, Gene: model.Gene{Kind: model.GeneInit, Seed: model.Seed(i + 1), Multiplier: 1}}
	}
	return founders, cases
}

// enoughToTime is how long evaluations are repeated: of one that takes less
// than a millisecond, a single time is mostly that of a cold start.
const enoughToTime = 100 * time.Millisecond

// timeFounders returns the seconds that an evaluation takes, of short ones the
// median. On a GPU the first one plans, allocates and copies stories, and does
// not count.
func timeFounders(ctx context.Context, engine Engine, founders []model.Candidate, cases model.Cases, d Device, o Options) (float64, error) {
	if d.CUDA {
		if _, err := engine.Evaluate(ctx, founders, cases); err != nil {
			return 0, err
		}
	}
	var seconds []float64
	for first := o.now(); ; {
		begun := o.now()
		if _, err := engine.Evaluate(ctx, founders, cases); err != nil {
			return 0, err
		}
		ended := o.now()
		seconds = append(seconds, ended.Sub(begun).Seconds())
		if ended.Sub(first) >= enoughToTime {
			break
		}
	}
	slices.Sort(seconds)
	return seconds[len(seconds)/2], nil
}
