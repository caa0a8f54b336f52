package main

import (
	"fmt"
	"math"

	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/task/lm"
	"github.com/evorank/evorank/task/lm/tokenizer"
	"github.com/urfave/cli/v2"
)

func generateCommand() *cli.Command {
	return &cli.Command{
		Name:      "generate",
		Usage:     "sample text from a run's individual or a weight file",
		ArgsUsage: "[RUN]",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "weights", Usage: "safetensors `FILE` instead of a run"},
			&cli.StringFlag{Name: "tokenizer", Usage: "Hugging Face tokenizer.json `FILE` (default: the run's)", EnvVars: []string{"EVORANK_TOKENIZER"}},
			&cli.StringFlag{Name: "prompt", Usage: "text to continue"},
			&cli.Float64Flag{Name: "temperature", Value: 1, Usage: "0 always takes the likeliest token"},
			&cli.IntFlag{Name: "top-k", Usage: "draw among the `K` likeliest tokens", DefaultText: "all"},
			&cli.IntFlag{Name: "max-tokens", Value: 100, Usage: "length of a text"},
			&cli.IntFlag{Name: "n", Value: 1, Usage: "number of texts"},
			&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "of the draws"},
			&cli.BoolFlag{Name: "json", Usage: "one JSON object a text"},
		}, individualFlags()...),
		Action: generateAction,
	}
}

func generateAction(c *cli.Context) error {
	if t := c.Float64("temperature"); !(t >= 0) || math.IsInf(t, 1) || c.Int("top-k") < 0 || c.Int("max-tokens") < 1 || c.Int("n") < 1 {
		return usagef("generate: --temperature and --top-k must be numbers that are not negative, --max-tokens and --n at least 1")
	}
	s, err := chooseSubject(c)
	if err != nil {
		return err
	}
	t, err := s.loadTokenizer(c)
	if err != nil {
		return err
	}
	sampling := lm.Sampling{
		Temperature: c.Float64("temperature"), TopK: c.Int("top-k"), MaxTokens: c.Int("max-tokens"),
		EndOfText: endOfText(t), Seed: model.Seed(c.Uint64("seed")),
	}
	prompt := t.Encode(c.String("prompt"))
	for i := range c.Int("n") {
		labels := append(prompt[:len(prompt):len(prompt)], s.network.Sample(prompt, i, sampling)...)
		text, err := t.Decode(labels)
		if err != nil {
			return dataError(err)
		}
		if c.Bool("json") {
			err = printJSON(c, map[string]any{"text": text, "labels": labels})
		} else {
			_, err = fmt.Fprintln(c.App.Writer, text)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// endOfText is the label that ends a sampled text, if the tokenizer has one.
func endOfText(t *tokenizer.Tokenizer) int32 {
	label, _ := t.EndOfText()
	return label
}
