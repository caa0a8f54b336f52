package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/task/carracing"
	"github.com/urfave/cli/v2"
)

func playCommand() *cli.Command {
	return &cli.Command{
		Name:      "play",
		Usage:     "watch a policy drive: a GIF, PNG files, the terminal, or just the score",
		ArgsUsage: "[RUN]",
		Description: "Of a run: the first episode of the best individual of the last complete generation, as it\n" +
			"was scored, unless --generation, --individual and --episode say otherwise; all its episodes\n" +
			"are played again and their mean is compared with the lineage. With --seed: on that track.\n" +
			"Of a file: evorank play --weights W.safetensors --seed 3 --output drive.gif",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "weights", Usage: "safetensors `FILE` instead of a run"},
			&cli.StringFlag{Name: "seed", Usage: "of the track, 0 to 2^64-1"},
			&cli.IntFlag{Name: "episode", Usage: "`K`th of the individual's episodes, from 0"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "`FILE`.gif, or a folder for PNG files"},
			forceFlag(),
			&cli.BoolFlag{Name: "terminal", Usage: "show it here"},
			&cli.StringFlag{Name: "view", Value: "full", Usage: "full (1000×800), 96 (Gymnasium's observation) or 64 (what the policy sees)"},
			&cli.IntFlag{Name: "every", Value: 2, Usage: "show every `N`th step; one step is 1/50 s"},
			&cli.IntFlag{Name: "max-steps", Value: carracing.TrainingLimits().MaxSteps, Usage: "end after `N` steps (with --seed)"},
			&cli.BoolFlag{Name: "no-early-stop", Usage: "drive on after 21 negative rewards in a row (with --seed)"},
			&cli.BoolFlag{Name: "json", Usage: "print the numbers as one JSON object"},
		}, individualFlags()...),
		Action: playAction,
	}
}

// played is what play prints.
type played struct {
	carracing.Outcome
	TrackTiles int    `json:"track_tiles"`
	Pictures   int    `json:"pictures"`
	Output     string `json:"output,omitempty"`
}

// drive is who drives where.
type drive struct {
	player *carracing.CPU
	who    model.Candidate
	track  model.Seed
}

func playAction(c *cli.Context) error {
	s, err := chooseScreen(c)
	if err != nil {
		return err
	}
	d, err := chooseDrive(c)
	if err != nil {
		return err
	}
	ctx, stop := interruptible(c)
	defer stop()
	result, err := d.play(ctx, s)
	if errors.Is(err, context.Canceled) {
		return withCode(exitFailure, errors.New("play: interrupted: nothing was written"))
	}
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c, result)
	}
	return result.print(c)
}

// play lets the policy drive, and the screen watch.
func (d drive) play(ctx context.Context, s *screen) (played, error) {
	p := played{Output: s.output}
	err := s.show(ctx, func(see func(*carracing.Episode) error) (err error) {
		p.Outcome, err = d.player.Watch(ctx, d.who, d.track, func(e *carracing.Episode, _ carracing.Action) error {
			p.TrackTiles = int(e.Env.Track.N)
			return see(e)
		})
		return err
	})
	p.Pictures = s.pictures
	return p, err
}

func (p played) print(c *cli.Context) error {
	fmt.Fprintf(c.App.Writer, "track %d: %d steps, return %v, %d of %d tiles, ended by %s\n",
		p.Seed, p.Steps, p.Return, p.Tiles, p.TrackTiles, p.End)
	if p.Output != "" {
		fmt.Fprintf(c.App.Writer, "%d pictures in %s\n", p.Pictures, p.Output)
	}
	return nil
}

// chooseDrive reads the flags that say who drives where.
func chooseDrive(c *cli.Context) (drive, error) {
	weights := c.String("weights")
	if (weights == "") == (c.NArg() == 0) {
		return drive{}, usagef("play: give a run directory or --weights, one of them")
	}
	for _, flag := range []string{"episode", "generation", "individual"} {
		if weights != "" && c.IsSet(flag) {
			return drive{}, usagef("play: --%s is for runs: with --weights give --seed", flag)
		}
	}
	if err := need(c, "seed"); err != nil {
		return drive{}, err
	}
	seed, err := carracing.ParseSeed(c.String("seed"))
	if err != nil {
		return drive{}, usagef("play: %w", err)
	}
	if c.Int("max-steps") < 1 {
		return drive{}, usagef("play: --max-steps %d: want at least 1", c.Int("max-steps"))
	}
	o := carracing.TrainingEvaluation()
	o.Limits.MaxSteps = c.Int("max-steps")
	if c.Bool("no-early-stop") {
		o.Limits.NegativeRewards = 0
	}
	player, err := carracing.LoadPolicy(weights, o)
	return drive{player: player, track: model.Seed(seed)}, dataError(err)
}
