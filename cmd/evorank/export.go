package main

import (
	"io"

	"github.com/evorank/evorank/files"
	"github.com/evorank/evorank/model"
	"github.com/urfave/cli/v2"
)

func exportCommand() *cli.Command {
	return &cli.Command{
		Name:      "export",
		Usage:     "write a run's individual as a safetensors file",
		ArgsUsage: "RUN",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "`FILE` to write"},
			&cli.BoolFlag{Name: "factors", Usage: "as factors A and B, not developed"},
		}, individualFlags()...),
		Action: exportAction,
	}
}

func exportAction(c *cli.Context) error {
	if err := need(c, "output"); err != nil {
		return err
	}
	s, err := chooseSubject(c)
	if err != nil {
		return err
	}
	return files.WriteWhole(c.String("output"), func(w io.Writer) error {
		return model.WriteSafetensors(w, s.network.Export(c.Bool("factors")))
	})
}
