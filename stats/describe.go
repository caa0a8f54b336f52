package stats

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// fewTrials is the number of values below which bootstrap intervals are known
// to be too narrow and large-sample approximations to be rough.
const fewTrials = 5

// summarise describes a group as far as its values allow.
func summarise(g Group, b Bootstrap) Summary {
	s := Summary{
		Name: g.Name, N: len(g.Values),
		Median: none, MedianCI: noInterval, Quartile1: none, Quartile3: none,
		Mean: none, MeanCI: noInterval, StdError: none, SampleSD: none, Population: none,
		Min: none, Max: none,
	}
	if reason := unusable(g); reason != "" {
		s.Caveats = append(s.Caveats, reason)
		return s
	}
	x := g.Values
	s.Median, s.Mean = Number(Median(x)), Number(Mean(x))
	s.Quartile1, s.Quartile3 = Number(Quantile(x, 0.25)), Number(Quantile(x, 0.75))
	s.Min, s.Max = Number(slices.Min(x)), Number(slices.Max(x))
	s.SampleSD, s.StdError = Number(SampleSD(x)), Number(StandardError(x))
	s.Population = Number(PopulationSD(x))
	switch {
	case len(x) == 1:
		s.Population = none // a spread of 0 would be a claim
		s.Caveats = append(s.Caveats, "one value: no spread, no interval, no test")
		return s
	case constant(x):
		s.Caveats = append(s.Caveats, fmt.Sprintf("all %d values are equal: no interval", len(x)))
		return s
	case len(x) < fewTrials:
		s.Caveats = append(s.Caveats, fmt.Sprintf("%d values: bootstrap intervals of fewer than %d are too narrow", len(x), fewTrials))
	}
	// Neither can fail: at least two finite values that differ.
	s.MedianCI, _ = b.Interval(OfMedian, x)
	s.MeanCI, _ = b.Interval(OfMean, x)
	return s
}

// unusable says why nothing can be computed from a group, or nothing. Values
// that are not numbers are not left out: a trial that diverged is a result,
// and the rest without it would be too good.
func unusable(g Group) string {
	switch bad := countNotFinite(g.Values); {
	case len(g.Values) == 0:
		return "no values"
	case bad > 0:
		return fmt.Sprintf("%d of %d values are NaN or infinite: nothing computed; mend or drop those trials knowingly", bad, len(g.Values))
	}
	return ""
}

func overall(groups []Group) Overall {
	o := Overall{Test: "Kruskal-Wallis", H: none, P: none, Degrees: len(groups) - 1}
	samples, smallest := make([][]float64, len(groups)), math.MaxInt
	for i, g := range groups {
		samples[i], smallest = g.Values, min(smallest, len(g.Values))
		if reason := unusable(g); reason != "" {
			o.Caveats = append(o.Caveats, fmt.Sprintf("no test over all groups: %s: %s", g.Name, reason))
		}
	}
	if len(o.Caveats) > 0 {
		return o
	}
	test, err := KruskalWallis(samples...)
	if err != nil {
		o.Caveats = append(o.Caveats, err.Error())
		return o
	}
	o.H, o.P = Number(test.H), Number(test.P)
	if smallest < fewTrials {
		o.Caveats = append(o.Caveats, fmt.Sprintf("the χ² approximation is rough with fewer than %d values in a group", fewTrials))
	}
	return o
}

// hold compares a group with a baseline as far as their values allow.
func hold(g, base Group, o Options) Comparison {
	c := Comparison{
		Group: g.Name, Baseline: base.Name,
		U: none, P: none, Adjusted: none,
		Median: none, MedianCI: noInterval, Mean: none, MeanCI: noInterval,
		Cliff: none, Glass: none, GlassSample: none,
	}
	for _, side := range []Group{g, base} {
		reason := unusable(side)
		if reason == "" && len(side.Values) < 2 {
			reason = "one value: no test"
		}
		if reason != "" {
			c.Caveats = append(c.Caveats, fmt.Sprintf("%s: %s", side.Name, reason))
		}
	}
	if len(c.Caveats) > 0 {
		return c
	}
	if o.Method == SignedRanks {
		c.holdPairs(g, base, o)
		c.effects(g.Values, base.Values)
		return c
	}
	c.test(g.Values, base.Values, o)
	c.effects(g.Values, base.Values)
	c.differences(g.Values, base.Values, o.bootstrap())
	c.plan(g.Values, base.Values, o)
	return c
}

func (c *Comparison) caveat(format string, args ...any) {
	c.Caveats = append(c.Caveats, fmt.Sprintf(format, args...))
}

func (c *Comparison) test(x, y []float64, o Options) {
	test, err := RankSum(x, y, o.Method)
	if err != nil {
		c.caveat("no test: %v", err)
		return
	}
	c.Method, c.U, c.P = test.Method, Number(test.U), Number(test.P)
	alpha := 1 - o.Confidence
	if least := SmallestP(len(x), len(y)); least > alpha && test.Method != RankSums {
		c.caveat("%d against %d values: p cannot be below %.2g, so this test cannot reject at %.2g", len(x), len(y), least, alpha)
	}
	switch {
	case test.Method == RankSums:
		if exact, err := RankSum(x, y, Exact); err == nil {
			c.caveat("normal approximation without corrections, as in the paper; the exact p is %s", formatP(Number(exact.P)))
		}
	case test.Method == Normal && test.Ties && min(len(x), len(y)) < 8:
		c.caveat("ties: normal approximation, rough with fewer than 8 values; method %q allows for ties", Exact)
	}
}

func (c *Comparison) effects(x, y []float64) {
	cliff, _ := CliffsDelta(x, y) // cannot fail: both are finite and not empty
	c.Cliff = Number(cliff)
	glass, err := GlassDelta(x, y)
	if errors.Is(err, ErrConstant) {
		c.caveat("the baseline's values are all equal: no Glass's delta")
		return
	}
	sample, _ := GlassDeltaSample(x, y)
	c.Glass, c.GlassSample = Number(glass), Number(sample)
}

func (c *Comparison) differences(x, y []float64, b Bootstrap) {
	c.Median, c.Mean = Number(Median(x)-Median(y)), Number(Mean(x)-Mean(y))
	var err error
	if c.MedianCI, err = b.DifferenceInterval(OfMedian, x, y); err != nil {
		c.caveat("neither group varies: no interval of the difference")
		return
	}
	c.MeanCI, _ = b.DifferenceInterval(OfMean, x, y)
	if fewest := min(len(x), len(y)); fewest < fewTrials {
		c.caveat("%d values in a group: bootstrap intervals of fewer than %d are too narrow", fewest, fewTrials)
	}
}

func (c *Comparison) plan(x, y []float64, o Options) {
	needed, err := TrialsNeeded(x, y, 1-o.Confidence, o.Power)
	if err != nil {
		c.caveat("no observed effect: no number of trials would show it")
		return
	}
	c.TrialsNeeded = needed
	if float64(c.Cliff) == 1 || float64(c.Cliff) == -1 {
		c.caveat("the groups do not overlap: Cliff's delta is at its bound and the trials needed are an upper estimate")
	}
}

// adjust fills in the adjusted p-values and returns over how many comparisons.
func adjust(pairs []Comparison) int {
	var p []float64
	var at []int
	for i, c := range pairs {
		if c.P.Known() {
			p, at = append(p, float64(c.P)), append(at, i)
		}
	}
	for k, adjusted := range Holm(p) {
		pairs[at[k]].Adjusted = Number(adjusted)
	}
	return len(p)
}
