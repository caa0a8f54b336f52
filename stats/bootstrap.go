package stats

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Statistic is what a bootstrap interval is about.
type Statistic int

// The statistics that can be bootstrapped.
const (
	OfMedian Statistic = iota
	OfMean
)

// of computes the statistic of a sorted sample.
func (s Statistic) of(sorted []float64) float64 {
	if s == OfMean {
		return Mean(sorted)
	}
	return medianSorted(sorted)
}

// Bootstrap says how intervals are resampled.
type Bootstrap struct {
	Confidence float64 // coverage aimed at, 0.95 for 95 %
	Resamples  int
	Seed       uint64
}

// resampleStream keeps the bootstrap's PCG stream apart from other uses of
// the same seed.
const resampleStream = 0x626f6f7473747261 // "bootstra"

// Interval is a confidence interval.
type Interval struct {
	Low  Number `json:"low"`
	High Number `json:"high"`
}

// Interval returns the bias-corrected and accelerated interval (BCa; Efron
// 1987, Efron and Tibshirani 1993 chapter 14) of a statistic of x. It fails
// with ErrTooFew on fewer than two values, with ErrConstant where they are all
// equal, and with ErrNotFinite.
func (b Bootstrap) Interval(s Statistic, x []float64) (Interval, error) {
	return b.interval(s, x)
}

// DifferenceInterval returns the BCa interval of s(x) - s(y), both samples
// resampled. It fails as Interval does, with ErrConstant only where neither
// sample varies.
func (b Bootstrap) DifferenceInterval(s Statistic, x, y []float64) (Interval, error) {
	return b.interval(s, x, y)
}

// interval is the BCa interval of s of the first sample minus s of the others.
func (b Bootstrap) interval(s Statistic, samples ...[]float64) (Interval, error) {
	if !(b.Confidence > 0 && b.Confidence < 1 && b.Resamples > 0) {
		panic("stats: bootstrap needs a confidence between 0 and 1 and at least one resample")
	}
	if err := checkSamples("bootstrap interval", 2, samples...); err != nil {
		return noInterval, err
	}
	sorted, varying := make([][]float64, len(samples)), false
	for i, sample := range samples {
		sorted[i] = slices.Clone(sample)
		slices.Sort(sorted[i])
		varying = varying || !constant(sample)
	}
	if !varying {
		return noInterval, fmt.Errorf("bootstrap interval: %w", ErrConstant)
	}
	resampled := b.distribution(s, sorted)
	low, high := bcaLevels(resampled, difference(s, sorted), acceleration(s, sorted), b.Confidence)
	return Interval{
		Low:  Number(quantileSorted(resampled, low)),
		High: Number(quantileSorted(resampled, high)),
	}, nil
}

func difference(s Statistic, sorted [][]float64) float64 {
	value := s.of(sorted[0])
	for _, sample := range sorted[1:] {
		value -= s.of(sample)
	}
	return value
}

// distribution returns the sorted statistics of all resamples.
func (b Bootstrap) distribution(s Statistic, sorted [][]float64) []float64 {
	source := rand.NewPCG(b.Seed, resampleStream)
	drawn := make([][]float64, len(sorted))
	for i, sample := range sorted {
		drawn[i] = make([]float64, len(sample))
	}
	values := make([]float64, b.Resamples)
	for r := range values {
		for i, sample := range sorted {
			resample(source, sample, drawn[i])
		}
		values[r] = difference(s, drawn)
	}
	slices.Sort(values)
	return values
}

// resample fills drawn with len(sorted) values drawn with replacement, sorted.
// A draw is the high word of a 64-bit number times n: its bias, below n/2⁶⁴,
// is nothing here, and the rule is short enough to repeat in another language.
func resample(source *rand.PCG, sorted, drawn []float64) {
	for i := range drawn {
		index, _ := bits.Mul64(source.Uint64(), uint64(len(sorted)))
		drawn[i] = sorted[index]
	}
	slices.Sort(drawn)
}

// bcaLevels returns the quantile levels of the resampled statistics at which
// the interval ends.
func bcaLevels(resampled []float64, observed, acceleration, confidence float64) (low, high float64) {
	below := 0.0 // resamples below the observed value, equal ones counting half
	for _, v := range resampled {
		switch {
		case v < observed:
			below++
		case v == observed:
			below += 0.5
		}
	}
	normal := distuv.UnitNormal
	bias := normal.Quantile(below / float64(len(resampled)))
	if math.IsInf(bias, 0) { // the observed value lies outside all resamples
		return 0, 1
	}
	level := func(z float64) float64 {
		return normal.CDF(bias + (bias+z)/(1-acceleration*(bias+z)))
	}
	z := normal.Quantile((1 + confidence) / 2)
	return level(-z), level(z)
}

// acceleration estimates from the jackknife how the standard error changes
// with the statistic (Efron and Tibshirani 1993, equations 14.15 and 15.36).
func acceleration(s Statistic, sorted [][]float64) float64 {
	cubes, squares := 0.0, 0.0
	for i, sample := range sorted {
		left := slices.Clone(sorted)
		influence := make([]float64, len(sample))
		for j := range sample {
			left[i] = slices.Concat(sample[:j], sample[j+1:])
			influence[j] = difference(s, left)
		}
		mean, n := Mean(influence), float64(len(sample))
		for _, v := range influence {
			u := (n - 1) * (mean - v) / n
			cubes += u * u * u
			squares += u * u
		}
	}
	if squares == 0 {
		return 0
	}
	return cubes / (6 * math.Pow(squares, 1.5))
}
