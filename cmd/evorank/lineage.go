package main

import (
	"bufio"

	"github.com/evorank/evorank/run"
	"github.com/evorank/evorank/run/lineage"
	"github.com/urfave/cli/v2"
)

func lineageCommand() *cli.Command {
	return &cli.Command{
		Name:      "lineage",
		Usage:     "print who descends from whom, with seeds and fitness",
		ArgsUsage: "RUN",
		Flags: []cli.Flag{&cli.StringFlag{Name: "format", Value: "csv",
			Usage: "csv: the ALife phylogeny standard, one row an individual; jsonl: one object a record"}},
		Action: lineageAction,
	}
}

func lineageAction(c *cli.Context) error {
	if err := choice(c, "format", "csv", "jsonl"); err != nil {
		return err
	}
	out := bufio.NewWriter(c.App.Writer)
	write := lineage.WriteCSV
	if c.String("format") == "jsonl" {
		write = lineage.WriteJSONLines
	}
	path := run.LineagePath(c.Args().First())
	dropped, err := write(out, path)
	if err != nil {
		return dataError(err)
	}
	if dropped > 0 {
		log := logger(c.App.ErrWriter)
		log.Warn().Msgf("lineage: %s: the last generation is half written: %d bytes left out", path, dropped)
	}
	return out.Flush()
}
