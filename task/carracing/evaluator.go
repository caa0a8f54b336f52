package carracing

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"

	"github.com/evorank/evorank/kernels/conv"
	"github.com/evorank/evorank/kernels/vector"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/population"
)

// Evaluation chooses how a CPU evaluator plays and computes.
type Evaluation struct {
	Threads     int    // 0: all that the process may use
	Precision   string // fp64 or fp32, of the policies
	Application conv.Application
	ISA         vector.ISA // of fp32
	Environment Options
	Limits      Limits
}

// TrainingEvaluation is that of training: Gymnasium's environment, the paper's
// limits, float32, the fastest instructions.
func TrainingEvaluation() Evaluation {
	return Evaluation{
		Precision: "fp32", Application: conv.Auto, ISA: vector.BestISA(),
		Environment: DefaultOptions(), Limits: TrainingLimits(),
	}
}

// CPU lets candidates drive, with all cores. It implements evolve.Evaluator: a
// candidate's fitness is its mean return per episode. An episode depends on the
// candidate and its seed alone.
//
// An episode's seed is the environment's: the track of model.Seed s is that of
// Gymnasium's reset(seed=s), which takes any non-negative whole number.
type CPU struct {
	*population.CPU // the parents: Restore, Import, Export
	plan            conv.Plan
	workers         []*worker
	played          played
}

// played counts what an evaluation has done so far.
type played struct{ episodes, steps atomic.Int64 }

// Outcome is an episode that has ended.
type Outcome struct {
	Seed   model.Seed `json:"seed"`
	Return float64    `json:"return"` // sum of rewards
	Steps  int        `json:"steps"`
	Tiles  int        `json:"tiles"` // visited
	End    End        `json:"end"`
}

// End says why an episode ended.
type End string

const (
	EndLap      End = "lap"              // all tiles visited, or by the lap rule
	EndAborted  End = "left the field"   // with -100
	EndSteps    End = "step limit"       // Limits.MaxSteps
	EndNegative End = "negative rewards" // Limits.NegativeRewards: the early stop
)

// NewCPU returns an evaluator without parents.
func NewCPU(policy model.ConvPolicy, layout *model.Layout, o Evaluation) (*CPU, error) {
	if err := CheckPolicy(policy); err != nil {
		return nil, err
	}
	if o.Limits.MaxSteps < 1 {
		return nil, fmt.Errorf("carracing: limits: %d steps: an episode must end", o.Limits.MaxSteps)
	}
	if o.Precision != "fp32" && o.Precision != "fp64" {
		return nil, fmt.Errorf("carracing: precision %q is none of fp32, fp64", o.Precision)
	}
	plan, err := PlanOf(policy, layout, o.Application)
	if err != nil {
		return nil, err
	}
	threads := o.Threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	e := &CPU{CPU: population.NewCPU(layout), plan: plan}
	for range threads {
		w := newWorker(policy, layout, plan, o)
		w.played = &e.played
		e.workers = append(e.workers, w)
	}
	return e, nil
}

// PlanOf says how a policy is computed in float32, layer by layer.
func PlanOf(policy model.ConvPolicy, layout *model.Layout, application conv.Application) (conv.Plan, error) {
	ranks := conv.Bind(policy, layout, make([]float32, layout.Genotype), make([]float32, layout.Phenotype)).Ranks()
	plan, err := conv.NewPlan(policy, ranks, application)
	if err != nil {
		return nil, fmt.Errorf("carracing: %w", err)
	}
	return plan, nil
}

// Plan says how policies are computed, layer by layer; a cost counts
// multiply-adds of 16 lanes.
func (e *CPU) Plan() conv.Plan { return e.plan }

// Played returns how many episodes have ended, and how many steps were driven,
// in the present evaluation or the last one. It may be called from anywhere.
func (e *CPU) Played() (episodes, steps int64) {
	return e.played.episodes.Load(), e.played.steps.Load()
}

// Close has nothing to give back.
func (e *CPU) Close() error { return nil }

// Adopt makes the candidates the parents.
func (e *CPU) Adopt(_ context.Context, candidates []model.Candidate) ([]model.Digest, error) {
	return e.CPU.Adopt(candidates)
}

// Evaluate returns each candidate's mean return over its episodes.
func (e *CPU) Evaluate(ctx context.Context, candidates []model.Candidate, cases model.Cases) ([]model.Fitness, error) {
	outcomes, err := e.PerEpisode(ctx, candidates, cases)
	if err != nil {
		return nil, err
	}
	fitness := make([]model.Fitness, len(candidates))
	for i := range fitness {
		sum := 0.0
		for _, o := range outcomes[i*cases.Count : (i+1)*cases.Count] {
			sum += o.Return
		}
		fitness[i] = model.Fitness(sum / float64(cases.Count))
	}
	return fitness, nil
}

// PerEpisode lets each candidate play its episodes and returns how they ended,
// in the order of cases.Episodes.
func (e *CPU) PerEpisode(ctx context.Context, candidates []model.Candidate, cases model.Cases) ([]Outcome, error) {
	if n := len(candidates) * cases.Count; cases.Count < 1 || n != len(cases.Episodes) {
		return nil, fmt.Errorf("carracing: evaluate: %d episodes for %d candidates of %d each", len(cases.Episodes), len(candidates), cases.Count)
	}
	e.played.episodes.Store(0)
	e.played.steps.Store(0)
	outcomes := make([]Outcome, len(cases.Episodes))
	groups := (cases.Count + lockStep - 1) / lockStep
	err := e.each(ctx, len(candidates)*groups, func(w *worker, item int) error {
		candidate, group := item/groups, item%groups
		if err := w.become(e, candidate, candidates[candidate]); err != nil {
			return err
		}
		first := candidate*cases.Count + group*lockStep
		end := min(first+lockStep, (candidate+1)*cases.Count)
		return w.play(ctx, cases.Episodes[first:end], outcomes[first:end])
	})
	return outcomes, err
}

// Episodes lets one candidate play the episodes of the seeds.
func (e *CPU) Episodes(ctx context.Context, c model.Candidate, seeds []model.Seed) ([]Outcome, error) {
	return e.PerEpisode(ctx, []model.Candidate{c}, model.Cases{Count: len(seeds), Episodes: seeds})
}

// Watch lets one candidate play one episode exactly as PerEpisode does. It
// calls see after the reset and after every step, with the action that was
// taken (none after the reset), and stops at its error.
func (e *CPU) Watch(ctx context.Context, c model.Candidate, seed model.Seed, see func(*Episode, Action) error) (Outcome, error) {
	w := e.workers[0]
	w.candidate = -1
	if err := w.become(e, 0, c); err != nil {
		return Outcome{}, err
	}
	outcome := make([]Outcome, 1)
	w.see = see
	err := w.play(ctx, []model.Seed{seed}, outcome)
	w.see = nil
	return outcome[0], err
}

// outcome describes an episode that is done.
func (p *Episode) outcome(seed model.Seed) Outcome {
	o := Outcome{Seed: seed, Return: p.Return, Steps: p.Progress.Steps, Tiles: int(p.Env.Visited), End: EndNegative}
	switch {
	case p.Last.Lap == LapFinished:
		o.End = EndLap
	case p.Last.Lap == LapAborted:
		o.End = EndAborted
	case p.Limits.MaxSteps > 0 && p.Progress.Steps >= p.Limits.MaxSteps:
		o.End = EndSteps
	}
	return o
}
