package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/evorank/evorank/plot"
	"github.com/evorank/evorank/run"
	"github.com/evorank/evorank/stats"
	"github.com/evorank/evorank/study"
	"github.com/urfave/cli/v2"
)

func plotCommand() *cli.Command {
	output := &cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "`FILE`.svg or .png"}
	metric := func(scores string) cli.Flag {
		return &cli.StringFlag{Name: "metric", DefaultText: scores, Usage: "`KEY` of metrics.jsonl (docs/metrics.md), or founders: how many still have descendants"}
	}
	band := &cli.StringFlag{Name: "band", Value: string(stats.MedianInterval), Usage: "median-bootstrap, mean-bootstrap, median-quartiles or mean-error (± 1.96 standard errors, as in the paper)"}
	over := &cli.StringFlag{Name: "over", Value: "generation", Usage: "generation, seconds, tokens or steps"}
	only := &cli.BoolFlag{Name: "no-trials", Usage: "without the single trials' thin lines"}
	levels := &cli.BoolFlag{Name: "levels", Usage: "lines at the uniform guess, unigram and bigram entropy of the text"}
	const groups = "GROUP..."
	return &cli.Command{
		Name:        "plot",
		Usage:       "draw learning curves, final values, lineages: SVG, PNG or in the terminal",
		Description: groupsHelp,
		Subcommands: []*cli.Command{
			{Name: "curves", Usage: "a metric over generations, seconds, tokens or steps", ArgsUsage: groups, Action: plotCurves,
				Flags: []cli.Flag{output, metric("loss_best or return_best"), over, band, only, levels,
					&cli.BoolFlag{Name: "terminal", Usage: "a small drawing of each group's centre, here"}}},
			{Name: "strips", Usage: "the values of one generation, trial by trial", ArgsUsage: groups, Action: plotStrips,
				Flags: append([]cli.Flag{output, levels}, questionFlags()...)},
			{Name: "rank", Usage: "the values of one generation against the rank of the factors", ArgsUsage: groups, Action: plotRank,
				Flags: append([]cli.Flag{output}, questionFlags()...)},
			{Name: "diversity", Usage: "how different the individuals are, over generations", ArgsUsage: groups, Action: plotCurves,
				Flags: []cli.Flag{output, metric("loss_std or return_std"), over, band, only}},
			{Name: "lineage", Usage: "the tree of a run's survivors", ArgsUsage: "RUN", Action: plotLineage,
				Flags: []cli.Flag{output, &cli.BoolFlag{Name: "only-living", Usage: "without those whose line died out, from the last common ancestor of the last generation on"}}},
			{Name: "throughput", Usage: "rates against a width, from a table of measurements such as bench results", ArgsUsage: "TABLE", Action: plotThroughput,
				Flags: []cli.Flag{output,
					&cli.StringFlag{Name: "width", Usage: "`COLUMN` of the x axis: individuals, hidden"},
					&cli.StringFlag{Name: "rate", Value: "tokens_per_second", Usage: "`COLUMN` of the y axis"},
					&cli.StringFlag{Name: "by", DefaultText: "whatever else differs", Usage: "`COLUMNS` that name the curve, separated by commas"}}},
		},
	}
}

// save writes a figure to the file of --output.
func save(c *cli.Context, f *plot.Figure, err error) error {
	if err != nil {
		return byKind(err)
	}
	path := c.String("output")
	if err := f.Save(path); err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.App.Writer, path)
	return err
}

// wantFile checks --output before any work is done.
func wantFile(c *cli.Context) error {
	if err := need(c, "output"); err != nil {
		return err
	}
	ending := strings.ToLower(filepath.Ext(c.String("output")))
	if !slices.Contains([]string{".svg", ".png"}, ending) {
		return usagef("plot: --output %s: the ending says the format: want .svg or .png", c.String("output"))
	}
	return nil
}

func plotCurves(c *cli.Context) error {
	if err := atMostOne(c, "terminal", "output"); err != nil {
		return err
	}
	if !c.Bool("terminal") {
		if err := wantFile(c); err != nil {
			return err
		}
	}
	if err := choice(c, "band", string(stats.MedianInterval), string(stats.MeanInterval), string(stats.MedianQuartiles), string(stats.MeanError)); err != nil {
		return err
	}
	if err := choice(c, "over", "generation", "seconds", "tokens", "steps"); err != nil {
		return err
	}
	source, err := study.ReadGroups(c.Args().Slice())
	if err != nil {
		return byKind(err)
	}
	groups := source.Groups
	metric := source.Ask(study.Question{Metric: c.String("metric")}).Metric
	if c.Command.Name == "diversity" && !c.IsSet("metric") {
		metric = study.ScoreKey(groups, "std")
	}
	v := study.View{Metric: metric, Axis: c.String("over"), Band: stats.BandKind(c.String("band")), Trials: !c.Bool("no-trials")}
	if c.Bool("terminal") {
		return terminalCurves(c, groups, v)
	}
	if v.Levels, err = levelsOf(c, source); err != nil {
		return err
	}
	f, err := study.DrawCurves(groups, v)
	return save(c, f, err)
}

const (
	terminalColumns = 80
	terminalLines   = 20
)

func terminalCurves(c *cli.Context, groups []study.Group, v study.View) error {
	centres, err := study.Centres(groups, v)
	if err != nil {
		return byKind(err)
	}
	columns, err := strconv.Atoi(os.Getenv("COLUMNS"))
	if err != nil || columns < 24 {
		columns = terminalColumns
	}
	fmt.Fprintf(c.App.Writer, "%s, over %s\n", study.MetricOf(v.Metric), v.Axis)
	return plot.Terminal(c.App.Writer, centres, columns, terminalLines)
}

// levelsOf returns what losses are compared with, if that is asked for.
func levelsOf(c *cli.Context, source study.Source) (*run.Levels, error) {
	if !c.Bool("levels") {
		return nil, nil
	}
	levels, err := source.Levels(runOptions(c))
	return levels, byKind(err)
}

// answerOf takes the values that the flags ask for.
func answerOf(c *cli.Context) (study.Answer, study.Source, error) {
	if err := wantFile(c); err != nil {
		return study.Answer{}, study.Source{}, err
	}
	source, err := study.ReadGroups(c.Args().Slice())
	if err != nil {
		return study.Answer{}, source, byKind(err)
	}
	q, err := question(c, source)
	if err != nil {
		return study.Answer{}, source, err
	}
	a, err := study.Select(source.Groups, q)
	return a, source, byKind(err)
}

func plotStrips(c *cli.Context) error {
	a, source, err := answerOf(c)
	if err != nil {
		return err
	}
	levels, err := levelsOf(c, source)
	if err != nil {
		return err
	}
	f, err := study.DrawStrips(a, levels)
	return save(c, f, err)
}

func plotRank(c *cli.Context) error {
	a, _, err := answerOf(c)
	if err != nil {
		return err
	}
	f, err := study.DrawAgainstRank(a, study.RanksOf(a))
	return save(c, f, err)
}

func plotLineage(c *cli.Context) error {
	if err := wantFile(c); err != nil {
		return err
	}
	f, err := study.DrawLineage(c.Args().First(), c.Bool("only-living"))
	return save(c, f, err)
}

func plotThroughput(c *cli.Context) error {
	if err := wantFile(c); err != nil {
		return err
	}
	if err := need(c, "width"); err != nil {
		return err
	}
	t, err := study.ReadTable(c.Args().First())
	if err != nil {
		return byKind(err)
	}
	var by []string
	if c.IsSet("by") {
		by = strings.Split(c.String("by"), ",")
	}
	f, err := study.DrawThroughput(t, by, c.String("width"), c.String("rate"))
	return save(c, f, err)
}
