package stats

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
)

// Series is one trial's curve: Y[i] was reached at X[i], X rising.
type Series struct {
	X, Y []float64
}

// Band is a condition's curve over trials: a centre and how far it is
// uncertain, or how far the trials spread.
type Band struct {
	X, Centre, Low, High []float64
}

// BandKind names what a band shows.
type BandKind string

// The kinds of band.
const (
	MedianInterval  BandKind = "median-bootstrap" // median and its bootstrap interval
	MeanInterval    BandKind = "mean-bootstrap"   // mean and its bootstrap interval
	MedianQuartiles BandKind = "median-quartiles" // median and quartiles
	MeanError       BandKind = "mean-error"       // mean ± 1.96 standard errors, the paper's
)

// bandPoints is how many places a band has where the trials share none.
const bandPoints = 300

// NewBand summarises trials point by point. Where all trials have the same X
// (generations) those are the band's; where they differ (seconds, tokens) the
// band is taken at evenly spaced places, at which each trial counts with its
// value on the straight line between its points. It covers only what all trials cover: a
// centre over fewer and fewer trials would show who survived, not what was
// learned. One trial alone has a centre and no band (Low and High are nil).
//
// It fails with ErrTooFew on no trials or an empty one, with ErrNotFinite, and
// where X does not rise or the trials overlap nowhere.
func NewBand(kind BandKind, trials []Series, b Bootstrap) (Band, error) {
	if err := checkSeries(trials); err != nil {
		return Band{}, err
	}
	grid := commonGrid(trials)
	if len(grid) == 0 {
		return Band{}, errors.New("band: the trials overlap nowhere on the x axis")
	}
	band := Band{X: grid, Centre: make([]float64, len(grid))}
	if len(trials) > 1 {
		band.Low, band.High = make([]float64, len(grid)), make([]float64, len(grid))
	}
	values := make([]float64, len(trials))
	for i, x := range grid {
		for t, trial := range trials {
			values[t] = trial.at(x)
		}
		centre, low, high, err := spread(kind, values, b)
		if err != nil {
			return Band{}, err
		}
		band.Centre[i] = centre
		if band.Low != nil {
			band.Low[i], band.High[i] = low, high
		}
	}
	return band, nil
}

func checkSeries(trials []Series) error {
	if len(trials) == 0 {
		return fmt.Errorf("band: %w: no trials", ErrTooFew)
	}
	for i, trial := range trials {
		if len(trial.X) != len(trial.Y) {
			return fmt.Errorf("band: trial %d: %d places and %d values", i, len(trial.X), len(trial.Y))
		}
		if err := checkSamples(fmt.Sprintf("band: trial %d", i), 1, trial.X, trial.Y); err != nil {
			return err
		}
		if !slices.IsSorted(trial.X) {
			return fmt.Errorf("band: trial %d: x does not rise", i)
		}
	}
	return nil
}

// commonGrid returns the places of the band: the trials' own as far as all
// share them, evenly spaced ones over their common range otherwise.
func commonGrid(trials []Series) []float64 {
	shared := trials[0].X
	for _, trial := range trials[1:] {
		if len(trial.X) < len(shared) {
			shared = trial.X
		}
	}
	first, last := math.Inf(-1), math.Inf(1)
	same := true
	for _, trial := range trials {
		first = max(first, trial.X[0])
		last = min(last, trial.X[len(trial.X)-1])
		same = same && slices.Equal(shared, trial.X[:len(shared)])
	}
	if same {
		return slices.Clone(shared)
	}
	if first > last {
		return nil
	}
	grid := make([]float64, bandPoints)
	for i := range grid {
		grid[i] = first + (last-first)*float64(i)/(bandPoints-1)
	}
	grid[bandPoints-1] = last
	return grid
}

// at returns the value at x, which is within the series: at a place of it the
// last value there, between two places that of the line that joins them.
func (s Series) at(x float64) float64 {
	after := sort.Search(len(s.X), func(i int) bool { return s.X[i] > x })
	before := after - 1
	if s.X[before] == x {
		return s.Y[before]
	}
	share := (x - s.X[before]) / (s.X[after] - s.X[before])
	return s.Y[before] + share*(s.Y[after]-s.Y[before])
}

// spread returns the centre of one column of values and its band. Equal
// values have a band of no width.
func spread(kind BandKind, values []float64, b Bootstrap) (centre, low, high float64, err error) {
	statistic := OfMedian
	switch kind {
	case MedianInterval:
		centre = Median(values)
	case MeanInterval:
		statistic, centre = OfMean, Mean(values)
	case MedianQuartiles:
		return Median(values), Quantile(values, 0.25), Quantile(values, 0.75), nil
	case MeanError:
		centre = Mean(values)
		half := z95 * StandardError(values)
		return centre, centre - half, centre + half, nil
	default:
		return 0, 0, 0, fmt.Errorf("band: unknown kind %q: use %q, %q, %q or %q", kind, MedianInterval, MeanInterval, MedianQuartiles, MeanError)
	}
	if len(values) < 2 || constant(values) {
		return centre, centre, centre, nil
	}
	interval, err := b.Interval(statistic, values)
	return centre, float64(interval.Low), float64(interval.High), err
}
