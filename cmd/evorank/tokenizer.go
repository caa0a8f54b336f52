package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/evorank/evorank/files"
	"github.com/evorank/evorank/task/lm/text"
	"github.com/evorank/evorank/task/lm/tokenizer"
	"github.com/urfave/cli/v2"
)

func tokenizerCommand() *cli.Command {
	return &cli.Command{
		Name:  "tokenizer",
		Usage: "train a tokenizer, encode and decode text with one",
		Subcommands: []*cli.Command{
			{
				Name: "train", Usage: "learn a BPE (or whole words) from a text and write tokenizer.json",
				Flags: append([]cli.Flag{
					&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "tokenizer.json `FILE` to write"},
					&cli.IntFlag{Name: "vocab", Value: 2048, Usage: "number of labels"},
					forceFlag(),
					&cli.BoolFlag{Name: "words", Usage: "whole words instead of BPE"},
					&cli.BoolFlag{Name: "quiet", Usage: "no progress"},
				}, sourceFlags()...),
				Action: tokenizerTrain,
			},
			{
				Name: "encode", Usage: "print the label ids of each story, one line a story",
				Flags:  append([]cli.Flag{tokenizerFlag(), &cli.BoolFlag{Name: "json", Usage: "each line a JSON array"}}, sourceFlags()...),
				Action: tokenizerEncode,
			},
			{
				Name: "decode", Usage: "print the text of label ids: one line of numbers a story, from standard input",
				Flags: []cli.Flag{tokenizerFlag()}, Action: tokenizerDecode,
			},
		},
	}
}

func tokenizerFlag() cli.Flag {
	return &cli.StringFlag{Name: "tokenizer", Usage: "Hugging Face tokenizer.json `FILE`", EnvVars: []string{"EVORANK_TOKENIZER"}}
}

func sourceFlags() []cli.Flag {
	var out []cli.Flag
	for _, f := range textFlags() {
		if name := f.Names()[0]; name != "tokenizer" && name != "no-eot" {
			out = append(out, f)
		}
	}
	return out
}

// openSource opens the text that the flags name.
func openSource(c *cli.Context) (*text.Reader, error) {
	if err := need(c, "data"); err != nil {
		return nil, err
	}
	if err := choice(c, "format", "auto", "separated", "lines", "jsonl"); err != nil {
		return nil, err
	}
	if c.Int("limit") < 0 {
		return nil, usagef("%s: --limit must not be negative", typed(c))
	}
	src := text.Source{Path: c.String("data"), Format: text.Format(c.String("format")), Field: c.String("field"), Limit: c.Int("limit")}
	r, err := src.Open()
	return r, dataError(err)
}

func openTokenizer(c *cli.Context) (*tokenizer.Tokenizer, error) {
	if err := need(c, "tokenizer"); err != nil {
		return nil, err
	}
	t, err := tokenizer.Load(c.String("tokenizer"))
	return t, dataError(err)
}

func tokenizerTrain(c *cli.Context) error {
	path := c.String("output")
	if err := need(c, "output"); err != nil {
		return err
	}
	if c.Int("vocab") < 6 {
		return usagef("tokenizer train: --vocab: %d labels: at least 6, for the five specials and a character", c.Int("vocab"))
	}
	if err := refuseExisting(c, "output"); err != nil {
		return err
	}
	reader, err := openSource(c)
	if err != nil {
		return err
	}
	defer reader.Close()
	o := tokenizer.Training{VocabSize: c.Int("vocab"), Progress: labelProgress(c)}
	train := tokenizer.Train
	if c.Bool("words") {
		train = tokenizer.TrainWords
	}
	t, err := train(reader.All(), o)
	if err != nil {
		return dataError(err)
	}
	if err := files.WriteWhole(path, t.Write); err != nil {
		return err
	}
	if n := t.Labels(); n < o.VocabSize {
		runOptions(c).Warn(fmt.Sprintf("tokenizer: %s gives only %d labels, not %d: each of its words has one now", c.String("data"), n, o.VocabSize))
	}
	fmt.Fprintf(c.App.Writer, "%s: %d labels\n", path, t.Labels())
	return nil
}

// labelProgress shows on a terminal how many labels are learned.
func labelProgress(c *cli.Context) func(labels, wanted int) {
	w := c.App.ErrWriter
	if c.Bool("quiet") || !isTerminal(w) {
		return nil
	}
	return func(labels, wanted int) {
		if labels%16 == 0 || labels == wanted {
			fmt.Fprintf(w, "\r\x1b[K%d of %d labels", labels, wanted)
		}
		if labels == wanted {
			fmt.Fprintln(w)
		}
	}
}

func tokenizerEncode(c *cli.Context) error {
	t, err := openTokenizer(c)
	if err != nil {
		return err
	}
	reader, err := openSource(c)
	if err != nil {
		return err
	}
	defer reader.Close()
	out := bufio.NewWriter(c.App.Writer)
	var labels []int32
	for story, err := range reader.All() {
		if err != nil {
			return dataError(err)
		}
		labels = t.Append(labels[:0], story)
		if err := writeLabels(out, labels, c.Bool("json")); err != nil {
			return err
		}
	}
	return out.Flush()
}

func writeLabels(out io.Writer, labels []int32, asJSON bool) error {
	if asJSON {
		line, err := json.Marshal(append([]int32{}, labels...)) // never null
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%s\n", line)
		return err
	}
	_, err := fmt.Fprintln(out, strings.Trim(fmt.Sprint(labels), "[]"))
	return err
}

func tokenizerDecode(c *cli.Context) error {
	t, err := openTokenizer(c)
	if err != nil {
		return err
	}
	in := bufio.NewScanner(c.App.Reader)
	in.Buffer(nil, 1<<28)
	for line := 1; in.Scan(); line++ {
		words := strings.FieldsFunc(in.Text(), func(r rune) bool { return strings.ContainsRune(" ,[]\t", r) })
		labels := make([]int32, len(words))
		for i, word := range words {
			n, err := strconv.ParseInt(word, 10, 32)
			if err != nil {
				return dataError(fmt.Errorf("standard input: line %d: %q is not a label", line, word))
			}
			labels[i] = int32(n)
		}
		text, err := t.Decode(labels)
		if err != nil {
			return dataError(fmt.Errorf("standard input: line %d: %w", line, err))
		}
		fmt.Fprintln(c.App.Writer, text)
	}
	return dataError(in.Err())
}
