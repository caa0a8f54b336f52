// Package stats compares groups of trials and says how it did so.
//
// Every function is plain arithmetic over float64 slices. Compare runs the
// whole protocol of a study over named groups (Kruskal-Wallis, pairwise
// rank-sum tests with Holm's correction, effect sizes, bootstrap intervals,
// the number of trials that would be needed) and returns a Report that writes
// itself as text, Markdown, LaTeX or JSON.
//
// Convention: inputs are never changed, higher and lower are never called
// better, and "x against y" means that y is the baseline: a positive
// difference or effect size says that x is larger. A number that cannot be
// computed is NaN in Go, null in JSON and a dash in tables, and a caveat says
// why; it is never replaced by a default.
//
// The package draws no random number except in the bootstrap, whose resamples
// are a pure function of an explicit seed. It reads no clock and no file and
// knows nothing of runs, tasks or evorank.
package stats
