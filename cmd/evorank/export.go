package main

import (
	"fmt"
	"io"
	"os"

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
			forceFlag(),
			&cli.BoolFlag{Name: "factors", Usage: "as factors A and B, not developed"},
		}, individualFlags()...),
		Action: exportAction,
	}
}

func exportAction(c *cli.Context) error {
	if err := need(c, "output"); err != nil {
		return err
	}
	if err := refuseExisting(c, "output"); err != nil {
		return err
	}
	s, err := chooseSubject(c)
	if err != nil {
		return err
	}
	path, tensors := c.String("output"), s.network.Export(c.Bool("factors"))
	if err := files.WriteWhole(path, func(w io.Writer) error { return model.WriteSafetensors(w, tensors) }); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.App.Writer, "%s: individual %d of generation %d\n", path, s.individual.ID, s.individual.Generation)
	return err
}

func forceFlag() cli.Flag {
	return &cli.BoolFlag{Name: "force", Usage: "replace a file that exists"}
}

// refuseExisting keeps the files that flags name from being replaced unless
// --force is given.
func refuseExisting(c *cli.Context, flags ...string) error {
	for _, name := range flags {
		path := c.String(name)
		info, err := os.Lstat(path)
		switch {
		case err != nil:
		case info.IsDir():
			return withCode(exitFailure, fmt.Errorf("%s: %s: a directory: name a file in it", typed(c), path))
		case !c.Bool("force"):
			return withCode(exitFailure, fmt.Errorf("%s: %s: the file exists: choose another, or give --force", typed(c), path))
		}
	}
	return nil
}
