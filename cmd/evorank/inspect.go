package main

import (
	"cmp"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/run/lineage"
	"github.com/urfave/cli/v2"
)

func inspectCommand() *cli.Command {
	return &cli.Command{
		Name:      "inspect",
		Usage:     "show a run: status, best individual, the genes that made it, and the network's layout",
		ArgsUsage: "[RUN]",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "weights", Usage: "safetensors `FILE` instead of a run"},
			&cli.BoolFlag{Name: "genes", Usage: "print every gene of the individual"},
			&cli.BoolFlag{Name: "json", Usage: "print it as JSON"},
		}, individualFlags()...),
		Action: inspectAction,
	}
}

func inspectAction(c *cli.Context) error {
	s, err := chooseSubject(c)
	if err != nil {
		return err
	}
	application := string(transformer.Auto)
	if s.archive != nil {
		application = s.archive.Experiment.Config.Execution.Application
	}
	applied, err := applications(s.network, application)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c, s.describe(applied))
	}
	w := c.App.Writer
	if s.archive != nil {
		describeRun(w, s, c.Bool("genes"))
	}
	return describeLayout(w, s.network.Layout, applied)
}

// describe is what --json prints.
func (s subject) describe(applied map[string]string) map[string]any {
	d := map[string]any{"network": s.network.Spec, "layout": s.network.Layout, "mutable": s.network.Layout.Mutable(), "applied_on_cpu": applied}
	if s.archive != nil {
		d["run"], d["individual"], d["genome"] = s.archive.Manifest.Standing(s.archive.Dir), s.individual.Record, s.individual.Genome
	}
	return d
}

func describeRun(w io.Writer, s subject, genes bool) {
	m, i := s.archive.Manifest.Standing(s.archive.Dir), s.individual
	reason := ""
	if m.Reason != "" {
		reason = fmt.Sprintf(" (%s)", m.Reason)
	}
	fmt.Fprintf(w, "run          %s: %s%s\n", m.Experiment, m.Status, reason)
	fmt.Fprintf(w, "device       %s on %s, evorank %s\n", m.Devices(), m.Host, m.Version)
	words := s.archive.Experiment.Task.Words()
	if m.Stories > 0 {
		fmt.Fprintf(w, "data         %d stories, %d targets, digest %s\n", m.Stories, m.Targets, m.DataDigest)
	}
	fmt.Fprintf(w, "individual   %d of generation %d, %s %.6f over %d %s, %d genes, parent %d, %s\n",
		i.ID, i.Generation, words.Score, words.Of(i.Fitness), i.Cases, words.Cases, len(i.Genome), i.Parent, digestOf(i))
	for n, g := range i.Genome {
		if genes {
			fmt.Fprintf(w, "  gene %-5d %-9s seed %d\n", n+1, g.Kind, g.Seed)
		}
	}
}

// digestOf names the genotype's digest, which a lineage has of survivors only.
func digestOf(i lineage.Individual) string {
	if i.Digest == 0 {
		return "not selected"
	}
	return "digest " + i.Digest.String()
}

// describeLayout prints a row for each part of each tensor.
func describeLayout(out io.Writer, l *model.Layout, applied map[string]string) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "tensor\tencoding\ton a CPU\tpart\tshape\tparameters\toffset\tnoise tensor\tinitial\tstd\tstep")
	for i := range l.Tensors {
		t := &l.Tensors[i]
		for _, p := range t.Parts {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%v\t%d\t%d\t%d\t%g\t%.4g\t%.4g\n",
				t.Name, t.Encoding, cmp.Or(applied[t.Name], "-"), p.Role, p.Shape, p.Len(), p.Offset, p.Stream, p.InitValue, p.InitStd, p.MutationScale)
		}
	}
	fmt.Fprintf(w, "genotype %d (%d mutate), phenotype %d\n", l.Genotype, l.Mutable(), l.Phenotype)
	return w.Flush()
}
