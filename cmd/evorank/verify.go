package main

import (
	"fmt"

	"github.com/evorank/evorank/run"
	"github.com/urfave/cli/v2"
)

func verifyCommand() *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "check a run: replay its lineage, rebuild individuals from their genomes, evaluate them again",
		ArgsUsage: "RUN",
		Description: "Every parent, seed and selection must follow from the records before; every sampled\n" +
			"individual must have its recorded digest and loss, bit for bit on the same kind of device\n" +
			"and in the same precision, and otherwise within a tolerance that is told.",
		Flags: []cli.Flag{
			&cli.IntFlag{Name: "sample", Value: 20, Usage: "individuals to rebuild, spread over the run"},
			&cli.BoolFlag{Name: "json", Usage: "print what was found as JSON"},
			deviceFlag(),
			&cli.StringFlag{Name: "precision", Usage: "as of eval (default: as the run's config says)"},
		},
		Action: verifyAction,
	}
}

func verifyAction(c *cli.Context) error {
	if c.Int("sample") < 0 {
		return usagef("verify: --sample must not be negative")
	}
	o := runOptions(c)
	o.Device = c.String("device")
	a, err := run.OpenArchive(c.Args().First(), o)
	if err != nil {
		return byKind(err)
	}
	a.Precision = c.String("precision")
	v, err := a.Verify(c.Context, c.Int("sample"))
	if err != nil {
		return byKind(err)
	}
	if c.Bool("json") {
		return printJSON(c, v)
	}
	w := c.App.Writer
	fmt.Fprintf(w, "%d generations, %d records: each follows from the one before\n", v.Generations, v.Records)
	fmt.Fprintf(w, "%d individuals rebuilt: all %d recorded digests equal, %d losses equal", v.Rebuilt, v.Digests, v.Fitnesses)
	if v.SameKind {
		fmt.Fprintf(w, " bit for bit (%s)\n", v.Device)
	} else {
		fmt.Fprintf(w, " within %g, largest difference %.3g (%s; the run: %s)\n", v.Tolerance, v.Largest, v.Device, a.Manifest.Device)
	}
	return nil
}
