package main

import (
	"github.com/evorank/evorank/bench"
	"github.com/urfave/cli/v2"
)

func benchNoiseCommand() *cli.Command {
	return &cli.Command{
		Name: "noise", Usage: "drawing normals from a seed",
		Flags: measureFlags(
			&cli.IntFlag{Name: "elements", Usage: "drawn at once", DefaultText: "2^24 on the CPU, 2^28 on a GPU"},
			threadsFlag(),
		),
		Action: benchNoise,
	}
}

func benchNoise(c *cli.Context) error {
	const most = 1 << 32
	clock, err := repeatClock(c)
	if err != nil {
		return err
	}
	onHost, err := unlessSet(c, "elements", most, 1<<24)
	if err != nil {
		return err
	}
	onDevice, err := unlessSet(c, "elements", most, 1<<28)
	if err != nil {
		return err
	}
	p, err := choosePlace(c)
	if err != nil {
		return err
	}
	p.title(c, "normals drawn from a seed and stored as float32")
	return p.everywhere(c, func(ordinal int) ([]bench.Measure, error) {
		m, err := bench.NoiseOnGPU(ordinal, onDevice, p.card.Ceilings.CopyBytes, clock)
		return []bench.Measure{m}, err
	}, func(threads int) ([]bench.Measure, error) {
		m, err := bench.Noise(onHost, threads, clock)
		return []bench.Measure{m}, err
	})
}
