package stats

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"slices"
	"testing"
)

// golden is what testdata/make_stats_golden.py wrote: the answers of SciPy
// 1.17.1 and statsmodels.
type golden struct {
	TwoSamples []struct {
		X, Y                []float64
		Ties                bool
		U, Normal, Ranksums float64
		Exact               *float64
		Cliff               float64
		Glass               *float64
		GlassSample         *float64 `json:"glass_sample"`
	} `json:"two_samples"`
	Kruskal []struct {
		Groups [][]float64
		H, P   float64
	}
	Summaries []struct {
		X                    []float64
		Q1, Median, Q3, Mean float64
		SDSample             float64 `json:"sd_sample"`
		SDPopulation         float64 `json:"sd_population"`
		StandardError        float64 `json:"standard_error"`
	}
	Holm      []struct{ P, Adjusted []float64 }
	Bootstrap []struct {
		Samples    [][]float64
		Statistic  string
		Seed       uint64
		Resamples  int
		Confidence float64
		Low, High  float64
	}
	Signed []struct {
		D    []float64
		Ties bool
		W, P float64
	}
	Power []struct {
		Shift, Cliff float64
		N            int
		Simulated    float64 `json:"simulated_power"`
	}
}

func readGolden(t *testing.T) golden {
	t.Helper()
	data, err := os.ReadFile("testdata/stats_golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// close12 compares with a reference that computed in float64 too, in another
// order: a few hundred roundings, so 12 digits; 1e-13 absolute where the true
// value is 0.
func close12(got, want float64) bool {
	return math.Abs(got-want) <= 1e-13+1e-12*math.Abs(want)
}

func TestRankSumAgainstSciPy(t *testing.T) {
	exact, tied := 0, 0
	for i, c := range readGolden(t).TwoSamples {
		check := func(method Method, want float64) {
			got, err := RankSum(c.X, c.Y, method)
			if err != nil {
				t.Errorf("case %d, %s: %v", i, method, err)
				return
			}
			if got.Method != method || got.U != c.U || got.Ties != c.Ties || !close12(got.P, want) {
				t.Errorf("case %d, %s (%d against %d): got %+v, want U %v, p %v, ties %v", i, method, len(c.X), len(c.Y), got, c.U, want, c.Ties)
			}
		}
		check(Normal, c.Normal)
		check(RankSums, c.Ranksums)
		if c.Exact != nil {
			check(Exact, *c.Exact)
			exact++
		}
		if c.Exact != nil && c.Ties {
			tied++
		}
		auto, err := RankSum(c.X, c.Y, Auto)
		if want := automatic(c.Ties, len(c.X), len(c.Y)); err != nil || auto.Method != want {
			t.Errorf("case %d: auto used %q, want %q (%v)", i, auto.Method, want, err)
		}
	}
	if exact < 100 || tied < 30 {
		t.Errorf("only %d exact cases, %d of them with ties: the golden file is too thin", exact, tied)
	}
}

func TestSignedRankAgainstSciPy(t *testing.T) {
	tied, zeros := 0, 0
	for i, c := range readGolden(t).Signed {
		got, err := SignedRank(c.D)
		if err != nil || got.W != c.W || !close12(got.P, c.P) {
			t.Errorf("case %d, %v: got %+v (%v), want W %v, p %v", i, c.D, got, err, c.W, c.P)
		}
		if c.Ties {
			tied++
		}
		if got.Zeros > 0 {
			zeros++
		}
	}
	if tied < 30 || zeros < 20 {
		t.Errorf("only %d cases with ties, %d with zeros: the golden file is too thin", tied, zeros)
	}
}

func TestEffectSizesAgainstNumPy(t *testing.T) {
	for i, c := range readGolden(t).TwoSamples {
		if got, err := CliffsDelta(c.X, c.Y); err != nil || !close12(got, c.Cliff) {
			t.Errorf("case %d: Cliff's delta %v (%v), want %v", i, got, err, c.Cliff)
		}
		got, err := GlassDelta(c.X, c.Y)
		sample, sampleErr := GlassDeltaSample(c.X, c.Y)
		if c.Glass == nil {
			if err == nil || sampleErr == nil {
				t.Errorf("case %d: Glass's delta %v of a baseline without spread", i, got)
			}
			continue
		}
		if err != nil || !close12(got, *c.Glass) || !close12(sample, *c.GlassSample) {
			t.Errorf("case %d: Glass's delta %v, %v (%v), want %v, %v", i, got, sample, err, *c.Glass, *c.GlassSample)
		}
	}
}

func TestKruskalWallisAgainstSciPy(t *testing.T) {
	for i, c := range readGolden(t).Kruskal {
		got, err := KruskalWallis(c.Groups...)
		if err != nil || got.Degrees != len(c.Groups)-1 || !close12(got.P, c.P) || !(math.Abs(got.H-c.H) <= 1e-11*(1+c.H)) {
			t.Errorf("case %d: got %+v (%v), want H %v, p %v", i, got, err, c.H, c.P)
		}
	}
}

func TestSummariesAgainstNumPy(t *testing.T) {
	for i, c := range readGolden(t).Summaries {
		before := slices.Clone(c.X)
		for _, q := range []struct {
			name      string
			got, want float64
		}{
			{"first quartile", Quantile(c.X, 0.25), c.Q1},
			{"median", Median(c.X), c.Median},
			{"median as a quantile", Quantile(c.X, 0.5), c.Median},
			{"third quartile", Quantile(c.X, 0.75), c.Q3},
			{"mean", Mean(c.X), c.Mean},
			{"sample SD", SampleSD(c.X), c.SDSample},
			{"population SD", PopulationSD(c.X), c.SDPopulation},
			{"standard error", StandardError(c.X), c.StandardError},
		} {
			if !close12(q.got, q.want) {
				t.Errorf("case %d: %s %v, want %v", i, q.name, q.got, q.want)
			}
		}
		if !slices.Equal(before, c.X) {
			t.Errorf("case %d: the input was changed", i)
		}
	}
}

func TestHolmAgainstStatsmodels(t *testing.T) {
	for i, c := range readGolden(t).Holm {
		for k, got := range Holm(c.P) {
			if !close12(got, c.Adjusted[k]) {
				t.Errorf("case %d: %v adjusted to %v, want %v", i, c.P, Holm(c.P), c.Adjusted)
				break
			}
		}
	}
}

// The script draws the same resamples, so that SciPy's BCa ends must agree to
// rounding and not only on average.
func TestBootstrapAgainstSciPy(t *testing.T) {
	for i, c := range readGolden(t).Bootstrap {
		s := map[string]Statistic{"median": OfMedian, "mean": OfMean}[c.Statistic]
		b := Bootstrap{Confidence: c.Confidence, Resamples: c.Resamples, Seed: c.Seed}
		got, err := b.Interval(s, c.Samples[0])
		if len(c.Samples) == 2 {
			got, err = b.DifferenceInterval(s, c.Samples[0], c.Samples[1])
		}
		if err != nil || !close12(float64(got.Low), c.Low) || !close12(float64(got.High), c.High) {
			t.Errorf("case %d (%s): got %v (%v), want [%v, %v]", i, c.Statistic, got, err, c.Low, c.High)
		}
	}
}

// Noether's number must give at least about the power asked for (the golden
// file simulates the exact test with it; 4,000 simulations, so ± 0.013).
func TestTrialsNeeded(t *testing.T) {
	for _, c := range readGolden(t).Power {
		if got := noether(c.Cliff, 0.05, 0.8); got != c.N {
			t.Errorf("shift %v: %d trials, want %d", c.Shift, got, c.N)
		}
		if c.Simulated < 0.8-0.02 {
			t.Errorf("shift %v: %d trials give a power of %v", c.Shift, c.N, c.Simulated)
		}
	}
	// p = P(x > y) = 0.75 over 8 pairs; z = 1.959964 + 0.841621.
	got, err := TrialsNeeded([]float64{2, 5}, []float64{0, 1, 3, 4}, 0.05, 0.8)
	if err != nil || got != 21 {
		t.Errorf("got %d trials (%v), want 21: 2·7.8489/(3·0.5²) = 20.93", got, err)
	}
	if _, err := TrialsNeeded([]float64{1, 4}, []float64{2, 3}, 0.05, 0.8); !errors.Is(err, ErrConstant) {
		t.Errorf("no effect: %v", err)
	}
}
