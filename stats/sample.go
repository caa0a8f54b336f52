package stats

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// The causes for which a statistic cannot be computed. Functions wrap them
// with the name of the operation; test with errors.Is.
var (
	ErrTooFew    = errors.New("too few values")
	ErrConstant  = errors.New("all values are equal")
	ErrNotFinite = errors.New("a value is NaN or infinite")
)

// z95 is how many standard errors the paper's bands extend to either side.
const z95 = 1.96

// checkSamples reports the first reason why the samples cannot be used by an
// operation that needs at least least finite values in each.
func checkSamples(operation string, least int, samples ...[]float64) error {
	for _, sample := range samples {
		if len(sample) < least {
			return fmt.Errorf("%s: %w: %d of at least %d", operation, ErrTooFew, len(sample), least)
		}
		if countNotFinite(sample) > 0 {
			return fmt.Errorf("%s: %w", operation, ErrNotFinite)
		}
	}
	return nil
}

func countNotFinite(x []float64) int {
	count := 0
	for _, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			count++
		}
	}
	return count
}

// constant reports whether all values are equal.
func constant(x []float64) bool {
	for _, v := range x {
		if v != x[0] {
			return false
		}
	}
	return true
}

// Mean returns the arithmetic mean, NaN of no values.
func Mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// SampleSD returns the standard deviation with n-1 in the denominator, NaN of
// fewer than two values.
func SampleSD(x []float64) float64 {
	if len(x) < 2 {
		return math.NaN()
	}
	return math.Sqrt(squaredDeviations(x) / float64(len(x)-1))
}

// PopulationSD returns the standard deviation with n in the denominator, NaN
// of no values.
func PopulationSD(x []float64) float64 {
	return math.Sqrt(squaredDeviations(x) / float64(len(x)))
}

// squaredDeviations sums the squared distances from the mean. A constant
// sample gives exactly zero, which the rounding of the mean would not.
func squaredDeviations(x []float64) float64 {
	if constant(x) {
		return 0
	}
	mean, sum := Mean(x), 0.0
	for _, v := range x {
		sum += (v - mean) * (v - mean)
	}
	return sum
}

// StandardError returns the sample standard deviation over √n. The mean
// ± 1.96 of these is the band of the paper's figures.
func StandardError(x []float64) float64 {
	return SampleSD(x) / math.Sqrt(float64(len(x)))
}

// Quantile returns the q-quantile, 0 ≤ q ≤ 1, by linear interpolation between
// order statistics (type 7 of Hyndman and Fan 1996, the default of NumPy and
// R); NaN of no values or where x has a NaN.
func Quantile(x []float64, q float64) float64 {
	if q < 0 || q > 1 || math.IsNaN(q) {
		panic("stats: quantile outside [0, 1]")
	}
	if len(x) == 0 || slices.ContainsFunc(x, math.IsNaN) {
		return math.NaN()
	}
	sorted := slices.Clone(x)
	slices.Sort(sorted)
	return quantileSorted(sorted, q)
}

func quantileSorted(sorted []float64, q float64) float64 {
	position := q * float64(len(sorted)-1)
	below := int(position)
	if below == len(sorted)-1 {
		return sorted[below]
	}
	fraction := position - float64(below)
	return sorted[below] + fraction*(sorted[below+1]-sorted[below])
}

// Median returns the middle value, or the mean of the middle two; NaN of no
// values or where x has a NaN.
func Median(x []float64) float64 {
	if len(x) == 0 || slices.ContainsFunc(x, math.IsNaN) {
		return math.NaN()
	}
	sorted := slices.Clone(x)
	slices.Sort(sorted)
	return medianSorted(sorted)
}

func medianSorted(sorted []float64) float64 {
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}
