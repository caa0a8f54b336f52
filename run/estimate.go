package run

import (
	"context"
	"time"

	"github.com/evorank/evorank/configs"
	"github.com/evorank/evorank/model"
)

// Cost is what a run is expected to take.
type Cost struct {
	Stories         int           `json:"stories"`
	Targets         int           `json:"targets"`
	Vocabulary      int           `json:"vocabulary"`
	Genotype        int           `json:"parameters"`
	Phenotype       int           `json:"phenotype"`
	Device          string        `json:"device"`
	MemoryBytes     int64         `json:"memory_bytes"`
	TokensPerSecond float64       `json:"tokens_per_second"`
	Duration        time.Duration `json:"duration_ns"`
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
	const sample = 64 // stories: enough to fill every thread
	n := min(sample, x.Train.Len())
	founder := model.Candidate{Parent: model.NoParent, Gene: model.Gene{Kind: model.GeneInit, Seed: 1, Multiplier: 1}}
	begun := o.now()
	if _, err := engine.PerStory(ctx, founder, model.Cases{Count: n}); err != nil {
		return Cost{}, err
	}
	seconds := o.now().Sub(begun).Seconds()
	c := Cost{
		Stories: x.Train.Len(), Targets: x.Train.Targets(), Vocabulary: x.Spec.Vocab,
		Genotype: x.Layout.Genotype, Phenotype: x.Layout.Phenotype, Device: d.Name,
		TokensPerSecond: float64(sequences(x.Train).Targets(0, n)) / seconds,
	}
	perGeneration := cfg.Search.Population
	if !x.Strategy.Reevaluate {
		perGeneration -= cfg.Search.Survivors
	}
	share := float64(x.Plan.Stages[0].Cases) / float64(x.Train.Len())
	tokens := float64(c.Targets) * share * (float64(perGeneration)*float64(cfg.Generations-1) + float64(cfg.Search.Population))
	c.Duration = time.Duration(tokens / c.TokensPerSecond * float64(time.Second))
	vectors := 2*cfg.Search.Survivors + d.Threads
	const base, eachIndividual = 48 << 20, 400 // the program itself; candidate, score and record
	c.MemoryBytes = base + eachIndividual*int64(cfg.Search.Population) + 4*(int64(vectors)*int64(c.Genotype)+int64(d.Threads)*int64(c.Phenotype)+2*int64(c.Targets))
	return c, nil
}
