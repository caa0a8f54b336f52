package run

import (
	"crypto/sha256"
	"fmt"

	"github.com/evorank/evorank/configs"
	"github.com/evorank/evorank/evolve"
	"github.com/evorank/evorank/model"
)

// Experiment is a config with its data: everything that decides what a run
// computes, and nothing of how far it is.
type Experiment struct {
	Config   configs.Config
	Task     Task
	Layout   *model.Layout
	Strategy evolve.GeneticAlgorithm
	Plan     evolve.Plan
	Notes    []string // what the user should know about the data
}

// NewExperiment lays out the network of a config and loads the data that it
// names.
func NewExperiment(cfg configs.Config) (*Experiment, error) {
	x, err := newExperiment(cfg, "")
	if err != nil {
		return nil, err
	}
	return x, x.LoadData()
}

// newExperiment makes an experiment without its data, from a run directory if
// one is named.
func newExperiment(cfg configs.Config, dir string) (*Experiment, error) {
	kind, ok := tasks[cfg.Task]
	if !ok {
		return nil, errorf(BadConfig, "run: this program has no task %q", cfg.Task)
	}
	x := &Experiment{Config: cfg}
	var err error
	if x.Task, err = kind.open(&x.Config, dir); err != nil {
		return nil, err
	}
	x.Layout = x.Task.Network().Layout
	return x, nil
}

// LoadData reads what networks are scored on, and derives the search from it.
func (x *Experiment) LoadData() error {
	notes, err := x.Task.load()
	if err != nil {
		return as(BadData, err)
	}
	x.Notes = append(x.Notes, notes...)
	return as(BadConfig, x.plan())
}

// plan derives the search from the config and the data.
func (x *Experiment) plan() (err error) {
	if x.Plan, err = x.Task.plan(); err != nil {
		return err
	}
	x.Strategy = evolve.GeneticAlgorithm{
		Seed: model.Seed(x.Config.Seed), Population: x.Config.Search.Population, Survivors: x.Config.Search.Survivors,
		Reevaluate: !x.Plan.Deterministic(),
	}
	if err := x.Strategy.Validate(); err != nil {
		return err
	}
	return x.Plan.Validate(x.Strategy.Population)
}

// planned reports whether the data was loaded.
func (x *Experiment) planned() bool { return len(x.Plan.Stages) > 0 }

// Identity is what a lineage is bound to: the knobs that matter and the data.
func (x *Experiment) Identity() [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "config %016x %s", x.Config.Identity(), x.Task.identity()))
}

// summarise says what the records of a generation tell.
func (x *Experiment) summarise(records []model.Record) Progress {
	return summarise(x.Task.Words(), len(x.Plan.Stages), records)
}

// device chooses the device that the experiment's config names.
func (x *Experiment) device() (Device, error) { return x.Task.device(x.Config.Execution) }

// NewEngine binds the experiment's task to a device.
func (x *Experiment) NewEngine(d Device) (Engine, error) {
	return x.Task.bind(d, x.Strategy.Survivors)
}

func initialisation(c *configs.Config) model.Initialisation {
	return model.Initialisation{TallConstant: c.Init.TallConstant, EmbeddingStd: c.Init.EmbeddingStd, DecoderBiasStd: c.Init.DecoderBiasStd}
}

func rates(c *configs.Config) model.MutationRates {
	return model.MutationRates{Dense: c.Mutation.DenseRate, Factor: c.Mutation.FactorRate, Bias: c.Mutation.BiasRate}
}
