package run

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/evorank/evorank/configs"
	"github.com/evorank/evorank/evolve"
	"github.com/evorank/evorank/kernels/conv"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/task/carracing"
)

// CarRacing is task carracing: the return of driving from pixels.
type CarRacing struct {
	Policy      model.ConvPolicy
	Environment carracing.Options
	Limits      carracing.Limits

	config *configs.Config // the experiment's
	layout *model.Layout
}

var (
	_ Task   = (*CarRacing)(nil)
	_ Engine = (*carracing.CPU)(nil)
)

// CarRacing returns the experiment's task if it is driving.
func (x *Experiment) CarRacing() (*CarRacing, error) {
	if t, ok := x.Task.(*CarRacing); ok {
		return t, nil
	}
	return nil, errorf(BadData, "task %s: it has no episodes: only runs of task carracing do", x.Config.Task)
}

// openCarRacing lays the policy out; there is nothing to keep in a folder.
func openCarRacing(cfg *configs.Config, _ string) (Task, error) {
	section := cfg.CarRacing
	n, e, env := section.Network, section.Encoding, section.Environment
	t := &CarRacing{
		config:      cfg,
		Policy:      carracing.NewPolicy(n.Channels, n.Kernel, n.Stride, n.Hidden),
		Environment: carracing.Options{ScoreText: env.ScoreText, FixedLapRule: env.FixedLapRule, LapCompletePercent: env.LapCompletePercent},
		Limits:      carracing.Limits{MaxSteps: env.MaxSteps, NegativeRewards: env.NegativeRewards},
	}
	var err error
	t.layout, err = t.Policy.Layout(model.ConvEncodings{Convolutions: e.Convolutions, Hidden: e.Hidden}, initialisation(cfg), rates(cfg))
	if err != nil {
		return nil, as(BadConfig, fmt.Errorf("carracing.network: %w", err))
	}
	return t, nil
}

var returnWords = Words{
	Score: "return", Sign: 1, Cases: "episodes", Units: "env steps",
	CasesKey: "episodes", UnitsKey: "env_steps", RateKey: "env_steps_per_second",
}

// Words returns those of returns and steps.
func (*CarRacing) Words() Words { return returnWords }

// Network returns the policy.
func (t *CarRacing) Network() Network { return Network{Spec: t.Policy, Layout: t.layout} }

func (*CarRacing) load() ([]string, error) { return nil, nil }

// plan has two stages if there are finalists (method 4.3).
func (t *CarRacing) plan() (evolve.Plan, error) {
	e := t.config.CarRacing.Episodes
	p := evolve.Plan{Stages: []evolve.Stage{{Cases: e.All}}, Seed: model.Seed(t.config.Seed), SharedEpisodes: e.SharedTracks}
	if e.Finalists > 0 {
		p.Stages = []evolve.Stage{{Cases: e.All, Keep: e.Finalists}, {Cases: e.More}}
	}
	return p, nil
}

// identity is the task's name: the config says all else.
func (*CarRacing) identity() string { return "carracing" }

func (*CarRacing) describe(*Manifest) {}

func (*CarRacing) furnish(string) error { return nil }

// heldout are the same tracks in every generation, so that its curve shows
// what was learned and not which tracks there were.
func (t *CarRacing) heldout() (model.Cases, int) {
	e := t.config.CarRacing.Episodes
	cases := model.Cases{Count: e.Heldout}
	for i := range e.Heldout {
		cases.Episodes = append(cases.Episodes, model.SeedOf(model.Seed(t.config.Seed).Draw(model.PurposeHeldout, 0, uint32(i), 0)))
	}
	return cases, e.HeldoutEvery
}

// device is a CPU.
func (t *CarRacing) device(e configs.Execution) (Device, error) {
	return DriverDevice(t.Policy, t.layout, e.Device, e.Precision, e.Application, e.Threads)
}

// DriverDevice chooses where a policy drives: a CPU.
func DriverDevice(p model.ConvPolicy, layout *model.Layout, name, precision, application string, threads int) (Device, error) {
	if name = strings.TrimSpace(name); name == "auto" || name == "" {
		name = "cpu"
	}
	if strings.HasPrefix(name, "cuda") {
		return Device{}, errorf(BadDevice, "device: %s: carracing is evaluated on the CPU: choose cpu or auto", name)
	}
	d, err := ChooseDevice(name, precision, application, threads)
	if err != nil || d.Precision != "fp32" {
		return d, err
	}
	plan, err := carracing.PlanOf(p, layout, conv.Application(application))
	if err != nil {
		return d, as(BadConfig, err)
	}
	d.Plan = plan.Signature()
	return d, nil
}

func (t *CarRacing) bind(d Device, _ int) (Engine, error) {
	return d.driver(t.Policy, t.layout, t.Environment, t.Limits)
}

func (*CarRacing) work(e Engine, _ int, _ model.Cases) Work {
	episodes, steps := e.(counter).Played()
	return Work{episodes, steps}
}

func (t *CarRacing) sample() model.Cases {
	const episodes = 16 // of a founder, who soon stands still
	cases := model.Cases{Count: episodes}
	for i := range episodes {
		cases.Episodes = append(cases.Episodes, model.Seed(i))
	}
	return cases
}

// cost takes all episodes to go on to the step limit.
func (t *CarRacing) cost(individuals, generations, threads int, rate float64) Cost {
	e := t.config.CarRacing.Episodes
	episodes := individuals*e.All + generations*e.Finalists*e.More
	return Cost{
		Episodes: episodes, StepsPerSecond: rate, MemoryBytes: int64(threads) * carracing.WorkerBytes,
		units: float64(episodes) * float64(t.Limits.MaxSteps),
	}
}

// tolerance has no bound: the smallest difference in steering may decide
// whether a wheel comes to the next tile.
func (*CarRacing) tolerance(_, _ string) float64 { return math.Inf(1) }

func importPolicy(f *model.TensorFile) (*Network, error) {
	p, err := model.ImportConvPolicy(f, model.Initialisation{}, model.MutationRates{})
	if err != nil {
		return nil, err
	}
	return &Network{p.ConvPolicy, p.Layout, p.Genotype}, nil
}

// Driver is a policy at the wheel: its engine has it in slot 0.
func (n *Network) Driver(d Device, env carracing.Options, limits carracing.Limits) (*carracing.CPU, error) {
	p, err := n.Policy()
	if err == nil {
		err = as(BadData, carracing.CheckPolicy(p))
	}
	if err != nil {
		return nil, err
	}
	engine, err := d.driver(p, n.Layout, env, limits)
	if err != nil {
		return nil, err
	}
	return engine, engine.Import(0, n.Genotype)
}

// Drive lets a policy play the episodes of the seeds, once each.
func (n *Network) Drive(ctx context.Context, d Device, env carracing.Options, limits carracing.Limits, seeds []model.Seed) ([]carracing.Outcome, error) {
	engine, err := n.Driver(d, env, limits)
	if err != nil {
		return nil, err
	}
	return engine.Episodes(ctx, model.Candidate{Parent: 0}, seeds)
}
