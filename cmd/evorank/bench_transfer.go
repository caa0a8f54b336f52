package main

import (
	"fmt"

	"github.com/evorank/evorank/bench"
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/urfave/cli/v2"
)

func benchTransferCommand() *cli.Command {
	return &cli.Command{
		Name: "transfer", Usage: "copies to and from a GPU, and what a generation takes on the host",
		Flags: measureFlags(
			&cli.IntFlag{Name: "population", Value: 512, Usage: "individuals of the generations"},
			&cli.IntFlag{Name: "stories", Value: 4, Usage: "that they are evaluated on: only the evaluation depends on it"},
		),
		Action: benchTransfer,
	}
}

func benchTransfer(c *cli.Context) error {
	clock, err := repeatClock(c)
	if err != nil {
		return err
	}
	population, stories := c.Int("population"), c.Int("stories")
	if population < 17 || stories < 1 {
		return usagef("bench: --population %d --stories %d: want at least 17 (16 survive) and 1", population, stories)
	}
	p, err := choosePlace(c)
	if err != nil {
		return err
	}
	p.title(c, "each copy from the call to its completion")
	if p.selection.CUDA {
		for _, ordinal := range p.card.Ordinals {
			measures, err := bench.TransferOnGPU(ordinal, clock)
			if err != nil {
				return withCode(exitDevice, err)
			}
			showMeasures(c, measures)
		}
	} else {
		measures, err := bench.Transfer(clock)
		if err != nil {
			return err
		}
		showMeasures(c, measures)
	}
	g, err := p.generation(c, population, stories, clock)
	if err != nil {
		return err
	}
	return showGeneration(c, g)
}

func (p place) generation(c *cli.Context, population, stories int, clock bench.Clock) (bench.Generation, error) {
	ctx, stop := benchContext(c)
	defer stop()
	network, text := bench.PaperNetworks(paperVocabulary)[1], bench.Synthetic(stories, paperVocabulary)
	if !p.selection.CUDA {
		return bench.GenerationOnCPU(ctx, network, text, population, clock)
	}
	g, err := bench.GenerationOnGPU(ctx, p.card.Ordinals, network, transformer.FP16, text, population, clock)
	return g, withCode(exitDevice, err)
}

func showGeneration(c *cli.Context, g bench.Generation) error {
	if c.Bool("json") {
		return printJSON(c, g)
	}
	w := c.App.Writer
	fmt.Fprintf(w, "\na generation of %d, %s, medians of %d, on %s: %d bytes up, %d bytes down\n", g.Population, g.Network, g.Generations, g.Device, g.HostToDeviceBytes, g.DeviceToHostBytes)
	fmt.Fprintf(w, "evaluation %.2f ms (%d stories), host %.2f ms: selection %.2f, adoption %.2f, lineage %.2f\n",
		1e3*g.Evaluation, g.Stories, 1e3*g.Host, 1e3*g.Selection, 1e3*g.Adoption, 1e3*g.Lineage)
	return nil
}
