package main

import (
	"fmt"
	"math"

	"github.com/evorank/evorank/stats"
	"github.com/evorank/evorank/study"
	"github.com/urfave/cli/v2"
)

const groupsHelp = "A group is NAME=RUNS: run directories or globs with commas between them. Quote globs.\n" +
	"Without NAME= it is one run's directory, or a study, by name or directory: its conditions are the groups.\n"

func compareCommand() *cli.Command {
	return &cli.Command{
		Name:      "compare",
		Usage:     "test whether groups of runs, or of a table's rows, differ, and by how much",
		ArgsUsage: "[GROUP]...",
		Description: groupsHelp +
			"  evorank compare factored=runs/a,runs/b dense='runs/dense/*' --metric loss_best --generation 300\n" +
			"  evorank compare --table trials.csv --group condition --value loss --method ranksums\n" +
			"Runs of other tasks or texts, and runs without the value, are refused; whatever else makes\n" +
			"the comparison doubtful stands under the tables.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "table", Usage: "CSV or JSON `FILE` with one row per trial, instead of runs"},
			&cli.StringFlag{Name: "group", Usage: "`COLUMN` of the table that names the group"},
			&cli.StringFlag{Name: "value", Usage: "`COLUMN` of the table that holds the values"},
			&cli.StringFlag{Name: "pair", Usage: "`COLUMN` of the table that says which rows of different groups belong together, for signed-rank"},
			&cli.StringFlag{Name: "better", Usage: "lower or higher: which values of the table are better (default: by the column's name)"},
			&cli.StringFlag{Name: "method", Value: string(stats.Auto), Usage: "of the rank-sum test: auto, exact, normal, or ranksums (uncorrected, as in the paper); or signed-rank, of pairs of equal seed"},
			&cli.StringFlag{Name: "baseline", Usage: "`GROUP` that others are held against (default: the study's, or the first)"},
			&cli.Float64Flag{Name: "confidence", Value: 0.95, Usage: "of intervals; tests are read at 1 minus it"},
			&cli.IntFlag{Name: "resamples", Value: 10_000, Usage: "of the bootstrap"},
			&cli.Uint64Flag{Name: "seed", Usage: "of the bootstrap"},
			&cli.BoolFlag{Name: "json", Usage: "every number, nothing rounded"},
			&cli.BoolFlag{Name: "markdown", Usage: "tables in Markdown"},
			&cli.BoolFlag{Name: "latex", Usage: "tables in LaTeX, for the booktabs package"},
		}, questionFlags()...),
		Action: compareAction,
	}
}

// questionFlags say which value is taken from a run.
func questionFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "metric", DefaultText: "the study's, or the best's score: loss_best or return_best", Usage: "`KEY` of metrics.jsonl (docs/metrics.md), held-out ones included"},
		&cli.IntFlag{Name: "generation", Usage: "to compare at", DefaultText: "the study's, or the last one, if it is the same for all runs"},
		&cli.BoolFlag{Name: "allow-missing", Usage: "leave out runs that lack the value, and say so"},
	}
}

func compareAction(c *cli.Context) error {
	if err := compareUsage(c); err != nil {
		return err
	}
	o := stats.Options{
		Method: stats.Method(c.String("method")), Baseline: c.String("baseline"),
		Confidence: c.Float64("confidence"), Resamples: c.Int("resamples"), Seed: c.Uint64("seed"),
	}
	compare := compareRuns
	if c.IsSet("table") {
		compare = compareTable
	}
	report, err := compare(c, o)
	if err != nil {
		return err
	}
	switch w := c.App.Writer; {
	case c.Bool("json"):
		return report.WriteJSON(w)
	case c.Bool("markdown"):
		return report.WriteMarkdown(w)
	case c.Bool("latex"):
		return report.WriteLaTeX(w)
	default:
		return report.WriteText(w)
	}
}

// compareUsage refuses flags that contradict each other.
func compareUsage(c *cli.Context) error {
	if err := atMostOne(c, "json", "markdown", "latex"); err != nil {
		return err
	}
	if c.Float64("confidence") == 0 || c.Int("resamples") == 0 || math.IsNaN(c.Float64("confidence")) {
		return usagef("compare: --confidence and --resamples must be more than 0")
	}
	if !c.IsSet("table") {
		for _, f := range []string{"group", "value", "pair", "better"} {
			if c.IsSet(f) {
				return usagef("compare: --%s is for a --table", f)
			}
		}
		if c.NArg() == 0 {
			return usagef("compare: give groups of runs, a study, or --table (evorank compare --help)")
		}
		return nil
	}
	for _, f := range []string{"metric", "generation", "allow-missing"} {
		if c.IsSet(f) {
			return usagef("compare: --%s is for runs, not for a --table", f)
		}
	}
	if c.NArg() > 0 {
		return usagef("compare: %q: give groups of runs or --table, one of them", c.Args().First())
	}
	if c.IsSet("pair") != (c.String("method") == string(stats.SignedRanks)) {
		return usagef("compare: --method %s and --pair belong together: which rows of a table make pairs?", stats.SignedRanks)
	}
	return need(c, "group", "value")
}

func atMostOne(c *cli.Context, flags ...string) error {
	given := ""
	for _, f := range flags {
		if c.IsSet(f) && given != "" {
			return usagef("%s: --%s and --%s exclude each other", typed(c), given, f)
		}
		if c.IsSet(f) {
			given = f
		}
	}
	return nil
}

func compareRuns(c *cli.Context, o stats.Options) (stats.Report, error) {
	source, err := study.ReadGroups(c.Args().Slice())
	if err != nil {
		return stats.Report{}, byKind(err)
	}
	if o.Baseline == "" && source.Study != nil {
		o.Baseline = source.Study.Baseline
	}
	q, err := question(c, source)
	if err != nil {
		return stats.Report{}, err
	}
	a, err := study.Select(source.Groups, q)
	if err != nil {
		return stats.Report{}, byKind(err)
	}
	report, err := a.Compare(o)
	return report, byKind(err)
}

// question is what the flags ask, completed by what a study is about.
func question(c *cli.Context, source study.Source) (study.Question, error) {
	q := source.Ask(study.Question{Metric: c.String("metric"), Generation: c.Int("generation"), AllowMissing: c.Bool("allow-missing")})
	return q, positive(c, "generation")
}

func compareTable(c *cli.Context, o stats.Options) (stats.Report, error) {
	t, err := study.ReadTable(c.String("table"))
	if err != nil {
		return stats.Report{}, byKind(err)
	}
	groups, err := t.Groups(c.String("group"), c.String("value"), c.String("pair"))
	if err != nil {
		return stats.Report{}, byKind(err)
	}
	direction := study.MetricOf(c.String("value")).Better
	if c.IsSet("better") {
		if err := choice(c, "better", "lower", "higher"); err != nil {
			return stats.Report{}, err
		}
		direction = map[string]study.Direction{"lower": study.Lower, "higher": study.Higher}[c.String("better")]
	}
	o.Metric = c.String("value")
	if direction != study.Neither {
		o.Metric = fmt.Sprintf("%s, %s", o.Metric, direction)
	}
	report, err := stats.Compare(groups, o)
	return report, usageError(err)
}
