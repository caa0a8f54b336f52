package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/evorank/evorank/bench"
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/task/lm/text"
	"github.com/evorank/evorank/task/lm/tokenizer"
	"github.com/urfave/cli/v2"
)

// paperVocabulary is that of the paper's tokenizer, for stories without text.
const paperVocabulary = 2051

// readStories loads the text, if there is one.
func (b *lmBench) readStories(c *cli.Context) error {
	if b.source.Text == "" {
		b.vocab = paperVocabulary
		b.pick = func(n int) transformer.Sequences { return bench.Synthetic(n, paperVocabulary) }
		return nil
	}
	if err := need(c, "tokenizer"); err != nil {
		return err
	}
	t, err := tokenizer.Load(b.source.Tokenizer)
	if err != nil {
		return dataError(err)
	}
	all, err := text.Load(text.Source{Path: b.source.Text}, text.Encoding{Tokenizer: t, EndOfText: true}, "")
	if err != nil {
		return dataError(err)
	}
	b.vocab = t.Vocabulary()
	b.pick = func(n int) transformer.Sequences {
		return bench.Spread(transformer.Sequences{IDs: all.IDs, Start: all.Start}, n)
	}
	return nil
}

func networkFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "network", Usage: "only those whose name begins so; to be repeated"}
}

func hiddenFlag() cli.Flag {
	return &cli.StringFlag{Name: "hidden", Usage: "networks of these hidden sizes instead of the paper's; separated by commas"}
}

// benchNetworks are the paper's, or those of --hidden, that --network names.
func benchNetworks(c *cli.Context, vocab int) ([]bench.Network, error) {
	all := bench.PaperNetworks(vocab)
	if c.IsSet("hidden") {
		sizes, err := wholeNumbers(c, "hidden")
		if err != nil {
			return nil, err
		}
		all = nil
		for _, hidden := range sizes {
			all = append(all, bench.SizedNetworks(hidden, vocab)...)
		}
	}
	names := c.StringSlice("network")
	if len(names) == 0 {
		return all, nil
	}
	var chosen []bench.Network
	var known []string
	for _, n := range all {
		known = append(known, fmt.Sprintf("%q", n.Name))
		if slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(n.Name, name) }) {
			chosen = append(chosen, n)
		}
	}
	if len(chosen) == 0 {
		return nil, usagef("bench: --network %s: there are %s", strings.Join(names, ", "), strings.Join(known, ", "))
	}
	return chosen, nil
}
