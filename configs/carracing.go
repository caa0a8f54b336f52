package configs

import (
	"fmt"

	"github.com/evorank/evorank/model"
)

// CarRacing is the task of driving from pixels (method 4.3 and 5).
type CarRacing struct {
	Network     Policy         `yaml:"network"`
	Encoding    PolicyEncoding `yaml:"encoding"`
	Environment Environment    `yaml:"environment"`
	Episodes    Episodes       `yaml:"episodes"`
}

// Policy gives the convolutional network's sizes. It sees four 64×64 pictures
// in colour and answers with steering, gas and brake.
type Policy struct {
	Channels []int `yaml:"channels" doc:"outputs of each convolution, one after the other"`
	Kernel   int   `yaml:"kernel" min:"1" max:"64" unit:"pixels" doc:"side of every convolution's kernel"`
	Stride   int   `yaml:"stride" min:"1" max:"64" unit:"pixels" doc:"step of every convolution"`
	Hidden   int   `yaml:"hidden" min:"1" max:"65536" doc:"width of the linear layer between the convolutions and the outputs"`
}

// PolicyEncoding says how weights are written in the genotype. The last layer
// is always dense.
type PolicyEncoding struct {
	Convolutions model.Encoding `yaml:"convolutions" doc:"of all convolutions: dense, factored(k) or hybrid(k)"`
	Hidden       model.Encoding `yaml:"hidden" doc:"of the linear layer"`
}

// Environment is where policies drive: Gymnasium's CarRacing-v3, and what may
// differ from it.
type Environment struct {
	ScoreText          bool    `yaml:"score_text" doc:"whether the return so far stands in the picture, as in Gymnasium"`
	FixedLapRule       bool    `yaml:"fixed_lap_rule" doc:"whether a lap ends at lap_complete_percent of the tiles, as Gymnasium means but does not do"`
	LapCompletePercent float64 `yaml:"lap_complete_percent" min:"0" max:"1" unit:"of the tiles" doc:"that make a lap by the fixed rule"`
	MaxSteps           int     `yaml:"max_steps" min:"1" max:"1000000" unit:"steps" doc:"of an episode; 50 make a second"`
	NegativeRewards    int     `yaml:"negative_rewards" min:"0" max:"1000000" unit:"steps" doc:"in a row that end an episode early; 0: never"`
}

// Episodes says what an individual is scored on in each generation: first
// everybody, then, on more, the best of them. Fitness is the mean over all.
type Episodes struct {
	All          int  `yaml:"all" min:"1" max:"10000" unit:"episodes" doc:"of every individual"`
	Finalists    int  `yaml:"finalists" min:"0" max:"16777216" unit:"individuals" doc:"best ones that play more; 0: none"`
	More         int  `yaml:"more" min:"0" max:"10000" unit:"episodes" doc:"of each finalist"`
	SharedTracks bool `yaml:"shared_tracks" doc:"whether all individuals of a generation drive the same tracks; false: everyone has fresh ones"`
	Heldout      int  `yaml:"heldout" identity:"no" min:"0" max:"10000" unit:"episodes" doc:"for heldout_return_best, on tracks that selection never sees; 0: none"`
	HeldoutEvery int  `yaml:"heldout_every" identity:"no" min:"0" max:"1000000000" unit:"generations" doc:"between evaluations of the best on held-out tracks; 0: never"`
}

// defaultCarRacing is the paper's dense policy and its two rounds.
func defaultCarRacing() CarRacing {
	return CarRacing{
		Network:     Policy{Channels: []int{32, 64, 128, 256}, Kernel: 4, Stride: 2, Hidden: 256},
		Environment: Environment{ScoreText: true, LapCompletePercent: 0.95, MaxSteps: 1000, NegativeRewards: 21},
		Episodes:    Episodes{All: 2, Finalists: 32, More: 4, Heldout: 20, HeldoutEvery: 10},
	}
}

func (c CarRacing) check(population int) error {
	for i, n := range c.Network.Channels {
		if n < 1 || n > 4096 {
			return fmt.Errorf("carracing.network.channels: number %d: %d is not between 1 and 4096", i+1, n)
		}
	}
	e := c.Episodes
	switch {
	case e.Finalists > population:
		return fmt.Errorf("carracing.episodes.finalists: %d of a population of %d", e.Finalists, population)
	case (e.Finalists == 0) != (e.More == 0):
		return fmt.Errorf("carracing.episodes: %d finalists with %d more episodes: give both, or 0 for both", e.Finalists, e.More)
	}
	return nil
}
