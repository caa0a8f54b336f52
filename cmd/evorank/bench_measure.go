package main

import (
	"fmt"

	"github.com/evorank/evorank/bench"
	"github.com/urfave/cli/v2"
)

// measureFlags are common to the small benchmarks.
func measureFlags(own ...cli.Flag) []cli.Flag {
	return append(own,
		deviceFlag(),
		&cli.IntFlag{Name: "repeat", Value: 20, Usage: "runs of which the median counts"},
		&cli.BoolFlag{Name: "json", Usage: "one JSON object a row"},
	)
}

// everywhere measures on each GPU, or on the processor with each number of
// threads, and prints as it goes.
func (p place) everywhere(c *cli.Context, onGPU func(ordinal int) ([]bench.Measure, error), onCPU func(threads int) ([]bench.Measure, error)) error {
	if p.selection.CUDA {
		for _, ordinal := range p.card.Ordinals {
			m, err := onGPU(ordinal)
			if err != nil {
				return withCode(exitDevice, err)
			}
			showMeasures(c, m)
		}
		return nil
	}
	threads, err := threadNumbers(c)
	if err != nil {
		return err
	}
	for _, t := range threads {
		m, err := onCPU(t)
		if err != nil {
			return err
		}
		showMeasures(c, m)
	}
	return nil
}

// showMeasures prints one line each.
func showMeasures(c *cli.Context, measures []bench.Measure) {
	for _, m := range measures {
		if c.Bool("json") {
			printJSON(c, m)
			continue
		}
		line := fmt.Sprintf("%-28s %-12s %s %12.2f µs", m.Name, m.Device, threadsText(m.Threads), 1e6*m.Seconds)
		line += column(m.PerSecond > 0, "  %9s %s/s", metric(m.PerSecond), m.Unit)
		line += column(m.BytesPerSecond > 0, "  %9s B/s", metric(m.BytesPerSecond))
		line += column(m.OfCopyCeiling > 0, " (%.0f %% of a copy)", 100*m.OfCopyCeiling)
		line += column(m.Checked != "", "  checked: %s", m.Checked)
		fmt.Fprintln(c.App.Writer, line)
	}
}

// unlessSet is the flag's number, or what stands for it.
func unlessSet(c *cli.Context, flag string, most, otherwise int) (int, error) {
	if !c.IsSet(flag) {
		return otherwise, nil
	}
	if n := c.Int(flag); n < 1 || n > most {
		return 0, usagef("bench: --%s %d: want 1 to %d", flag, n, most)
	}
	return c.Int(flag), nil
}
