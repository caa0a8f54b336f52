package main

import (
	"context"
	"fmt"

	"github.com/evorank/evorank/bench"
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/run"
	"github.com/evorank/evorank/stats"
	"github.com/urfave/cli/v2"
)

func benchPrecisionCommand() *cli.Command {
	return &cli.Command{
		Name: "precision", Usage: "what each precision does to the losses of a run's populations, and to who is selected",
		ArgsUsage: "RUN",
		Description: "Every individual of the generations is built again from the lineage and evaluated in every\n" +
			"precision of the device and in float64: by this program's reference, or with --python by PyTorch\n" +
			"on the GPU, whose first losses are compared with the reference. A parent that a precision selects\n" +
			"and float64 does not is tied if it is worse than the worst true parent by no more than the\n" +
			"precision's largest difference, and wrong otherwise.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "generations", Value: "1", Usage: "separated by commas"},
			&cli.IntFlag{Name: "stories", Usage: "how many of the run's, evenly spaced by length", DefaultText: "all"},
			&cli.StringSliceFlag{Name: "precision", Usage: "to be repeated", DefaultText: "all that the device has"},
			&cli.StringFlag{Name: "python", Usage: "`INTERPRETER` that has torch and safetensors, for float64 on the GPU"},
			deviceFlag(),
			&cli.BoolFlag{Name: "json", Usage: "one JSON object a row"},
		},
		Action: benchPrecision,
	}
}

// precisionRow is one line of the table.
type precisionRow struct {
	Run         string           `json:"run"`
	Generation  model.Generation `json:"generation"`
	Individuals int              `json:"individuals"`
	Stories     int              `json:"stories"`
	LossSD      float64          `json:"loss_sd"` // of the population, in float64
	Precision   string           `json:"precision"`
	bench.Agreement
}

func benchPrecision(c *cli.Context) error {
	generations, err := wholeNumbers(c, "generations")
	if err != nil {
		return err
	}
	p, err := choosePlace(c)
	if err != nil {
		return err
	}
	precisions, err := p.precisions(c)
	if err != nil {
		return err
	}
	dir := c.Args().First()
	population, err := evolved(c, dir)
	if err != nil {
		return err
	}
	ctx, stop := benchContext(c)
	defer stop()
	p.title(c, fmt.Sprintf("losses of the populations of %s in each precision against float64, in nats", dir))
	for _, g := range generations {
		if err := population.Population(run.LineagePath(dir), model.Generation(g)); err != nil {
			return dataError(err)
		}
		row := precisionRow{Run: dir, Generation: model.Generation(g), Individuals: population.Individuals(), Stories: population.Stories.Len()}
		if err := p.compare(ctx, c, population, row, precisions); err != nil {
			return err
		}
	}
	return nil
}

// evolved opens the run.
func evolved(c *cli.Context, dir string) (*bench.Evolved, error) {
	a, err := run.OpenArchive(dir, runOptions(c))
	if err != nil {
		return nil, byKind(err)
	}
	t, err := a.Experiment.LanguageModel()
	if err == nil {
		err = a.LoadData()
	}
	if err != nil {
		return nil, byKind(err)
	}
	stories := transformer.Sequences{IDs: t.Train.IDs, Start: t.Train.Start}
	if n := c.Int("stories"); n > 0 {
		stories = bench.Spread(stories, n)
	} else if c.IsSet("stories") {
		return nil, usagef("bench: --stories %d: want at least 1", n)
	}
	return &bench.Evolved{Spec: t.Spec, Layout: t.Network().Layout, Stories: stories}, nil
}

// precisions are those asked for, or all that the device has.
func (p place) precisions(c *cli.Context) ([]string, error) {
	asked := c.StringSlice("precision")
	if !p.selection.CUDA {
		if len(asked) > 0 {
			return nil, usagef("bench: --precision is of a GPU: the CPU has fp32 besides float64")
		}
		return []string{"fp32"}, nil
	}
	for _, name := range asked {
		if _, err := transformer.ParsePrecision(name); err != nil {
			return nil, usageError(err)
		}
	}
	if len(asked) > 0 {
		return asked, nil
	}
	var all []string
	for _, name := range []string{"fp32", "tf32", "bf16", "fp16"} {
		if _, err := transformer.ParsePrecision(name); err == nil {
			all = append(all, name)
		}
	}
	return all, nil
}

// compare evaluates a population in all ways and prints a line for each.
func (p place) compare(ctx context.Context, c *cli.Context, e *bench.Evolved, row precisionRow, precisions []string) error {
	truth, err := p.truth(ctx, c, e)
	if err != nil {
		return err
	}
	row.LossSD = stats.PopulationSD(truth)
	if !c.Bool("json") {
		fmt.Fprintf(c.App.Writer, "generation %d: %d individuals, %d stories, %d are selected, sd of the losses %.2e\n", row.Generation, row.Individuals, row.Stories, e.Survivors, row.LossSD)
	}
	for _, name := range precisions {
		var got []float64
		if p.selection.CUDA {
			got, err = e.OnGPU(ctx, p.card.Ordinals, transformer.Precision(name))
			err = withCode(exitDevice, err)
		} else {
			got, err = e.OnCPU(ctx, name, e.Individuals())
		}
		if err != nil {
			return err
		}
		row.Precision, row.Agreement = name, bench.Agree(truth, got, e.Survivors)
		if err := showAgreement(c, row); err != nil {
			return err
		}
	}
	return nil
}

func (p place) truth(ctx context.Context, c *cli.Context, e *bench.Evolved) ([]float64, error) {
	if python := c.String("python"); python != "" {
		return e.TruthByPython(ctx, python)
	}
	return e.OnCPU(ctx, "fp64", e.Individuals())
}

func showAgreement(c *cli.Context, r precisionRow) error {
	if c.Bool("json") {
		return printJSON(c, r)
	}
	_, err := fmt.Fprintf(c.App.Writer, "  %-4s  difference %.2e at most, %.2e in the mean  tau %.5f  parents: %2d the same, %d tied, %d wrong%s  %d not finite\n",
		r.Precision, r.Largest, r.Mean, r.Tau, r.Same, r.Tied, r.Wrong, column(r.Wrong+r.Tied > 0, " (worse by %.1e at most)", r.Worse), r.Unfit)
	return err
}
