package bench

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/evorank/evorank/kernels/develop"
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/kernels/vector"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/task/lm"
)

// Options says what is timed.
type Options struct {
	Individuals int
	Threads     []int        // of a CPU
	ISAs        []vector.ISA // of a CPU
	Application transformer.Application
	Repeat      int
	Now         func() time.Time
}

// Row is one line of the table: how one implementation evaluated a population.
type Row struct {
	Network        string  `json:"network"`
	Hidden         int     `json:"hidden"`
	Framework      string  `json:"framework"`
	Implementation string  `json:"implementation"`
	Precision      string  `json:"precision"`
	Threads        int     `json:"threads,omitempty"` // of a CPU
	Individuals    int     `json:"individuals"`
	Stories        int     `json:"stories"`
	Tokens         int64   `json:"scored_tokens"`
	Seconds        float64 `json:"median_seconds"`

	TokensPerSecond       float64 `json:"tokens_per_second"`
	ExponentialsPerSecond float64 `json:"exponentials_per_second"`
	FLOPPerSecond         float64 `json:"flop_per_second"`
	// Shares of what was measured on the same card in the same run.
	OfExponentialCeiling float64 `json:"of_exponential_ceiling,omitempty"`
	OfTensorCeiling      float64 `json:"of_tensor_ceiling,omitempty"`

	LargestError float64 `json:"largest_loss_error"`
	Failure      string  `json:"failure,omitempty"` // why there are no numbers

	losses []float64 // of each individual
}

// LM checks and times every network on every instruction set and number of
// threads.
func LM(ctx context.Context, networks []Network, stories transformer.Sequences, o Options, show func(Row)) ([]Row, error) {
	var rows []Row
	for _, n := range networks {
		c, err := newCheck(n, stories)
		if err != nil {
			return nil, err
		}
		for _, isa := range o.ISAs {
			for _, threads := range o.Threads {
				engine, err := lm.NewCPU(n.Spec, c.layout, c.data(stories), lm.Options{Threads: threads, Precision: "fp32", Application: o.Application, ISA: isa})
				if err != nil {
					return nil, err
				}
				row := Row{Network: n.Name, Hidden: n.Spec.Hidden, Framework: "evorank", Implementation: string(isa), Precision: "fp32", Threads: threads}
				if err := row.measure(ctx, engine, c, n.Spec, stories, lm.Tolerance(transformer.FP32), o); err != nil {
					return nil, fmt.Errorf("bench: %s: %s: %w", n.Name, isa, err)
				}
				rows = append(rows, row)
				show(row)
			}
		}
	}
	return rows, nil
}

// check is what must come out before anything is timed: the first founder's
// losses on some of the stories, by the float64 reference.
type check struct {
	layout  *model.Layout
	stories transformer.Sequences
	want    []float64
}

// checkedFLOP bounds the time that the reference takes: about a second.
const checkedFLOP = 5e8

func newCheck(n Network, stories transformer.Sequences) (check, error) {
	layout, err := n.layout()
	if err != nil {
		return check{}, err
	}
	c := check{layout: layout, stories: affordable(n.Spec, stories)}
	genotype, phenotype := make([]float32, layout.Genotype), make([]float32, layout.Phenotype)
	develop.Rebuild(genotype, layout, model.Genome{founders(1)[0].Gene})
	develop.Phenotype(phenotype, genotype, layout)
	c.want = make([]float64, c.stories.Len())
	transformer.NewReference(lm.Bind(n.Spec, layout, genotype, phenotype)).Losses(c.stories, 0, len(c.want), c.want)
	return c, nil
}

// affordable picks up to eight stories of all lengths, or at least the
// shortest.
func affordable(s model.Transformer, stories transformer.Sequences) transformer.Sequences {
	for n := min(8, stories.Len()); n > 1; n /= 2 {
		if some := Spread(stories, n); WorkOf(s, some).FLOP <= checkedFLOP {
			return some
		}
	}
	shortest := stories.At(0)
	for i := range stories.Len() {
		if s := stories.At(i); len(s) < len(shortest) {
			shortest = s
		}
	}
	return transformer.Pack(shortest)
}

// data gives an evaluator the checked stories besides those that are timed.
func (c check) data(stories transformer.Sequences) lm.Data {
	return lm.Data{Train: stories, Heldout: c.stories}
}

// largestError compares the first founder's losses with the reference's.
func (c check) largestError(ctx context.Context, e evaluator) (float64, error) {
	got, err := e.PerStory(ctx, founders(1)[0], model.Cases{Count: len(c.want), Heldout: true})
	if err != nil {
		return 0, err
	}
	largest := 0.0
	for i := range c.want {
		largest = max(largest, math.Abs(got[i]-c.want[i])) // NaN stays
	}
	return largest, nil
}

// evaluator is what is timed.
type evaluator interface {
	Evaluate(context.Context, []model.Candidate, model.Cases) ([]model.Fitness, error)
	PerStory(context.Context, model.Candidate, model.Cases) ([]float64, error)
}

// measure compares with the reference, then takes the median of several runs.
func (r *Row) measure(ctx context.Context, e evaluator, c check, spec model.Transformer, stories transformer.Sequences, tolerance float64, o Options) error {
	var err error
	if r.LargestError, err = c.largestError(ctx, e); err != nil {
		return err
	}
	if !(r.LargestError <= tolerance) {
		return fmt.Errorf("a story's loss differs from the reference by %g, more than %g: nothing is timed", r.LargestError, tolerance)
	}
	cs, cases := founders(o.Individuals), model.Cases{Count: stories.Len()}
	var seconds []float64
	for range o.Repeat {
		begun := o.Now()
		fitness, err := e.Evaluate(ctx, cs, cases)
		if err != nil {
			return err
		}
		seconds = append(seconds, o.Now().Sub(begun).Seconds())
		r.losses = negated(fitness)
	}
	r.Individuals, r.Stories = o.Individuals, stories.Len()
	r.rates(WorkOf(spec, stories), median(seconds))
	return nil
}

// rates fills in what follows from the time.
func (r *Row) rates(each Work, seconds float64) {
	w := each.times(r.Individuals)
	r.Tokens, r.Seconds = w.Tokens, seconds
	r.TokensPerSecond = float64(w.Tokens) / seconds
	r.ExponentialsPerSecond = float64(w.Exponentials) / seconds
	r.FLOPPerSecond = float64(w.FLOP) / seconds
}

func negated(fitness []model.Fitness) []float64 {
	losses := make([]float64, len(fitness))
	for i, f := range fitness {
		losses[i] = -float64(f)
	}
	return losses
}

// median returns the middle one, the upper of two.
func median(xs []float64) float64 {
	sorted := slices.Sorted(slices.Values(xs))
	return sorted[len(sorted)/2]
}
