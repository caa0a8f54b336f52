package stats

import (
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestErrors(t *testing.T) {
	nan, inf := []float64{1, math.NaN()}, []float64{math.Inf(-1), 2}
	fine := []float64{1, 2, 3}
	b := Bootstrap{Confidence: 0.95, Resamples: 100}
	for name, call := range map[string]func(x, y []float64) error{
		"rank-sum":   func(x, y []float64) error { _, err := RankSum(x, y, Auto); return err },
		"kruskal":    func(x, y []float64) error { _, err := KruskalWallis(x, y); return err },
		"glass":      func(x, y []float64) error { _, err := GlassDelta(x, y); return err },
		"cliff":      func(x, y []float64) error { _, err := CliffsDelta(x, y); return err },
		"trials":     func(x, y []float64) error { _, err := TrialsNeeded(x, y, 0.05, 0.8); return err },
		"difference": func(x, y []float64) error { _, err := b.DifferenceInterval(OfMean, x, y); return err },
		"interval":   func(x, _ []float64) error { _, err := b.Interval(OfMean, x); return err },
	} {
		for _, bad := range [][]float64{nan, inf} {
			if err := call(bad, fine); !errors.Is(err, ErrNotFinite) {
				t.Errorf("%s of %v: %v", name, bad, err)
			}
		}
		if err := call(nil, fine); !errors.Is(err, ErrTooFew) {
			t.Errorf("%s of nothing: %v", name, err)
		}
	}
	same := []float64{2, 2}
	if _, err := RankSum(same, same, Auto); !errors.Is(err, ErrConstant) {
		t.Errorf("rank-sum of equal values: %v", err)
	}
	if _, err := KruskalWallis(same, same); !errors.Is(err, ErrConstant) {
		t.Errorf("Kruskal-Wallis of equal values: %v", err)
	}
	if _, err := KruskalWallis(fine); !errors.Is(err, ErrTooFew) {
		t.Errorf("Kruskal-Wallis of one group: %v", err)
	}
	if _, err := b.Interval(OfMedian, same); !errors.Is(err, ErrConstant) {
		t.Errorf("interval of equal values: %v", err)
	}
	if _, err := RankSum(make([]float64, 198), fine, Exact); err == nil {
		t.Error("the exact distribution of 201 values was not refused")
	}
	if !math.IsNaN(Median(nan)) || !math.IsNaN(Quantile(nan, 0.5)) || !math.IsNaN(Mean(nil)) {
		t.Error("a median or mean of what has none")
	}
}

func TestSmallestP(t *testing.T) {
	for _, c := range []struct {
		m, n int
		want float64
	}{{1, 1, 1}, {3, 3, 0.1}, {4, 4, 2.0 / 70}, {2, 7, 2.0 / 36}, {15, 15, 2.0 / 155117520}} {
		if got := SmallestP(c.m, c.n); !close12(got, c.want) {
			t.Errorf("%d against %d: %v, want %v", c.m, c.n, got, c.want)
		}
	}
}

// values are coarse, so that ties are common.
func values(least, most int) *rapid.Generator[[]float64] {
	return rapid.SliceOfN(rapid.Map(rapid.IntRange(-8, 8), func(i int) float64 { return float64(i) / 2 }), least, most)
}

// A rank test knows only the order: a monotone map changes nothing, and
// swapping the samples mirrors U and keeps p.
func TestRankSumProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, y := values(1, 12).Draw(t, "x"), values(1, 12).Draw(t, "y")
		method := rapid.SampledFrom([]Method{Auto, Exact, Normal, RankSums}).Draw(t, "method")
		there, err := RankSum(x, y, method)
		if errors.Is(err, ErrConstant) {
			return
		}
		back, err2 := RankSum(y, x, method)
		curved, err3 := RankSum(exp(x), exp(y), method)
		if err != nil || err2 != nil || err3 != nil {
			t.Fatal(err, err2, err3)
		}
		if !(there.P > 0 && there.P <= 1) || there.U+back.U != float64(len(x)*len(y)) || !close12(there.P, back.P) || there != curved {
			t.Fatalf("%+v, turned round %+v, mapped %+v", there, back, curved)
		}
	})
}

func exp(x []float64) []float64 {
	out := slices.Clone(x)
	for i := range out {
		out[i] = math.Exp(out[i])
	}
	return out
}

// Intervals are ordered, lie in the sample's range, move with the sample, and
// do not depend on the order of the values.
func TestIntervalProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := values(2, 12).Draw(t, "x")
		if constant(x) {
			return
		}
		b := Bootstrap{Confidence: 0.9, Resamples: 100, Seed: rapid.Uint64().Draw(t, "seed")}
		for _, s := range []Statistic{OfMedian, OfMean} {
			i, err := b.Interval(s, x)
			if err != nil || !(slices.Min(x) <= float64(i.Low) && i.Low <= i.High && float64(i.High) <= slices.Max(x)) {
				t.Fatalf("%v of %v: %v (%v)", s, x, i, err)
			}
			turned := slices.Clone(x)
			slices.Reverse(turned)
			shifted := slices.Clone(x)
			for k := range shifted {
				shifted[k] += 16 // exact in float64
			}
			if r, _ := b.Interval(s, turned); r != i {
				t.Fatalf("%v of %v: %v, in another order %v", s, x, i, r)
			}
			// The bootstrap compares resampled means with the observed one,
			// where rounding of the shifted sums decides: only the median is exact.
			if r, _ := b.Interval(s, shifted); s == OfMedian && !(math.Abs(float64(r.Low-i.Low)-16) <= 1e-9 && math.Abs(float64(r.High-i.High)-16) <= 1e-9) {
				t.Fatalf("%v of %v: %v, shifted by 16 %v", s, x, i, r)
			}
		}
	})
}

func TestHolmProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SliceOfN(rapid.Float64Range(0, 1), 0, 8).Draw(t, "p")
		adjusted := Holm(p)
		for i := range p {
			if !(p[i] <= adjusted[i] && adjusted[i] <= 1) {
				t.Fatalf("%v adjusted to %v", p[i], adjusted[i])
			}
			for j := range p {
				if p[i] < p[j] && adjusted[i] > adjusted[j] {
					t.Fatalf("order of %v lost in %v", p, adjusted)
				}
			}
		}
	})
}
