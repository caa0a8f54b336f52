package stats

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

var quick = Bootstrap{Confidence: 0.95, Resamples: 200, Seed: 1}

func TestBandOnSharedPlaces(t *testing.T) {
	trials := []Series{
		{[]float64{1, 2, 3}, []float64{10, 8, 6}},
		{[]float64{1, 2, 3, 4}, []float64{12, 9, 6, 5}}, // the longer trial's end is not summarised
		{[]float64{1, 2, 3}, []float64{17, 10, 6}},
	}
	band, err := NewBand(MedianQuartiles, trials, quick)
	if err != nil || !slices.Equal(band.X, []float64{1, 2, 3}) || !slices.Equal(band.Centre, []float64{12, 9, 6}) ||
		!slices.Equal(band.Low, []float64{11, 8.5, 6}) || !slices.Equal(band.High, []float64{14.5, 9.5, 6}) {
		t.Errorf("quartiles: %+v (%v)", band, err)
	}
	band, err = NewBand(MeanError, trials, quick)
	half := 1.96 * math.Sqrt(13) / math.Sqrt(3) // 10, 12, 17: variance 13
	if err != nil || band.Centre[0] != 13 || !close12(band.High[0]-13, half) || !close12(13-band.Low[0], half) {
		t.Errorf("mean ± 1.96 SE: %+v (%v)", band, err)
	}
	for _, kind := range []BandKind{MedianInterval, MeanInterval} {
		band, err = NewBand(kind, trials, quick)
		if err != nil || !(band.Low[0] < band.Centre[0] && band.Centre[0] < band.High[0]) || band.Low[2] != 6 || band.High[2] != 6 {
			t.Errorf("%s: %+v (%v)", kind, band, err)
		}
	}
}

// Where trials have their own seconds, each counts with what lies on its line.
func TestBandOnOwnPlaces(t *testing.T) {
	band, err := NewBand(MedianQuartiles, []Series{
		{[]float64{0, 10, 20}, []float64{3, 2, 1}},
		{[]float64{5, 15, 30}, []float64{6, 5, 4}},
	}, quick)
	if err != nil || len(band.X) != bandPoints || band.X[0] != 5 || band.X[bandPoints-1] != 20 {
		t.Fatalf("places %v to %v (%v)", band.X[0], band.X[len(band.X)-1], err)
	}
	if first, last := band.Centre[0], band.Centre[bandPoints-1]; first != 4.25 || !close12(last, 17./6) {
		t.Errorf("centre from %v to %v, want (2.5+6)/2 to (1+14/3)/2", first, last)
	}
}

func TestBandOfOneTrial(t *testing.T) {
	band, err := NewBand(MedianInterval, []Series{{[]float64{1, 2}, []float64{3, 4}}}, quick)
	if err != nil || band.Low != nil || band.High != nil || !slices.Equal(band.Centre, []float64{3, 4}) {
		t.Errorf("%+v (%v)", band, err)
	}
}

func TestBandRefuses(t *testing.T) {
	good := Series{[]float64{1, 2}, []float64{3, 4}}
	for _, c := range []struct {
		trials []Series
		kind   BandKind
		want   string
	}{
		{nil, MedianInterval, "no trials"},
		{[]Series{good, {}}, MedianInterval, "trial 1: too few"},
		{[]Series{{[]float64{1}, []float64{1, 2}}}, MedianInterval, "1 places and 2 values"},
		{[]Series{{[]float64{2, 1}, []float64{1, 2}}}, MedianInterval, "does not rise"},
		{[]Series{{[]float64{1, 2}, []float64{1, math.NaN()}}}, MedianInterval, "NaN"},
		{[]Series{good, {[]float64{8, 9}, []float64{3, 4}}}, MedianInterval, "overlap nowhere"},
		{[]Series{good, good}, "violin", "unknown kind"},
	} {
		if _, err := NewBand(c.kind, c.trials, quick); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.trials, err, c.want)
		}
	}
	if _, err := NewBand(MedianInterval, nil, quick); !errors.Is(err, ErrTooFew) {
		t.Errorf("no trials: %v", err)
	}
}
