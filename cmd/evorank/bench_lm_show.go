package main

import (
	"fmt"

	"github.com/evorank/evorank/bench"
	"github.com/urfave/cli/v2"
)

// showRow prints a row as it comes.
func showRow(c *cli.Context, r bench.Row) {
	if c.Bool("json") {
		printJSON(c, r)
		return
	}
	line := fmt.Sprintf("%-13s %4d × %-4d %-4s %s  %-60s", r.Network, r.Individuals, r.Stories, r.Precision, threadsText(r.Threads), r.Framework+" "+r.Implementation)
	if r.Failure != "" {
		fmt.Fprintf(c.App.Writer, "%s  failed: %s\n", line, r.Failure)
		return
	}
	line += fmt.Sprintf(" %9s tokens/s %10.2f ms", metric(r.TokensPerSecond), 1000*r.Seconds)
	line += fmt.Sprintf(" %8s exp/s%s", metric(r.ExponentialsPerSecond), column(r.OfExponentialCeiling > 0, " (%3.0f %%)", 100*r.OfExponentialCeiling))
	line += fmt.Sprintf(" %8s FLOP/s%s", metric(r.FLOPPerSecond), column(r.OfTensorCeiling > 0, " (%3.0f %%)", 100*r.OfTensorCeiling))
	fmt.Fprintf(c.App.Writer, "%s  error %.1e\n", line, r.LargestError)
}

// showRatios compares each of our rows with the best baselines of its kind.
func showRatios(c *cli.Context, ours, theirs []bench.Row) {
	w := c.App.Writer
	fmt.Fprintln(w)
	ratios, mean := bench.Ratios(ours, theirs)
	for _, r := range ratios {
		fmt.Fprintf(w, "%-13s %4d × %-4d %s  evorank %s %s: %.2f times %s %s\n", r.Ours.Network, r.Ours.Individuals, r.Ours.Stories,
			threadsText(r.Ours.Threads), r.Ours.Implementation, r.Ours.Precision, r.Times, r.Best.Framework, r.Best.Implementation)
	}
	for _, framework := range []string{"PyTorch", "JAX"} {
		if m, ok := mean[framework]; ok {
			fmt.Fprintf(w, "geometric mean: %.2f times %s\n", m, framework)
		}
	}
}
