package main

import (
	"github.com/evorank/evorank/bench"
	"github.com/urfave/cli/v2"
)

func benchDevelopCommand() *cli.Command {
	return &cli.Command{
		Name: "develop", Usage: "building children: noise added to a parent, and W = A·B",
		Flags: measureFlags(
			&cli.IntFlag{Name: "individuals", Usage: "built at once", DefaultText: "16 on the CPU, 512 on a GPU"},
			networkFlag(), hiddenFlag(), threadsFlag(),
		),
		Action: benchDevelop,
	}
}

func benchDevelop(c *cli.Context) error {
	const most = 1 << 20
	clock, err := repeatClock(c)
	if err != nil {
		return err
	}
	onHost, err := unlessSet(c, "individuals", most, 16)
	if err != nil {
		return err
	}
	onDevice, err := unlessSet(c, "individuals", most, 512)
	if err != nil {
		return err
	}
	networks, err := benchNetworks(c, paperVocabulary)
	if err != nil {
		return err
	}
	p, err := choosePlace(c)
	if err != nil {
		return err
	}
	p.title(c, "children of one parent; what is read and written counts once")
	for _, n := range networks {
		err := p.everywhere(c, func(ordinal int) ([]bench.Measure, error) {
			return bench.DevelopOnGPU(n, onDevice, ordinal, p.card.Ceilings.CopyBytes, clock)
		}, func(threads int) ([]bench.Measure, error) {
			return bench.Develop(n, onHost, threads, clock)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
