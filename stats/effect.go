package stats

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// GlassDelta returns (mean(x) - mean(baseline)) / sd(baseline) with the
// population standard deviation, as the paper computes it. It fails with
// ErrConstant where the baseline does not vary.
func GlassDelta(x, baseline []float64) (float64, error) {
	return glass(x, baseline, PopulationSD)
}

// GlassDeltaSample is GlassDelta with the sample standard deviation, as Glass
// (1976) has it: smaller in magnitude by √((n-1)/n).
func GlassDeltaSample(x, baseline []float64) (float64, error) {
	return glass(x, baseline, SampleSD)
}

func glass(x, baseline []float64, sd func([]float64) float64) (float64, error) {
	if err := checkSamples("effect size", 1, x); err != nil {
		return math.NaN(), err
	}
	if err := checkSamples("effect size", 2, baseline); err != nil {
		return math.NaN(), err
	}
	if constant(baseline) {
		return math.NaN(), fmt.Errorf("effect size: baseline: %w", ErrConstant)
	}
	return (Mean(x) - Mean(baseline)) / sd(baseline), nil
}

// CliffsDelta returns P(x > y) - P(x < y) over all pairs (Cliff 1993), from
// -1, where every x lies below every y, to 1.
func CliffsDelta(x, y []float64) (float64, error) {
	if err := checkSamples("effect size", 1, x, y); err != nil {
		return math.NaN(), err
	}
	m, n := float64(len(x)), float64(len(y))
	u := sum(rank(x, y).ranks[0]) - m*(m+1)/2
	return (2*u - m*n) / (m * n), nil // exact above the line, so that turning round turns only the sign
}

// Holm returns the p-values adjusted for their number by Holm's step-down
// procedure (1979): rejecting where the adjusted value is at most α keeps the
// probability of any false rejection at most α.
func Holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	adjusted, running := make([]float64, len(p)), 0.0
	for position, i := range order {
		running = max(running, min(1, float64(len(p)-position)*p[i]))
		adjusted[i] = running
	}
	return adjusted
}

// TrialsNeeded returns how many trials per group a two-sided rank-sum test at
// level alpha needs to detect, with the given power, the effect that x and y
// show: Noether's formula (1987) for equal groups, with the observed P(x > y)
// + P(x = y)/2. It fails with ErrConstant where the samples show no effect at
// all (no number of trials would do).
//
// It plans a next study. It says nothing about the power that this one had:
// computed from the observed effect, that is only the p-value again. The
// formula takes the variance under the null hypothesis, which asks for too
// many trials where groups hardly overlap.
func TrialsNeeded(x, y []float64, alpha, power float64) (int, error) {
	if !(alpha > 0 && alpha < 1 && power > 0 && power < 1) {
		panic("stats: alpha and power must lie between 0 and 1")
	}
	delta, err := CliffsDelta(x, y)
	if err != nil {
		return 0, fmt.Errorf("trials needed: %w", err)
	}
	if delta == 0 {
		return 0, fmt.Errorf("trials needed: no observed effect: %w", ErrConstant)
	}
	return noether(delta, alpha, power), nil
}

// noether returns the trials per group for an effect of the size of Cliff's
// delta. N = z² / (3 (p - ½)²) in both groups, and p - ½ is half of delta.
func noether(delta, alpha, power float64) int {
	z := distuv.UnitNormal.Quantile(1-alpha/2) + distuv.UnitNormal.Quantile(power)
	return int(math.Ceil(2 * z * z / (3 * delta * delta)))
}
