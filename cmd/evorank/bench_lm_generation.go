package main

import (
	"context"
	"fmt"
	"time"

	"github.com/evorank/evorank/bench"
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/urfave/cli/v2"
)

// generations times whole generations of every network, population and number
// of stories.
func (b *lmBench) generations(ctx context.Context, c *cli.Context) error {
	clock := bench.Clock{Repeat: b.repeated, Now: time.Now}
	if !c.Bool("json") {
		fmt.Fprintf(c.App.Writer, "\nwhole generations, from seeds to the lineage on the disk, medians of %d; survivors keep their losses\n", b.repeated)
	}
	for _, n := range b.networks {
		for _, population := range b.populations {
			for _, count := range b.stories {
				if err := b.generation(ctx, c, n, b.pick(count), population, clock); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// generation times those of one population, on GPUs in each precision.
func (b *lmBench) generation(ctx context.Context, c *cli.Context, n bench.Network, stories transformer.Sequences, population int, clock bench.Clock) error {
	if !b.selection.CUDA {
		g, err := bench.GenerationOnCPU(ctx, n, stories, population, clock)
		if err != nil {
			return err
		}
		return showWhole(c, g)
	}
	for _, p := range b.precisionsOf(n, stories) {
		g, err := bench.GenerationOnGPU(ctx, b.card.Ordinals, n, p, stories, population, clock)
		if err != nil {
			return withCode(exitDevice, err)
		}
		if err := showWhole(c, g); err != nil {
			return err
		}
	}
	return nil
}

// paperStories is how many the paper evaluates on.
const paperStories = 1024

func showWhole(c *cli.Context, g bench.Generation) error {
	if c.Bool("json") {
		return printJSON(c, g)
	}
	_, err := fmt.Fprintf(c.App.Writer, "%-13s %4d × %-4d %-4s %s  %8.2f ms, × %d/%d: %8.2f ms  %d evaluated in %.2f ms  host %.2f ms: selection %.2f, adoption %.2f, lineage %.2f  %d bytes up, %d down\n",
		g.Network, g.Population, g.Stories, g.Precision, g.Device, 1e3*g.Seconds, paperStories, g.Stories, 1e3*g.Seconds*paperStories/float64(g.Stories),
		g.Evaluated, 1e3*g.Evaluation, 1e3*g.Host, 1e3*g.Selection, 1e3*g.Adoption, 1e3*g.Lineage, g.HostToDeviceBytes, g.DeviceToHostBytes)
	return err
}
