package run

import (
	"context"
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
	MemoryBytes     int64         `json:"memory_bytes"`
	TokensPerSecond float64       `json:"tokens_per_second,omitempty"`
	StepsPerSecond  float64       `json:"env_steps_per_second,omitempty"`
	Duration        time.Duration `json:"duration_ns"`

	units float64 // tokens or steps of the whole run
}

// Estimate builds the experiment, times one founder on a few stories and
// multiplies. Nothing is written.
func Estimate(ctx context.Context, cfg configs.Config, o Options) (Cost, error) {
	x, err := NewExperiment(cfg)
	if err != nil {
		return Cost{}, err
	}
	d, err := x.device()
	if err != nil {
		return Cost{}, err
	}
	engine, err := x.NewEngine(d)
	if err != nil {
		return Cost{}, err
	}
	defer engine.Close()
	perGeneration := cfg.Search.Population
	if !x.Strategy.Reevaluate {
		perGeneration -= cfg.Search.Survivors
	}
	sample := x.Task.sample()
	founder := model.Candidate{Parent: model.NoParent, Gene: model.Gene{Kind: model.GeneInit, Seed: 1, Multiplier: 1}}
	begun := o.now()
	if _, err := engine.Evaluate(ctx, []model.Candidate{founder}, sample); err != nil {
		return Cost{}, err
	}
	seconds := o.now().Sub(begun).Seconds()
	rate := float64(x.Task.work(engine, 1, sample).Units) / seconds
	c := x.Task.cost(perGeneration*(cfg.Generations-1)+cfg.Search.Population, cfg.Generations, d.Threads, rate)
	c.Genotype, c.Phenotype, c.Device = x.Layout.Genotype, x.Layout.Phenotype, d.Name
	c.Duration = time.Duration(c.units / rate * float64(time.Second))
	vectors := 2*cfg.Search.Survivors + d.Threads
	const base, eachIndividual = 48 << 20, 400 // the program itself; candidate, score and record
	c.MemoryBytes += base + eachIndividual*int64(cfg.Search.Population) + 4*(int64(vectors)*int64(c.Genotype)+int64(d.Threads)*int64(c.Phenotype))
	return c, nil
}
