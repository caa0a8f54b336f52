package main

import (
	"fmt"
	"math"

	"github.com/evorank/evorank/run"
	"github.com/urfave/cli/v2"
)

func verifyCommand() *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "check a run: replay its lineage, rebuild individuals from their genomes, evaluate them again",
		ArgsUsage: "RUN",
		Description: "Every parent, seed and selection must follow from the records before; every sampled\n" +
			"individual must have its recorded digest and loss, or return in episodes that are played\n" +
			"again, bit for bit on the same kind of device and in the same precision, and otherwise\n" +
			"within a tolerance that is told.",
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
	fmt.Fprintf(w, "%d individuals rebuilt: all %d recorded digests equal, %d %s", v.Rebuilt, v.Digests, v.Fitnesses, scores(v.Score))
	switch {
	case v.SameKind:
		fmt.Fprintf(w, " equal bit for bit (%s)\n", v.Device)
	case math.IsInf(float64(v.Tolerance), 1):
		fmt.Fprintf(w, " compared, %d equal bit for bit, largest difference %.3g (%s; the run: %s): between kinds of devices %s have no bound\n",
			v.Equal, v.Largest, v.Device, a.Manifest.Devices(), scores(v.Score))
	default:
		fmt.Fprintf(w, " equal within %g, largest difference %.3g (%s; the run: %s)\n", v.Tolerance, v.Largest, v.Device, a.Manifest.Devices())
	}
	return nil
}

// scores is the plural.
func scores(score string) string {
	if score == "loss" {
		return "losses"
	}
	return score + "s"
}
