package main

import (
	"fmt"
	"runtime"
	"time"

	"github.com/evorank/evorank/bench"
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/kernels/vector"
	"github.com/evorank/evorank/task/lm/text"
	"github.com/evorank/evorank/task/lm/tokenizer"
	"github.com/urfave/cli/v2"
)

func benchCommand() *cli.Command {
	return &cli.Command{
		Name:  "bench",
		Usage: "check, then time: throughput beside named baselines",
		Subcommands: []*cli.Command{{
			Name: "lm", Usage: "language-model evaluation at the paper's network sizes",
			Description: "Without --data, on random stories of TinyStories' lengths. With --data, --tokenizer and\n" +
				"--python, PyTorch and JAX are timed in the same run on the same stories.",
			Flags: []cli.Flag{
				&cli.StringFlag{Name: "data", Usage: "`FILE` of stories", EnvVars: []string{"EVORANK_DATA"}},
				tokenizerFlag(),
				&cli.IntFlag{Name: "stories", Value: 128, Usage: "how many, evenly spaced by length"},
				&cli.IntFlag{Name: "individuals", Value: 16, Usage: "founders, each made from its seed"},
				&cli.IntSliceFlag{Name: "threads", Usage: "to be repeated (default: 1, and all cores)"},
				&cli.StringSliceFlag{Name: "isa", Usage: "avx512, avx2 or generic; to be repeated (default: the best here)"},
				&cli.IntFlag{Name: "repeat", Value: 5, Usage: "runs of which the median counts"},
				&cli.StringFlag{Name: "python", Usage: "`INTERPRETER` that has torch, jax, tokenizers and safetensors: run the baselines too"},
				&cli.BoolFlag{Name: "json", Usage: "one JSON object a row"},
			},
			Action: benchLM,
		}, benchCarRacingCommand()},
	}
}

func benchLM(c *cli.Context) error {
	o, err := benchOptions(c)
	if err != nil {
		return err
	}
	stories, vocab, err := benchStories(c)
	if err != nil {
		return err
	}
	networks := bench.PaperNetworks(vocab)
	show := func(r bench.Row) {
		if c.Bool("json") {
			printJSON(c, r)
			return
		}
		fmt.Fprintf(c.App.Writer, "%-14s %d threads  %-62s %9s tokens/s  %8.1f ms  error %.1e\n",
			r.Network, r.Threads, r.Implementation, thousands(r.TokensPerSecond), 1000*r.Seconds, r.LargestError)
	}
	if !c.Bool("json") {
		fmt.Fprintf(c.App.Writer, "evorank %s, %s, %d individuals, %d stories, %d targets each\n",
			version(), cpuName(), o.Individuals, stories.Len(), stories.Targets(0, stories.Len()))
	}
	ours, err := bench.LM(c.Context, networks, stories, o, show)
	if err != nil || c.String("python") == "" {
		return err
	}
	if c.String("data") == "" {
		return usagef("bench: --python needs --data and --tokenizer: the baselines read text")
	}
	theirs, err := bench.Baselines(c.Context, c.String("python"), networks, bench.Source{Text: c.String("data"), Tokenizer: c.String("tokenizer")}, c.Int("stories"), o, show)
	if err != nil {
		return err
	}
	if !c.Bool("json") {
		printRatios(c, ours, theirs)
	}
	return nil
}

// printRatios compares each of our rows with the best baseline of its kind.
func printRatios(c *cli.Context, ours, theirs []bench.Row) {
	for _, r := range ours {
		best := bench.Row{}
		for _, b := range theirs {
			if b.Network == r.Network && b.Threads == r.Threads && b.TokensPerSecond > best.TokensPerSecond {
				best = b
			}
		}
		if best.TokensPerSecond > 0 {
			fmt.Fprintf(c.App.Writer, "%-14s %d threads  %s: %.2f times %s\n", r.Network, r.Threads, r.Implementation, r.TokensPerSecond/best.TokensPerSecond, best.Implementation)
		}
	}
}

func benchOptions(c *cli.Context) (bench.Options, error) {
	o := bench.Options{Individuals: c.Int("individuals"), Threads: c.IntSlice("threads"), Repeat: c.Int("repeat"), Application: transformer.Auto, Now: time.Now}
	if o.Individuals < 1 || o.Repeat < 1 || c.Int("stories") < 1 {
		return o, usagef("bench: --individuals, --stories and --repeat must be at least 1")
	}
	if len(o.Threads) == 0 {
		o.Threads = []int{1}
		if n := runtime.GOMAXPROCS(0); n > 1 {
			o.Threads = append(o.Threads, n)
		}
	}
	for _, name := range c.StringSlice("isa") {
		isa, err := vector.ParseISA(name)
		if err != nil {
			return o, withCode(exitDevice, err)
		}
		o.ISAs = append(o.ISAs, isa)
	}
	if len(o.ISAs) == 0 {
		o.ISAs = []vector.ISA{vector.BestISA()}
	}
	return o, nil
}

// paperVocabulary is that of the paper's tokenizer, for stories without text.
const paperVocabulary = 2051

// benchStories returns what is evaluated, and the model vocabulary.
func benchStories(c *cli.Context) (transformer.Sequences, int, error) {
	if c.String("data") == "" {
		return bench.Synthetic(c.Int("stories"), paperVocabulary), paperVocabulary, nil
	}
	if err := need(c, "tokenizer"); err != nil {
		return transformer.Sequences{}, 0, err
	}
	t, err := tokenizer.Load(c.String("tokenizer"))
	if err != nil {
		return transformer.Sequences{}, 0, dataError(err)
	}
	all, err := text.Load(text.Source{Path: c.String("data")}, text.Encoding{Tokenizer: t, EndOfText: true}, "")
	if err != nil {
		return transformer.Sequences{}, 0, dataError(err)
	}
	return bench.Spread(transformer.Sequences{IDs: all.IDs, Start: all.Start}, c.Int("stories")), t.Vocabulary(), nil
}
