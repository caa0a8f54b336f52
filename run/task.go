package run

import (
	"github.com/evorank/evorank/configs"
	"github.com/evorank/evorank/evolve"
	"github.com/evorank/evorank/model"
)

// Task is what turns an experiment's networks into fitness. Each task is a
// type of its own in a file of its own; only the table below knows them all.
type Task interface {
	// Words are those for its fitness and its work.
	Words() Words
	// Network is what its individuals are, without a genotype.
	Network() Network

	// load reads what networks are scored on, and returns notes for the user.
	load() (notes []string, err error)
	// plan says what a generation is scored on. What was loaded may decide it.
	plan() (evolve.Plan, error)
	// identity says what scores depend on besides the config.
	identity() string
	// describe enters that into run.json.
	describe(*Manifest)
	// furnish writes what the task keeps in a run directory.
	furnish(dir string) error
	// heldout are cases that selection never sees, and the generations between
	// the best one's evaluations on them; none if either is 0.
	heldout() (cases model.Cases, every int)

	// device chooses where to evaluate.
	device(configs.Execution) (Device, error)
	// bind returns an evaluator there, with room for that many parents.
	bind(d Device, parents int) (Engine, error)
	// work is what the evaluation that an engine just did, or is doing, took.
	work(e Engine, candidates int, cases model.Cases) Work
	// sample is what to time a founder on, and cost the most that a run with so
	// many evaluations of individuals takes, at a rate of units a second.
	sample() model.Cases
	cost(individuals, generations, threads int, rate float64) Cost
	// tolerance is how much a fitness may differ between two precisions or
	// kinds of device; not finite if there is no bound.
	tolerance(a, b string) float64
}

// tasks are those that Config.Task may name.
var tasks = map[string]struct {
	words Words
	// open makes the task of a config: from a run directory, or of a new
	// experiment if dir is empty.
	open func(cfg *configs.Config, dir string) (Task, error)
}{
	"lm":        {lossWords, openLanguageModel},
	"carracing": {returnWords, openCarRacing},
}

// networks read a weight file whose description has the key.
var networks = map[string]func(*model.TensorFile) (*Network, error){
	"vocab":   importTransformer,
	"kernels": importPolicy,
}

// Words are how a task speaks of fitness and of work: in metrics.jsonl, in
// progress lines and in figures.
type Words struct {
	Score string // what fitness tells: "loss", "return"
	Unit  string // of the score, if it has one
	Sign  float64
	Cases string // what individuals are scored on: "stories"
	Units string // what cases are made of: "tokens"
	// Keys in metrics.jsonl; no CasesKey: not counted there.
	CasesKey, UnitsKey, RateKey string
}

// Of returns the score that a fitness stands for.
func (w Words) Of(f model.Fitness) float64 { return w.Sign * float64(f) }

// LowerIsBetter tells which scores selection looks for.
func (w Words) LowerIsBetter() bool { return w.Sign < 0 }

// Work is what evaluations took: stories or episodes, and the tokens or steps
// that these were made of.
type Work struct{ Cases, Units int64 }

func (w *Work) add(v Work) {
	w.Cases += v.Cases
	w.Units += v.Units
}

// Engine is a task bound to a device.
type Engine interface {
	evolve.Evaluator
	// Restore rebuilds the parent in a slot from its genome.
	Restore(slot model.Slot, genome model.Genome) (model.Digest, error)
	// Import puts a genotype into a slot, Export copies one out.
	Import(slot model.Slot, genotype []float32) error
	Export(slot model.Slot) ([]float32, error)
	// Close gives back what the device lent.
	Close() error
}
