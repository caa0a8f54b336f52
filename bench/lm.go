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

// Network is a named size and encoding of the paper.
type Network struct {
	Name      string
	Mode      string // as the baselines name it; "" where they have no such case
	Spec      model.Transformer
	Encodings model.TransformerEncodings
}

// PaperNetworks are the paper's sizes (method 1.5), for a vocabulary.
func PaperNetworks(vocab int) []Network {
	large := model.Transformer{Hidden: 32, Heads: 4, HeadDim: 4, FFN: 128, Blocks: 3, Vocab: vocab, Position: model.Rotary, RotaryDims: 4}
	small := large
	small.Hidden, small.FFN = 4, 16
	ranks := func(embedding, rest int) model.TransformerEncodings {
		e, r := model.Encoding{Kind: model.Factored, Rank: embedding}, model.Encoding{Kind: model.Factored, Rank: rest}
		return model.TransformerEncodings{Embedding: e, Attention: r, FeedForward: r}
	}
	return []Network{
		{"dense", "dense", large, model.TransformerEncodings{}},
		{"factored 32/4", "factored-developed", large, ranks(32, 4)},
		{"factored 4/1", "", large, ranks(4, 1)},
		{"small dense", "", small, model.TransformerEncodings{}},
	}
}

// Options says what is timed.
type Options struct {
	Individuals int
	Threads     []int
	ISAs        []vector.ISA
	Application transformer.Application
	Repeat      int
	Now         func() time.Time
}

// Row is one line of the table.
type Row struct {
	Network         string  `json:"network"`
	Implementation  string  `json:"implementation"`
	Threads         int     `json:"threads"`
	Individuals     int     `json:"individuals"`
	Tokens          int64   `json:"scored_tokens"`
	Seconds         float64 `json:"median_seconds"`
	TokensPerSecond float64 `json:"tokens_per_second"`
	LargestError    float64 `json:"largest_loss_error"` // of an individual's mean loss, against fp64
}

// tolerance is how far a mean loss may lie from the float64 reference's before
// anything is timed: the bound that every single story meets in float32.
const tolerance = 2e-5

// LM checks and times every network on every instruction set and number of
// threads.
func LM(ctx context.Context, networks []Network, stories transformer.Sequences, o Options, show func(Row)) ([]Row, error) {
	var rows []Row
	for _, n := range networks {
		layout, err := n.Spec.Layout(n.Encodings, model.Initialisation{TallConstant: 1, EmbeddingStd: 1, DecoderBiasStd: math.Sqrt2}, model.MutationRates{})
		if err != nil {
			return nil, fmt.Errorf("bench: %s: %w", n.Name, err)
		}
		want := referenceLosses(n.Spec, layout, stories)
		for _, isa := range o.ISAs {
			for _, threads := range o.Threads {
				engine, err := lm.NewCPU(n.Spec, layout, lm.Data{Train: stories}, lm.Options{Threads: threads, Precision: "fp32", Application: o.Application, ISA: isa})
				if err != nil {
					return nil, err
				}
				row := Row{Network: n.Name, Implementation: "evorank " + string(isa), Threads: threads, Individuals: o.Individuals}
				if err := row.measure(ctx, engine, stories, want, o); err != nil {
					return nil, fmt.Errorf("bench: %s: %s: %w", n.Name, isa, err)
				}
				rows = append(rows, row)
				show(row)
			}
		}
	}
	return rows, nil
}

// founders are individuals made from seeds alone.
func founders(n int) []model.Candidate {
	out := make([]model.Candidate, n)
	for i := range out {
		out[i] = model.Candidate{Parent: model.NoParent, Gene: model.Gene{Kind: model.GeneInit, Seed: model.Seed(9000 + i), Multiplier: 1}}
	}
	return out
}

// checkedStories bounds the time that the reference takes.
const checkedStories = 8

// referenceLosses returns the first founder's loss on the first few stories.
func referenceLosses(spec model.Transformer, layout *model.Layout, stories transformer.Sequences) []float64 {
	genotype, phenotype := make([]float32, layout.Genotype), make([]float32, layout.Phenotype)
	develop.Rebuild(genotype, layout, model.Genome{founders(1)[0].Gene})
	develop.Phenotype(phenotype, genotype, layout)
	losses := make([]float64, min(checkedStories, stories.Len()))
	transformer.NewReference(lm.Bind(spec, layout, genotype, phenotype)).Losses(stories, 0, len(losses), losses)
	return losses
}

// measure compares with the reference, then takes the median of several runs.
func (r *Row) measure(ctx context.Context, engine *lm.CPU, stories transformer.Sequences, want []float64, o Options) error {
	cs := founders(o.Individuals)
	got, err := engine.PerStory(ctx, cs[0], model.Cases{Count: len(want)})
	if err != nil {
		return err
	}
	for i := range want {
		r.LargestError = max(r.LargestError, math.Abs(got[i]-want[i]))
	}
	if !(r.LargestError <= tolerance) {
		return fmt.Errorf("a story's loss differs from the reference by %g, more than %g: nothing is timed", r.LargestError, tolerance)
	}
	cases := model.Cases{Count: stories.Len()}
	var seconds []float64
	for range o.Repeat {
		begun := o.Now()
		if _, err := engine.Evaluate(ctx, cs, cases); err != nil {
			return err
		}
		seconds = append(seconds, o.Now().Sub(begun).Seconds())
	}
	slices.Sort(seconds)
	r.Seconds = seconds[len(seconds)/2]
	r.Tokens = int64(o.Individuals) * int64(stories.Targets(0, stories.Len()))
	r.TokensPerSecond = float64(r.Tokens) / r.Seconds
	return nil
}
