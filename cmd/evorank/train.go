package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/evorank/evorank/configs"
	"github.com/evorank/evorank/run"
	"github.com/urfave/cli/v2"
)

func trainCommand() *cli.Command {
	return &cli.Command{
		Name:      "train",
		Usage:     "evolve a population; without arguments, a small language model on the embedded corpus",
		ArgsUsage: "[CONFIG]",
		Description: "CONFIG is the name of an embedded config (evorank config list) or a file.\n" +
			"Ctrl-C once stops the run so that evorank resume goes on with it (exit code 75); twice, at once (130).",
		Flags: append([]cli.Flag{
			setFlag(),
			&cli.StringFlag{Name: "run-dir", Usage: "use exactly `DIR`, which must be absent or empty (default: runs/<config>/<time>-<digits>)"},
			&cli.Uint64Flag{Name: "seed", Usage: "of every random choice of the run", DefaultText: "the config's"},
			&cli.StringFlag{Name: "data", Usage: "`FILE` of stories to train on", EnvVars: []string{"EVORANK_DATA"}},
			&cli.StringFlag{Name: "tokenizer", Usage: "Hugging Face tokenizer.json `FILE`", EnvVars: []string{"EVORANK_TOKENIZER"}},
			&cli.BoolFlag{Name: "dry-run", Usage: "print parameters, memory and time expected, and stop"},
			deviceFlag(),
		}, followFlags("the config's")...),
		Action: trainAction,
	}
}

// followFlags are common to train and resume; goal says how far they go by
// themselves.
func followFlags(goal string) []cli.Flag {
	return []cli.Flag{
		&cli.IntFlag{Name: "generations", Usage: "populations to evaluate in all", DefaultText: goal},
		&cli.DurationFlag{Name: "max-time", Usage: "stop after this time, resumable, with exit code 75"},
		&cli.BoolFlag{Name: "json", Usage: "print the summary as JSON"},
		&cli.BoolFlag{Name: "quiet", Usage: "no progress"},
	}
}

func deviceFlag() cli.Flag {
	return &cli.StringFlag{Name: "device", Usage: "auto, cpu, cuda, cuda:0, cuda:0,1 or cuda:all", EnvVars: []string{"EVORANK_DEVICE"}}
}

// defaultConfig is what a newcomer trains.
const defaultConfig = "lm-quick"

func trainAction(c *cli.Context) error {
	if err := checkFollow(c); err != nil { // before there is a directory
		return err
	}
	name := defaultConfig
	if c.NArg() > 0 {
		name = c.Args().First()
	}
	cfg, err := loadConfig(c, name)
	if err != nil {
		return err
	}
	if err := override(c, &cfg); err != nil {
		return err
	}
	if c.Bool("dry-run") {
		return dryRun(c, cfg)
	}
	r, err := run.Create(cfg, name, c.String("run-dir"), runOptions(c))
	if err != nil {
		return byKind(err)
	}
	defer r.Close()
	return follow(c, r)
}

// override applies the flags that stand for knobs.
func override(c *cli.Context, cfg *configs.Config) error {
	if c.IsSet("generations") {
		cfg.Generations = c.Int("generations")
	}
	if c.IsSet("seed") {
		cfg.Seed = c.Uint64("seed")
	}
	knobs := map[string]*string{"device": &cfg.Execution.Device}
	if cfg.Task == "lm" {
		knobs["data"], knobs["tokenizer"] = &cfg.LM.Data.Text, &cfg.LM.Data.Tokenizer
	} else if err := refuse(c, "task "+cfg.Task+" reads no text", "data", "tokenizer"); err != nil {
		return err
	}
	for flag, knob := range knobs {
		if c.IsSet(flag) {
			*knob = c.String(flag)
		}
	}
	return usageError(cfg.Check())
}

// checkFollow refuses values of followFlags that mean nothing.
func checkFollow(c *cli.Context) error {
	if c.Duration("max-time") < 0 {
		return usagef("%s: --max-time must not be negative", typed(c))
	}
	return nil
}

// follow trains until the end or a stop, showing progress, and sums up.
func follow(c *cli.Context, r *run.Run) error {
	ctx, stop := interruptible(c)
	defer stop()
	if limit := c.Duration("max-time"); limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, errMaxTime)
		defer cancel()
	}
	show := newProgress(c, r)
	stopWatching := show.watch(r)
	var last run.Progress
	err := r.Train(ctx, func(p run.Progress) {
		last = p
		show.generation(p)
	})
	stopWatching()
	show.end()
	if run.KindOf(err) == run.Stopped {
		err = stopped(ctx, r)
	}
	if err != nil {
		return byKind(err)
	}
	return summarise(c, r, last)
}

var errMaxTime = errors.New("--max-time is over")

// stopped says why the run stopped and how to go on.
func stopped(ctx context.Context, r *run.Run) error {
	reason := "interrupted"
	if errors.Is(context.Cause(ctx), errMaxTime) {
		reason = errMaxTime.Error()
	}
	return &run.Error{Kind: run.Stopped,
		Err: fmt.Errorf("stopped after generation %d: %s: go on with evorank resume %s", r.Generation(), reason, r.Dir())}
}

// dryRun prints what a run would take.
func dryRun(c *cli.Context, cfg configs.Config) error {
	p, err := run.Estimate(c.Context, cfg, runOptions(c))
	if err != nil {
		return byKind(err)
	}
	if c.Bool("json") {
		return printJSON(c, p)
	}
	w := c.App.Writer
	rate, at := fmt.Sprintf("%.3g tokens/s", p.TokensPerSecond), "about"
	if p.Episodes > 0 {
		rate, at = fmt.Sprintf("%.3g env steps/s", p.StepsPerSecond), "at most"
		fmt.Fprintf(w, "task          %s: at most %d episodes\n", cfg.Task, p.Episodes)
	} else {
		fmt.Fprintf(w, "task          %s: %d stories, %d targets, vocabulary %d\n", cfg.Task, p.Stories, p.Targets, p.Vocabulary)
	}
	fmt.Fprintf(w, "parameters    %d evolve, %d developed\n", p.Genotype, p.Phenotype)
	fmt.Fprintf(w, "population    %d, %d survivors, %d generations\n", cfg.Search.Population, cfg.Search.Survivors, cfg.Generations)
	fmt.Fprintf(w, "device        %s\n", p.Device)
	if p.Kernels != "" {
		fmt.Fprintf(w, "kernels       %s\n", p.Kernels)
	}
	memory := ""
	if p.GPUTotalBytes > 0 {
		memory = fmt.Sprintf(", and %d of the GPU's %d MiB", p.GPUBytes>>20, p.GPUTotalBytes>>20)
	}
	fmt.Fprintf(w, "memory        about %.0f MiB%s\n", float64(p.MemoryBytes)/(1<<20), memory)
	founders := "1 founder"
	if p.Timed > 1 {
		founders = fmt.Sprintf("%d founders", p.Timed)
	}
	fmt.Fprintf(w, "time          %s %s (%s, %s timed)\n", at, max(p.Duration, time.Second).Round(time.Second), rate, founders)
	return nil
}
