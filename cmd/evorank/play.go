package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/run"
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
			&cli.IntFlag{Name: "max-steps", Usage: "with --seed: end after `N` steps", DefaultText: "as in training"},
			&cli.BoolFlag{Name: "no-early-stop", Usage: "with --seed: drive on after many negative rewards in a row"},
			&cli.BoolFlag{Name: "json", Usage: "print the numbers as one JSON object"},
		}, individualFlags()...),
		Action: playAction,
	}
}

// played is what play prints.
type played struct {
	carracing.Outcome
	TrackTiles int     `json:"track_tiles"`
	Pictures   int     `json:"pictures"`
	Output     string  `json:"output,omitempty"`
	Device     string  `json:"device"`
	Scored     *scored `json:"scored,omitempty"`
}

// drive is who drives where: one episode, and if it is one that was scored,
// what is known of it.
type drive struct {
	player *carracing.CPU // it has the policy in slot 0
	device run.Device
	track  model.Seed
	scored *scored
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
		return withCode(exitFailure, errors.New("play: interrupted, nothing written"))
	}
	if err != nil {
		return err
	}
	if c.Bool("json") {
		err = printJSON(c, result)
	} else {
		result.print(c.App.Writer)
	}
	if err == nil && result.Scored != nil {
		err = result.Scored.verdict()
	}
	return err
}

// play lets the policy drive, and the screen watch.
func (d drive) play(ctx context.Context, s *screen) (played, error) {
	p := played{Output: s.output, Device: d.device.Name, Scored: d.scored}
	err := s.show(ctx, func(see func(*carracing.Episode) error) (err error) {
		p.Outcome, err = d.player.Watch(ctx, model.Candidate{}, d.track, func(e *carracing.Episode, _ carracing.Action) error {
			p.TrackTiles = int(e.Env.Track.N)
			return see(e)
		})
		return err
	})
	p.Pictures = s.pictures
	if err == nil && d.scored != nil {
		err = d.scored.playAll(ctx, d.player, p.Outcome)
	}
	return p, err
}

func (p played) print(w io.Writer) {
	if p.Scored != nil {
		fmt.Fprintf(w, "generation %d, individual %d, episode %d of %d\n", p.Scored.Generation, p.Scored.Individual, p.Scored.Episode, len(p.Scored.Returns))
	}
	fmt.Fprintf(w, "track %d: %d steps, return %v, %d of %d tiles, ended by %s\n",
		p.Seed, p.Steps, p.Return, p.Tiles, p.TrackTiles, p.End)
	if p.Scored != nil {
		p.Scored.print(w)
	}
	if p.Output != "" {
		fmt.Fprintf(w, "%d pictures in %s\n", p.Pictures, p.Output)
	}
}

// chooseDrive reads the flags that say who drives where: an episode that was
// scored in a run, or any track.
func chooseDrive(c *cli.Context) (drive, error) {
	s, err := chooseSubject(c)
	if err != nil {
		return drive{}, err
	}
	if s.archive != nil && !c.IsSet("seed") {
		return s.scoredDrive(c)
	}
	if err := need(c, "seed"); err != nil {
		return drive{}, err
	}
	if err := refuse(c, "tracks that were scored are for runs, without --seed", "episode"); err != nil {
		return drive{}, err
	}
	if _, err := s.network.Policy(); err != nil {
		return drive{}, byKind(fmt.Errorf("play: %s%s: %w", c.Args().First(), c.String("weights"), err))
	}
	track, err := carracing.ParseSeed(c.String("seed"))
	if err != nil {
		return drive{}, usagef("play: --%w", err)
	}
	env, limits, err := s.rules(c)
	if err != nil {
		return drive{}, err
	}
	d, err := s.driverDevice(c)
	if err != nil {
		return drive{}, err
	}
	player, err := s.network.Driver(d, env, limits)
	return drive{player: player, device: d, track: model.Seed(track)}, byKind(err)
}
