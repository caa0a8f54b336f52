package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/evorank/evorank/bench"
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/kernels/vector"
	"github.com/urfave/cli/v2"
)

func benchLMCommand() *cli.Command {
	return &cli.Command{
		Name: "lm", Usage: "language-model evaluation at the paper's network sizes, or others",
		Description: "Without --data, on random stories of TinyStories' lengths. With --python, PyTorch and JAX are\n" +
			"timed in the same run on the same stories, and on a GPU on the same networks in the same\n" +
			"precisions, whose losses must agree first (on the CPU they read text: give --data and\n" +
			"--tokenizer). Several numbers in --populations or --stories time every combination.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "data", Usage: "`FILE` of stories", EnvVars: []string{"EVORANK_DATA"}},
			tokenizerFlag(),
			&cli.StringFlag{Name: "stories", Usage: "how many, evenly spaced by length; separated by commas", DefaultText: "128 on the CPU, 1012 on a GPU"},
			&cli.StringFlag{Name: "populations", Usage: "founders, each made from its seed; separated by commas", DefaultText: "16 on the CPU, 512 on a GPU"},
			networkFlag(), hiddenFlag(),
			&cli.StringSliceFlag{Name: "precision", Usage: "of a GPU; to be repeated", DefaultText: "fp16 if the network can be evaluated in it, else fp32"},
			threadsFlag(),
			&cli.StringSliceFlag{Name: "isa", Usage: "avx512, avx2, neon or generic; to be repeated (default: the best here)"},
			&cli.IntFlag{Name: "repeat", Value: 5, Usage: "runs of which the median counts"},
			&cli.StringFlag{Name: "python", Usage: "`INTERPRETER` that has torch, jax, tokenizers and safetensors: run the baselines too"},
			&cli.StringSliceFlag{Name: "baseline", Usage: "only those that begin so, such as PyTorch; to be repeated"},
			&cli.DurationFlag{Name: "limit", Usage: "for each program of the baselines: one that takes longer is marked, and the rest goes on", DefaultText: "none"},
			&cli.IntFlag{Name: "generations", Usage: "time so many whole generations too, from seeds to the lineage on the disk"},
			deviceFlag(),
			&cli.BoolFlag{Name: "json", Usage: "one JSON object a row"},
		},
		Action: benchLM,
	}
}

// lmBench is what was asked for.
type lmBench struct {
	place
	networks             []bench.Network
	populations, stories []int
	repeated             int                     // whole generations, if any
	precisions           []transformer.Precision // none: the fast one
	python               bench.Python
	source               bench.Source
	options              bench.Options
	vocab                int
	pick                 func(n int) transformer.Sequences // that many stories
	show                 func(bench.Row)
}

func benchLM(c *cli.Context) error {
	b, err := newLMBench(c)
	if err != nil {
		return err
	}
	ctx, stop := benchContext(c)
	defer stop()
	ours, theirs, err := b.evaluations(ctx)
	if err != nil {
		return err
	}
	if len(theirs) > 0 && !c.Bool("json") {
		showRatios(c, ours, theirs)
	}
	if b.repeated > 0 {
		if err := b.generations(ctx, c); err != nil {
			return err
		}
	}
	return missing(theirs)
}

// evaluations times every combination of populations and stories.
func (b *lmBench) evaluations(ctx context.Context) (ours, theirs []bench.Row, err error) {
	for _, population := range b.populations {
		for _, n := range b.stories {
			stories, o := b.pick(n), b.options
			o.Individuals = population
			mine, err := b.ours(ctx, stories, o)
			if err != nil {
				return nil, nil, err
			}
			others, err := b.theirs(ctx, stories, mine, o)
			if err != nil {
				return nil, nil, err
			}
			ours, theirs = append(ours, mine...), append(theirs, others...)
		}
	}
	return ours, theirs, nil
}

// missing is an error if a framework that was asked for has not one row.
func missing(theirs []bench.Row) error {
	for _, r := range theirs {
		ran := func(o bench.Row) bool { return o.Framework == r.Framework && o.Failure == "" }
		if r.Failure != "" && !slices.ContainsFunc(theirs, ran) {
			return fmt.Errorf("bench: baseline: %s: %s", r.Framework, r.Failure)
		}
	}
	return nil
}

func (b *lmBench) ours(ctx context.Context, stories transformer.Sequences, o bench.Options) ([]bench.Row, error) {
	if !b.selection.CUDA {
		return bench.LM(ctx, b.networks, stories, o, b.show)
	}
	var rows []bench.Row
	for _, n := range b.networks {
		more, err := bench.LMOnGPU(ctx, b.card, b.precisionsOf(n, stories), []bench.Network{n}, stories, o, b.show)
		if err != nil {
			return rows, withCode(exitDevice, err)
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// precisionsOf are those asked for, or the fast one.
func (b *lmBench) precisionsOf(n bench.Network, stories transformer.Sequences) []transformer.Precision {
	if len(b.precisions) > 0 {
		return b.precisions
	}
	longest := 0
	for i := range stories.Len() {
		longest = max(longest, len(stories.At(i))-1)
	}
	return []transformer.Precision{transformer.FastPrecision(n.Spec, b.infos[0], longest)}
}

func (b *lmBench) theirs(ctx context.Context, stories transformer.Sequences, ours []bench.Row, o bench.Options) ([]bench.Row, error) {
	switch {
	case b.python.Interpreter == "":
		return nil, nil
	case b.selection.CUDA:
		return bench.GPUBaselines(ctx, b.python, b.networks, stories, ours, o, b.show)
	}
	return bench.Baselines(ctx, b.python, b.networks, b.source, stories, o, b.show)
}

// newLMBench reads the flags, and opens what they name.
func newLMBench(c *cli.Context) (*lmBench, error) {
	b := &lmBench{
		python: bench.Python{Interpreter: c.String("python"), Forms: c.StringSlice("baseline"), Limit: c.Duration("limit")}, source: bench.Source{Text: c.String("data"), Tokenizer: c.String("tokenizer")},
		options: bench.Options{Repeat: c.Int("repeat"), Application: transformer.Auto, Now: time.Now},
		show:    func(r bench.Row) { showRow(c, r) },
	}
	err := b.readOptions(c)
	if err != nil {
		return nil, err
	}
	if b.place, err = choosePlace(c); err != nil {
		return nil, err
	}
	if err := b.readSizes(c); err != nil {
		return nil, err
	}
	if err := b.python.Check(b.selection.CUDA); err != nil {
		return nil, usageError(err)
	}
	if b.python.Interpreter != "" && !b.selection.CUDA && b.source.Text == "" {
		return nil, usagef("bench: --python needs --data and --tokenizer on the CPU: the baselines there read text")
	}
	if err := b.readStories(c); err != nil {
		return nil, err
	}
	if b.networks, err = benchNetworks(c, b.vocab); err != nil {
		return nil, err
	}
	b.title(c, "from seeds to losses, medians; the error is the largest of a story's loss against float64, of a baseline against ours")
	return b, nil
}

// readOptions reads what does not depend on the device.
func (b *lmBench) readOptions(c *cli.Context) (err error) {
	if _, err = repeatClock(c); err != nil {
		return err
	}
	if b.options.Threads, err = threadNumbers(c); err != nil {
		return err
	}
	for _, name := range c.StringSlice("isa") {
		isa, err := vector.ParseISA(name)
		if err != nil {
			return withCode(exitDevice, err)
		}
		b.options.ISAs = append(b.options.ISAs, isa)
	}
	if len(b.options.ISAs) == 0 {
		b.options.ISAs = []vector.ISA{vector.BestISA()}
	}
	for _, name := range c.StringSlice("precision") {
		p, err := transformer.ParsePrecision(name)
		if err != nil {
			return usageError(err)
		}
		b.precisions = append(b.precisions, p)
	}
	return nil
}

// readSizes reads what has another default on a GPU.
func (b *lmBench) readSizes(c *cli.Context) (err error) {
	b.populations, b.stories = []int{16}, []int{128}
	if b.selection.CUDA {
		b.populations, b.stories = []int{512}, []int{1012}
	} else if len(b.precisions) > 0 {
		return usagef("bench: --precision is of a GPU: the CPU computes in fp32")
	}
	if c.IsSet("populations") {
		if b.populations, err = wholeNumbers(c, "populations"); err != nil {
			return err
		}
	}
	if c.IsSet("stories") {
		if b.stories, err = wholeNumbers(c, "stories"); err != nil {
			return err
		}
	}
	b.repeated = c.Int("generations")
	if least := slices.Min(b.populations); b.repeated < 0 || b.repeated > 0 && least < 17 {
		return usagef("bench: --generations %d --populations %d: want at least 1 generation of 17, of whom 16 survive", b.repeated, least)
	}
	return nil
}
