package stats

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// carRacing is generation 40 of the paper's 15 CarRacing trials per method
// (from the data that came with its program, rounded): seconds of the first
// stage, population mean score of the first stage, seconds of the second
// stage, score of the best.
var carRacing = map[string][15][4]float64{
	"large dense": {
		{137.1, 606, 36.3, 862}, {95.6, 373, 26.0, 593}, {101.8, 423, 33.6, 809}, {113.4, 534, 37.4, 896}, {71.8, 285, 23.3, 721},
		{121.1, 496, 39.3, 801}, {104.2, 454, 31.9, 795}, {119.4, 521, 36.2, 859}, {108.4, 364, 30.3, 596}, {99.3, 417, 29.0, 748},
		{131.0, 557, 37.8, 828}, {159.7, 523, 35.9, 853}, {113.6, 478, 33.8, 752}, {124.6, 475, 35.4, 740}, {157.8, 610, 35.6, 900},
	},
	"factored": {
		{93.8, 398, 37.9, 862}, {72.6, 232, 31.0, 695}, {73.3, 306, 37.0, 894}, {70.1, 272, 38.9, 843}, {78.3, 332, 34.8, 893},
		{93.9, 346, 32.4, 763}, {72.1, 255, 31.9, 741}, {52.6, 154, 29.2, 668}, {51.1, 146, 33.3, 729}, {64.2, 204, 39.7, 814},
		{63.6, 236, 40.4, 874}, {74.9, 279, 33.3, 771}, {83.9, 332, 36.0, 894}, {63.0, 223, 35.4, 777}, {86.3, 283, 35.2, 757},
	},
	"small dense": {
		{98.7, 549, 31.6, 907}, {65.1, 315, 25.5, 837}, {61.8, 263, 18.8, 607}, {104.3, 267, 18.4, 516}, {62.9, 245, 21.5, 509},
		{68.1, 309, 21.3, 600}, {59.8, 304, 17.4, 654}, {79.6, 406, 22.9, 645}, {77.8, 397, 28.0, 813}, {75.5, 384, 22.2, 749},
		{67.0, 335, 22.6, 701}, {154.7, 607, 31.7, 870}, {37.9, 96, 14.6, 282}, {53.0, 228, 18.0, 576}, {63.3, 258, 18.2, 480},
	},
}

func carRacingColumn(method string, column int) Group {
	g := Group{Name: method}
	for _, trial := range carRacing[method] {
		g.Values = append(g.Values, trial[column])
	}
	return g
}

// The paper's p-values and Glass's deltas, to the precision that the table's
// rounding allows. Rounding makes ties and breaks none, so the true U lies
// within half the tied pairs of the table's, and the true p between the two
// ends' (three of the columns have such ties). The deltas' errors are those of
// two means of 15 rounded values: four standard errors are allowed.
func TestPaperCarRacing(t *testing.T) {
	for _, c := range []struct {
		name       string
		column     int
		unit       float64 // of the table's rounding
		baseline   string
		p, delta   float64
		pHalfDigit float64 // half the last digit printed
		dHalfDigit float64
	}{
		{"stage-1 time", 0, 0.1, "large dense", 1.8e-5, -1.985, 0.05e-5, 0.0005},
		{"stage-1 mean score", 1, 1, "large dense", 1.2e-5, -2.365, 0.05e-5, 0.0005},
		{"stage-2 time", 2, 0.1, "large dense", 0.548, 0.373, 0.0005, 0.0005},
		{"best", 3, 1, "large dense", 0.820, 0.163, 0.0005, 0.0005},
		{"best", 3, 1, "small dense", 0.0084, 0.91, 0.00005, 0.005},
		{"stage-1 time", 0, 0.1, "small dense", 0.66, -0.09, 0.005, 0.005},
	} {
		factored, baseline := carRacingColumn("factored", c.column), carRacingColumn(c.baseline, c.column)
		report, err := Compare([]Group{baseline, factored}, Options{Metric: c.name, Method: RankSums, Resamples: 200})
		if err != nil {
			t.Fatal(err)
		}
		got := report.Pairs[0]
		slack := tiedPairs(factored.Values, baseline.Values) / 2
		ends := []float64{normalP(float64(got.U)-slack, 15, 15, 0, 0), normalP(float64(got.U)+slack, 15, 15, 0, 0)}
		if !(slices.Min(ends)-c.pHalfDigit <= c.p && c.p <= slices.Max(ends)+c.pHalfDigit) {
			t.Errorf("%s, factored against %s: p %.4g, between %.4g and %.4g before rounding; the paper's data give %v", c.name, c.baseline, got.P, ends[0], ends[1], c.p)
		}
		allowed := c.dHalfDigit + 4*c.unit/math.Sqrt(12)*math.Sqrt(2.0/15)/PopulationSD(baseline.Values)
		if !(math.Abs(float64(got.Glass)-c.delta) <= allowed) {
			t.Errorf("%s, factored against %s: delta %.4f ± %.4f; the paper's data give %v", c.name, c.baseline, got.Glass, allowed, c.delta)
		}
	}
}

// tiedPairs counts the pairs of equal values.
func tiedPairs(x, y []float64) float64 {
	count := 0.0
	for _, a := range x {
		for _, b := range y {
			if a == b {
				count++
			}
		}
	}
	return count
}

// Where the paper prints 1.8e-5, the exact test gives 1.25e-6, and a report
// made with the paper's method says so.
func TestPaperExact(t *testing.T) {
	groups := []Group{carRacingColumn("large dense", 0), carRacingColumn("factored", 0)}
	exact, err := RankSum(groups[1].Values, groups[0].Values, Auto)
	if err != nil || exact.Method != Exact || !(math.Abs(exact.P-1.25e-6) <= 0.005e-6) {
		t.Errorf("got %+v (%v), want the exact p 1.25e-6", exact, err)
	}
	report, err := Compare(groups, Options{Method: RankSums, Resamples: 200})
	if err != nil {
		t.Fatal(err)
	}
	if caveats := strings.Join(report.Pairs[0].Caveats, "\n"); !strings.Contains(caveats, "exact p is 1.25e-06") {
		t.Errorf("the report does not name the exact p: %q", caveats)
	}
}

// Means and sample deviations of the same table (method 7.2 b).
func TestPaperSummaries(t *testing.T) {
	for _, c := range []struct {
		method    string
		column    int
		mean, sd  float64
		tolerance float64
	}{
		{"large dense", 0, 117.25, 23.1, 0.05}, {"factored", 0, 72.92, 13.0, 0.05}, {"small dense", 0, 75.30, 27.5, 0.05},
		{"large dense", 3, 783.5, 94.7, 0.3}, {"factored", 3, 798.4, 75.1, 0.3}, {"small dense", 3, 649.8, 169.0, 0.3},
	} {
		x := carRacingColumn(c.method, c.column).Values
		if !(math.Abs(Mean(x)-c.mean) <= c.tolerance && math.Abs(SampleSD(x)-c.sd) <= c.tolerance) {
			t.Errorf("%s, column %d: %.3f (%.3f), want %v (%v)", c.method, c.column, Mean(x), SampleSD(x), c.mean, c.sd)
		}
	}
}
