package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"

	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/run"
	"github.com/evorank/evorank/stats"
	"github.com/evorank/evorank/task/carracing"
	"github.com/urfave/cli/v2"
)

// episodeFlags say which tracks a policy is to drive, and for how long.
func episodeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.IntFlag{Name: "episodes", Value: 100, Usage: "of a policy: `N` tracks, whose seeds follow each other"},
		&cli.StringFlag{Name: "seed", Value: "0", Usage: "of a policy: `S` of the first track, as Gymnasium's reset takes it, 0 to 2^64-1"},
		&cli.IntFlag{Name: "max-steps", Usage: "of a policy: end an episode after `N` steps", DefaultText: "as in training"},
		&cli.BoolFlag{Name: "no-early-stop", Usage: "of a policy: drive on after many negative rewards in a row, as Gymnasium does"},
	}
}

// solved is the mean return of 100 consecutive episodes from which on
// Gymnasium calls CarRacing-v3 solved.
const solved = 900

// episodesReport is what eval prints of a policy.
type episodesReport struct {
	Mean          float64             `json:"mean"`
	StandardError float64             `json:"standard_error"`
	Interval      *stats.Interval     `json:"interval_95,omitempty"` // of the mean, bootstrapped
	Lowest        float64             `json:"lowest"`
	Highest       float64             `json:"highest"`
	Solved        int                 `json:"solved"` // episodes with a return of 900 or more
	Steps         int                 `json:"env_steps"`
	Episodes      []carracing.Outcome `json:"episodes"`
	Precision     string              `json:"precision"`
	Device        string              `json:"device"`
}

// evalEpisodes lets a policy drive on tracks that have no part in selection.
func evalEpisodes(c *cli.Context, s subject) error {
	if err := refuse(c, "the network is a policy and reads no text", "data", "tokenizer", "format", "field", "limit", "no-eot", "heldout"); err != nil {
		return err
	}
	seeds, err := trackSeeds(c)
	if err != nil {
		return err
	}
	e, limits, err := s.rules(c)
	if err != nil {
		return err
	}
	d, err := s.driverDevice(c)
	if err != nil {
		return err
	}
	ctx, stop := interruptible(c)
	defer stop()
	outcomes, err := s.network.Drive(ctx, d, e, limits, seeds)
	if errors.Is(err, context.Canceled) {
		return withCode(exitFailure, errors.New("eval: interrupted"))
	}
	if err != nil {
		return byKind(err)
	}
	r := newEpisodesReport(outcomes, d)
	if c.Bool("json") {
		return printJSON(c, r)
	}
	if s.archive != nil {
		fmt.Fprintf(c.App.Writer, "individual %d of generation %d\n", s.individual.ID, s.individual.Generation)
	}
	r.print(c, e, limits)
	return nil
}

// trackSeeds are those of consecutive tracks.
func trackSeeds(c *cli.Context) ([]model.Seed, error) {
	n := c.Int("episodes")
	first, err := carracing.ParseSeed(c.String("seed"))
	if err != nil {
		return nil, usagef("eval: --%w", err)
	}
	const most = 1_000_000
	if n < 1 || n > most {
		return nil, usagef("eval: --episodes %d: want 1 to %d", n, most)
	}
	if first > math.MaxUint64-uint64(n-1) {
		return nil, usagef("eval: --seed %d: %d tracks from there on have seeds beyond 2^64-1", first, n)
	}
	seeds := make([]model.Seed, n)
	for i := range seeds {
		seeds[i] = model.Seed(first + uint64(i))
	}
	return seeds, nil
}

// rules are those of the run's own episodes, or those of training, unless
// flags say otherwise.
func (s subject) rules(c *cli.Context) (carracing.Options, carracing.Limits, error) {
	env, limits := carracing.DefaultOptions(), carracing.TrainingLimits()
	if s.archive != nil {
		t, err := s.archive.Experiment.CarRacing()
		if err != nil {
			return env, limits, byKind(err)
		}
		env, limits = t.Environment, t.Limits
	}
	if c.IsSet("max-steps") {
		limits.MaxSteps = c.Int("max-steps")
	}
	if limits.MaxSteps < 1 {
		return env, limits, usagef("%s: --max-steps %d: want at least 1", c.Command.Name, limits.MaxSteps)
	}
	if c.Bool("no-early-stop") {
		limits.NegativeRewards = 0
	}
	return env, limits, nil
}

// driverDevice reads the compute flags for a policy.
func (s subject) driverDevice(c *cli.Context) (run.Device, error) {
	application, err := chooseApplication(c)
	if err != nil {
		return run.Device{}, err
	}
	p, err := s.network.Policy()
	if err != nil {
		return run.Device{}, byKind(err)
	}
	d, err := run.DriverDevice(p, s.network.Layout, c.String("device"), c.String("precision"), application, c.Int("threads"))
	return d, byKind(err)
}

func newEpisodesReport(outcomes []carracing.Outcome, d run.Device) episodesReport {
	r := episodesReport{Episodes: outcomes, Precision: d.Precision, Device: d.Name, Lowest: math.Inf(1), Highest: math.Inf(-1)}
	returns := make([]float64, len(outcomes))
	for i, o := range outcomes {
		returns[i] = o.Return
		r.Lowest, r.Highest, r.Steps = min(r.Lowest, o.Return), max(r.Highest, o.Return), r.Steps+o.Steps
		if o.Return >= solved {
			r.Solved++
		}
	}
	r.Mean = stats.Mean(returns)
	if len(returns) > 1 {
		r.StandardError = stats.StandardError(returns)
	}
	const resamples = 10_000
	interval, err := stats.Bootstrap{Confidence: 0.95, Resamples: resamples, Seed: 1}.Interval(stats.OfMean, returns)
	if err == nil { // otherwise there is nothing to resample
		r.Interval = &interval
	}
	return r
}

func (r episodesReport) print(c *cli.Context, env carracing.Options, limits carracing.Limits) {
	w, n := c.App.Writer, len(r.Episodes)
	fmt.Fprintf(w, "return     %.1f, mean over %d episodes on tracks %d to %d, %s\n", r.Mean, n, r.Episodes[0].Seed, r.Episodes[n-1].Seed, r.Device)
	if r.Interval != nil {
		fmt.Fprintf(w, "precision  standard error %.1f, 95 %% interval %.1f to %.1f (bootstrap)\n", r.StandardError, float64(r.Interval.Low), float64(r.Interval.High))
	}
	fmt.Fprintf(w, "episodes   lowest %.1f, highest %.1f, %d of %d with %d or more, %.0f steps on average\n", r.Lowest, r.Highest, r.Solved, n, solved, float64(r.Steps)/float64(n))
	fmt.Fprintf(w, "solved     Gymnasium's convention is a mean of %d over 100 consecutive episodes of at most 1000 steps, without early stop: %s\n", solved, r.verdict(env, limits))
}

// verdict says whether Gymnasium would call its environment solved; only what
// was played by its rules can tell.
func (r episodesReport) verdict(env carracing.Options, limits carracing.Limits) string {
	switch {
	case len(r.Episodes) != 100 || env != carracing.DefaultOptions() || limits != carracing.Limits{MaxSteps: 1000}:
		return "this is not that"
	case r.Mean >= solved:
		return "this is solved"
	}
	return "this is not solved"
}

// refuse returns an error if one of the flags is on the command line. An
// environment variable is for other commands too.
func refuse(c *cli.Context, why string, flags ...string) error {
	for _, name := range flags {
		if c.IsSet(name) && !fromEnvironment(c, name) {
			return usagef("%s: --%s: %s", c.Command.Name, name, why)
		}
	}
	return nil
}

// fromEnvironment reports whether a flag has its value from a variable.
func fromEnvironment(c *cli.Context, name string) bool {
	for _, f := range c.Command.Flags {
		flag, ok := f.(cli.DocGenerationFlag)
		if !ok || f.Names()[0] != name {
			continue
		}
		for _, variable := range flag.GetEnvVars() {
			if v, set := os.LookupEnv(variable); set && v == c.String(name) {
				return true
			}
		}
	}
	return false
}
