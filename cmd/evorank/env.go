package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"

	"github.com/evorank/evorank/files"
	"github.com/evorank/evorank/task/carracing"
	"github.com/urfave/cli/v2"
)

func envCommand() *cli.Command {
	return &cli.Command{
		Name:      "env",
		Usage:     "replay actions in an environment and record what happens",
		ArgsUsage: "ENVIRONMENT",
		Description: "The environment is carracing: Gymnasium's CarRacing-v3. Actions are steering, gas\n" +
			"and brake, one step a line (.csv) or three little-endian float64 a step (.bin).\n" +
			"Without --max-steps and --early-stop the episode ends only where the environment\n" +
			"itself ends it. A trace holds the full state after every step.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "seed", Usage: "of the track, 0 to 2^64-1"},
			&cli.StringFlag{Name: "actions", Usage: "`FILE`, .csv or .bin"},
			&cli.StringFlag{Name: "dump", Usage: "trace `FILE` to write"},
			&cli.IntFlag{Name: "frames", Usage: "record the observations of every `K`th step"},
			&cli.StringFlag{Name: "frames-dump", Usage: "frame `FILE` to write"},
			forceFlag(),
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object a step, step 0 being the reset"},
			&cli.IntFlag{Name: "max-steps", Usage: "end after `N` steps; training has 1000"},
			&cli.BoolFlag{Name: "early-stop", Usage: "end as training does, after 21 negative rewards in a row"},
		},
		Action: envAction,
	}
}

func envAction(c *cli.Context) error {
	if name := c.Args().First(); name != "carracing" {
		return usagef("env: %q is no environment: want carracing", name)
	}
	replay, err := replayOf(c)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(c.App.Writer)
	var last carracing.StepRecord
	recording, err := replay.Run(func(s carracing.StepRecord) error {
		last = s
		if !c.Bool("json") {
			return nil
		}
		return json.NewEncoder(out).Encode(s)
	})
	if err != nil {
		return err
	}
	if !c.Bool("json") {
		fmt.Fprintf(out, "seed %d: %d steps of %d actions, return %v, %d tiles visited, %s\n",
			replay.Seed, last.Step, len(replay.Actions), last.Return, last.Visited, endOf(last))
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if err := writeGolden(c.String("dump"), recording.Trace); err != nil {
		return err
	}
	return writeGolden(c.String("frames-dump"), recording.Frames)
}

// replayOf is what the flags ask for.
func replayOf(c *cli.Context) (*carracing.Replay, error) {
	if err := need(c, "seed", "actions"); err != nil {
		return nil, err
	}
	if c.IsSet("frames") != c.IsSet("frames-dump") {
		return nil, usagef("env: --frames K and --frames-dump FILE go together")
	}
	if err := positive(c, "frames", "max-steps"); err != nil {
		return nil, err
	}
	if err := differ(c, "actions", "dump", "frames-dump"); err != nil {
		return nil, err
	}
	if err := refuseExisting(c, "dump", "frames-dump"); err != nil {
		return nil, err
	}
	seed, err := carracing.ParseSeed(c.String("seed"))
	if err != nil {
		return nil, usagef("env: %w", err)
	}
	actions, err := carracing.ReadActions(c.String("actions"))
	if err != nil {
		return nil, dataError(err)
	}
	r := &carracing.Replay{
		Seed: seed, Options: carracing.DefaultOptions(), Actions: actions,
		Trace: c.String("dump") != "", FramesEvery: c.Int("frames"),
		FullAt: 100, // as the script that records the real environment does
	}
	r.Limits.MaxSteps = c.Int("max-steps")
	if c.Bool("early-stop") {
		r.Limits.NegativeRewards = carracing.TrainingLimits().NegativeRewards
	}
	return r, nil
}

// differ returns an error if two of the flags name the same file: one would
// take the place of the other.
func differ(c *cli.Context, flags ...string) error {
	of := map[string]string{}
	for _, name := range flags {
		path := c.String(name)
		if path == "" {
			continue
		}
		path = filepath.Clean(path)
		if other, taken := of[path]; taken {
			return usagef("%s: --%s and --%s are the same file %s", c.Command.Name, other, name, path)
		}
		of[path] = name
	}
	return nil
}

// endOf says how the replay came to its end.
func endOf(last carracing.StepRecord) string {
	switch {
	case last.Terminated:
		return "terminated"
	case last.Truncated:
		return "truncated"
	}
	return "still running"
}

// writeGolden writes a recording, if there is one and it has a name.
func writeGolden(path string, g *carracing.Golden) error {
	if g == nil || path == "" {
		return nil
	}
	return files.WriteWhole(path, func(w io.Writer) error {
		_, err := g.WriteTo(w)
		return err
	})
}
