package main

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"time"

	"github.com/evorank/evorank/bench"
	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"
)

func benchCarRacingCommand() *cli.Command {
	return &cli.Command{
		Name: "carracing", Usage: "the driving environment and its policies",
		Description: "First an episode must equal the real environment's, bit for bit, and each policy's answers\n" +
			"fp64's. One thread is measured in seconds of processor time. With --python, Gymnasium drives\n" +
			"with the same actions in the same run, and must get the same rewards.",
		Flags: []cli.Flag{
			&cli.IntFlag{Name: "tracks", Value: 4, Usage: "how many, of seeds 0, 1, …"},
			&cli.IntFlag{Name: "steps", Value: 250, Usage: "on each track"},
			&cli.IntFlag{Name: "repeat", Value: 9, Usage: "rounds of which the median counts"},
			&cli.IntFlag{Name: "threads", Value: runtime.GOMAXPROCS(0), Usage: "of the environments in lock step"},
			&cli.StringFlag{Name: "python", Usage: "`INTERPRETER` that has gymnasium[box2d] and opencv-python: run the real environment too"},
			&cli.BoolFlag{Name: "json", Usage: "one JSON object a row"},
		},
		Action: benchCarRacing,
	}
}

func benchCarRacing(c *cli.Context) error {
	for flag, least := range map[string]int{"tracks": 1, "steps": 2, "repeat": 1, "threads": 1} {
		if c.Int(flag) < least {
			return usagef("bench: --%s %d: want at least %d", flag, c.Int(flag), least)
		}
	}
	begun := time.Now()
	o := bench.Driving{
		Tracks: c.Int("tracks"), Steps: c.Int("steps"), Repeat: c.Int("repeat"), Threads: c.Int("threads"),
		Wall: func() time.Duration { return time.Since(begun) }, CPU: processorTime,
	}
	show := func(r bench.DrivingRow) { printDriving(c.App.Writer, r) }
	if c.Bool("json") {
		show = func(r bench.DrivingRow) { printJSON(c, r) }
	} else {
		fmt.Fprintf(c.App.Writer, "evorank %s, %s, %d tracks, up to %d steps on each\n", version(), cpuName(), o.Tracks, o.Steps)
	}
	ctx, stop := signal.NotifyContext(c.Context, os.Interrupt)
	defer stop()
	ours, err := bench.CarRacing(ctx, o, show)
	if err != nil || c.String("python") == "" {
		return err
	}
	theirs, err := bench.Gymnasium(ctx, c.String("python"), o, show)
	if err == nil && !c.Bool("json") {
		printTimes(c.App.Writer, ours, theirs)
	}
	return err
}

// processorTime is what this process has taken of all cores.
func processorTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		panic("getrusage: " + err.Error()) // its arguments are right
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func printDriving(w io.Writer, r bench.DrivingRow) {
	fmt.Fprintf(w, "%-26s %d threads  %-15s %6s %-9s %8.4f ms each", r.Case, r.Threads, r.Implementation, thousands(r.PerSecond), r.Unit+"/s", 1000/r.PerSecond)
	if r.Implementation == "evorank" {
		fmt.Fprintf(w, "  %.3f allocations", r.Allocations)
	}
	if r.LargestError > 0 {
		fmt.Fprintf(w, "  error %.1e", r.LargestError)
	}
	fmt.Fprintln(w)
}

// printTimes compares our rows with Gymnasium's.
func printTimes(w io.Writer, ours, theirs []bench.DrivingRow) {
	for _, r := range ours {
		for _, g := range theirs {
			if g.Case == r.Case {
				fmt.Fprintf(w, "%-26s %.1f times %s\n", r.Case, r.PerSecond/g.PerSecond, g.Implementation)
			}
		}
	}
}
