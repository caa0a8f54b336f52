package main

import (
	"github.com/evorank/evorank/run"
	"github.com/urfave/cli/v2"
)

func resumeCommand() *cli.Command {
	return &cli.Command{
		Name:      "resume",
		Usage:     "go on with a run that was stopped or killed, or extend a finished one",
		ArgsUsage: "RUN",
		Description: "The run goes on after its last complete generation, with the same results as if it\n" +
			"had never stopped. --generations extends it.",
		Flags: append([]cli.Flag{
			deviceFlag(),
			&cli.StringFlag{Name: "data", Usage: "`FILE` where the stories lie now, if they were moved"},
			&cli.StringFlag{Name: "heldout", Usage: "`FILE` where the held-out stories lie now"},
			&cli.BoolFlag{Name: "allow-device-change", Usage: "go on with another kind of device; results then depend on where it changed"},
		}, followFlags("the run's")...),
		Action: resumeAction,
	}
}

func resumeAction(c *cli.Context) error {
	if err := positive(c, "generations"); err != nil {
		return err
	}
	if err := checkFollow(c); err != nil {
		return err
	}
	o := runOptions(c)
	o.Device, o.Text, o.Heldout = c.String("device"), c.String("data"), c.String("heldout")
	o.Generations = c.Int("generations")
	o.AllowDeviceChange = c.Bool("allow-device-change")
	r, err := run.Resume(c.Args().First(), o)
	if err != nil {
		return byKind(err)
	}
	defer r.Close()
	return follow(c, r)
}
