package main

import (
	"fmt"
	"math"

	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/run"
	"github.com/evorank/evorank/task/lm"
	"github.com/evorank/evorank/task/lm/tokenizer"
	"github.com/urfave/cli/v2"
)

func generateCommand() *cli.Command {
	return &cli.Command{
		Name:      "generate",
		Usage:     "sample text from a run's individual or a weight file",
		ArgsUsage: "[RUN]",
		Description: "Without --device, in float64 on the CPU. Any other device or precision is asked for the\n" +
			"losses of all continuations, token by token: a check of that device, and slower.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "weights", Usage: "safetensors `FILE` instead of a run"},
			&cli.StringFlag{Name: "tokenizer", Usage: "Hugging Face tokenizer.json `FILE` (default: the run's)", EnvVars: []string{"EVORANK_TOKENIZER"}},
			&cli.StringFlag{Name: "prompt", Usage: "text to continue"},
			&cli.Float64Flag{Name: "temperature", Value: 1, Usage: "0 always takes the likeliest token"},
			&cli.IntFlag{Name: "top-k", Usage: "draw among the `K` likeliest tokens (default: all)"},
			&cli.IntFlag{Name: "max-tokens", Value: 100, Usage: "length of a text"},
			&cli.IntFlag{Name: "n", Value: 1, Usage: "number of texts"},
			&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "of the draws"},
			&cli.StringFlag{Name: "device", Value: "cpu", Usage: "auto, cpu, cuda or cuda:1"},
			&cli.StringFlag{Name: "precision", Value: "auto", Usage: "as of eval; auto: fp64 on the CPU, fp32 on a GPU"},
			&cli.BoolFlag{Name: "json", Usage: "one JSON object a text"},
		}, individualFlags()...),
		Action: generateAction,
	}
}

func generateAction(c *cli.Context) error {
	if t := c.Float64("temperature"); !(t >= 0) || math.IsInf(t, 1) {
		return usagef("generate: --temperature %v: want a number of 0 or more", t)
	}
	if err := positive(c, "top-k", "max-tokens", "n"); err != nil {
		return err
	}
	s, err := chooseSubject(c)
	if err != nil {
		return err
	}
	t, err := s.loadTokenizer(c)
	if err != nil {
		return err
	}
	w, err := s.writer(c)
	if err != nil {
		return byKind(err)
	}
	defer w.Close()
	sampling := lm.Sampling{
		Temperature: c.Float64("temperature"), TopK: c.Int("top-k"), MaxTokens: c.Int("max-tokens"),
		EndOfText: endOfText(t), Seed: model.Seed(c.Uint64("seed")),
	}
	prompt, covered := t.AppendCovered(nil, c.String("prompt"))
	if covered.Unknown > 0 {
		runOptions(c).Warn(fmt.Sprintf("prompt: %d of %d %s are unknown to the tokenizer", covered.Unknown, covered.Units, t.Unit()))
	}
	for i := range c.Int("n") {
		drawn, err := w.Sample(prompt, i, sampling)
		if err != nil {
			return byKind(err)
		}
		if err := printText(c, t, append(prompt[:len(prompt):len(prompt)], drawn...)); err != nil {
			return err
		}
	}
	return nil
}

// writer binds the subject's network to the device that the flags name.
func (s subject) writer(c *cli.Context) (*run.Writer, error) {
	precision := c.String("precision")
	if c.String("device") == "cpu" && precision == "auto" {
		precision = "fp64"
	}
	d, err := run.ChooseDevice(c.String("device"), precision, "auto", 0)
	if err != nil {
		return nil, err
	}
	return s.network.Writer(c.Context, d)
}

func printText(c *cli.Context, t *tokenizer.Tokenizer, labels []int32) error {
	text, err := t.Decode(labels)
	if err != nil {
		return dataError(err)
	}
	if c.Bool("json") {
		return printJSON(c, map[string]any{"text": text, "labels": labels})
	}
	_, err = fmt.Fprintln(c.App.Writer, text)
	return err
}

// endOfText is the label that ends a sampled text, if the tokenizer has one.
func endOfText(t *tokenizer.Tokenizer) int32 {
	label, _ := t.EndOfText()
	return label
}
