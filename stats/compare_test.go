package stats

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the expected files in testdata")

// awkwardReport has every kind of caveat that a study meets.
func awkwardReport(t *testing.T) Report {
	t.Helper()
	report, err := Compare([]Group{
		{Name: "dense", Values: []float64{7.61, 7.58, 7.66, 7.49, 7.55, 7.63, 7.6}},
		{Name: "factored_r1", Values: []float64{6.91, 7.02, 6.88, 6.95, 6.79, 7.08, 6.9}},
		{Name: "ties & more", Values: []float64{7.6, 7.6, 7.5, 7.4, 7.5, 7.6, 7.5}},
		{Name: "three | trials", Values: []float64{7.1, 7.2, 7.3}},
		{Name: "constant", Values: []float64{7.5, 7.5, 7.5, 7.5, 7.5}},
		{Name: "one", Values: []float64{7.0}},
		{Name: "diverged", Values: []float64{7.3, math.NaN(), 7.1, math.Inf(1)}},
		{Name: "empty", Values: nil},
	}, Options{Metric: "held-out loss", Unit: "nats", Resamples: 500, Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestReportWriters(t *testing.T) {
	report := awkwardReport(t)
	for name, write := range map[string]func(io.Writer) error{
		"report.txt": report.WriteText, "report.md": report.WriteMarkdown,
		"report.tex": report.WriteLaTeX, "report.json": report.WriteJSON,
	} {
		var got bytes.Buffer
		if err := write(&got); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if same := bytes.Equal(got.Bytes(), want) || name == "report.json" && sameJSON(t, got.Bytes(), want); !same {
			t.Errorf("%s differs from the expected file (go test -update rewrites it):\n%s", name, got.String())
		}
		if figures := strings.ReplaceAll(got.String(), "are NaN or infinite", ""); strings.Contains(figures, "NaN") || strings.Contains(figures, "Inf") {
			t.Errorf("%s prints a number that is none:\n%s", name, got.String())
		}
	}
}

// sameJSON compares with a tolerance: processors that fuse multiply and add
// give other last digits.
func sameJSON(t *testing.T, got, want []byte) bool {
	t.Helper()
	var a, b any
	if err := errors.Join(json.Unmarshal(got, &a), json.Unmarshal(want, &b)); err != nil {
		t.Fatal(err)
	}
	return sameValue(a, b)
}

func sameValue(a, b any) bool {
	switch a := a.(type) {
	case float64:
		b, ok := b.(float64)
		return ok && math.Abs(a-b) <= 1e-9*(1+math.Abs(b))
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, sameValue)
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, sameValue)
	}
	return a == b
}

func TestReportJSONReadsBack(t *testing.T) {
	report := awkwardReport(t)
	var first, second bytes.Buffer
	if err := report.WriteJSON(&first); err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(first.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if err := back.WriteJSON(&second); err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() {
		t.Error("a report changed on its way through JSON")
	}
	if u := back.Pairs[0].U; u != report.Pairs[0].U || back.Groups[7].Median.Known() {
		t.Errorf("read back U %v and the median of nothing %v", u, back.Groups[7].Median)
	}
}

// What cannot be computed is unknown and has a caveat, in the groups as in
// the pairs, and never a number.
func TestUnknownHasCaveat(t *testing.T) {
	report := awkwardReport(t)
	for _, s := range report.Groups {
		if known := s.MedianCI.Low.Known(); !known && len(s.Caveats) == 0 {
			t.Errorf("group %s: no interval and no caveat", s.Name)
		}
	}
	for _, s := range report.Groups[6:] {
		if s.Median.Known() || s.Mean.Known() || s.Min.Known() {
			t.Errorf("group %s has numbers: %+v", s.Name, s)
		}
	}
	computed := 0
	for _, c := range report.Pairs {
		complete := c.P.Known() && c.Glass.Known() && c.MedianCI.Low.Known() && c.TrialsNeeded > 0
		if !complete && len(c.Caveats) == 0 {
			t.Errorf("%s against %s: incomplete and no caveat", c.Group, c.Baseline)
		}
		if c.P.Known() {
			computed++
			if !(c.Adjusted >= c.P) {
				t.Errorf("%s against %s: adjusted p %v below %v", c.Group, c.Baseline, c.Adjusted, c.P)
			}
		}
	}
	if len(report.Pairs) != 28 || computed != 10 || report.Family != 10 {
		t.Errorf("%d pairs, %d computed, family %d; want 28, 10, 10", len(report.Pairs), computed, report.Family)
	}
	if report.Overall.P.Known() || len(report.Overall.Caveats) != 2 {
		t.Errorf("Kruskal-Wallis over groups with NaN and without values: %+v", report.Overall)
	}
}

func TestCaveats(t *testing.T) {
	five := []float64{1, 2, 3, 4, 5}
	for _, c := range []struct {
		name           string
		x, y           []float64
		method         Method
		group, pair    string
		wantP, noGlass bool
	}{
		{name: "few", x: []float64{1, 2, 3}, y: []float64{4, 5, 6}, pair: "p cannot be below 0.1", wantP: true},
		{name: "ties", x: five, y: []float64{5, 5, 6, 7, 8}, pair: "rough with fewer than 8", wantP: true},
		{name: "exact with ties", x: five, y: []float64{5, 5, 6, 7, 8}, method: Exact, wantP: true},
		{name: "no overlap", x: five, y: []float64{6, 7, 8, 9, 10}, pair: "do not overlap", wantP: true},
		{name: "constant baseline", x: five, y: []float64{6, 6, 6, 6, 6}, pair: "no Glass's delta", wantP: true, noGlass: true},
		{name: "both constant and equal", x: []float64{2, 2}, y: []float64{2, 2}, pair: "all values are equal", noGlass: true},
		{name: "both constant", x: []float64{3, 3, 3, 3}, y: []float64{2, 2, 2, 2}, pair: "neither group varies", wantP: true, noGlass: true},
		{name: "no effect", x: []float64{1, 4, 5, 8}, y: []float64{2, 3, 6, 7}, pair: "no observed effect", wantP: true},
		{name: "one value", x: []float64{1}, y: five, pair: "one value", noGlass: true},
		{name: "ranksums", x: five, y: []float64{6, 7, 8, 9, 3.5}, method: RankSums, pair: "exact p is", wantP: true},
	} {
		report, err := Compare([]Group{{Name: "y", Values: c.y}, {Name: "x", Values: c.x}}, Options{Method: c.method, Resamples: 100})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		pair := report.Pairs[0]
		got := strings.Join(pair.Caveats, "\n")
		if min(len(c.x), len(c.y)) < fewTrials && pair.MedianCI.Low.Known() != strings.Contains(got, "too narrow") {
			t.Errorf("%s: caveats %q on the interval of few values", c.name, got)
		}
		if !strings.Contains(got, c.pair) || c.pair == "" && got != "" {
			t.Errorf("%s: caveats %q, want %q", c.name, got, c.pair)
		}
		if pair.P.Known() != c.wantP || pair.Glass.Known() == c.noGlass {
			t.Errorf("%s: p %v, Glass's delta %v", c.name, pair.P, pair.Glass)
		}
	}
}

func TestCompareRefuses(t *testing.T) {
	a, b := Group{Name: "a", Values: []float64{1, 2}}, Group{Name: "b", Values: []float64{3, 4}}
	for _, c := range []struct {
		groups  []Group
		options Options
		want    string
	}{
		{[]Group{a}, Options{}, "at least two"},
		{[]Group{a, a}, Options{}, `"a" is given twice`},
		{[]Group{a, {Name: " ", Values: nil}}, Options{}, "no name"},
		{[]Group{a, b}, Options{Method: "t-test"}, "unknown method"},
		{[]Group{a, b}, Options{Confidence: 95}, "confidence 95"},
		{[]Group{a, b}, Options{Confidence: math.NaN()}, "confidence NaN"},
		{[]Group{a, b}, Options{Power: -1}, "power -1"},
		{[]Group{a, b}, Options{Resamples: 3}, "3 bootstrap resamples"},
		{[]Group{a, b}, Options{Baseline: "c"}, `baseline "c"`},
		{[]Group{a, b}, Options{Pairs: [][2]string{{"a", "z"}}}, `"z" is none`},
		{[]Group{a, b}, Options{Pairs: [][2]string{{"a", "a"}}}, "with itself"},
		{[]Group{a, b}, Options{Pairs: [][2]string{{"a", "b"}, {"b", "a"}}}, "twice"},
	} {
		if _, err := Compare(c.groups, c.options); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.options, err, c.want)
		}
	}
}

// Pairs hold later groups against earlier ones, whatever the named baseline
// against all; turning a pair round turns every sign.
func TestPairOrder(t *testing.T) {
	groups := []Group{{Name: "a", Values: []float64{1, 2, 4}}, {Name: "b", Values: []float64{3, 5, 6}}, {Name: "c", Values: []float64{0, 7, 9}}}
	names := func(o Options) (pairs [][2]string) {
		report, err := Compare(groups, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range report.Pairs {
			pairs = append(pairs, [2]string{c.Group, c.Baseline})
		}
		return pairs
	}
	if got, want := names(Options{Resamples: 100}), [][2]string{{"b", "a"}, {"c", "a"}, {"c", "b"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("pairs %v, want %v", got, want)
	}
	if got, want := names(Options{Resamples: 100, Baseline: "c"}), [][2]string{{"a", "c"}, {"b", "c"}, {"b", "a"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("pairs %v, want %v", got, want)
	}
	there, _ := Compare(groups, Options{Resamples: 100, Pairs: [][2]string{{"a", "b"}}})
	back, _ := Compare(groups, Options{Resamples: 100, Pairs: [][2]string{{"b", "a"}}})
	x, y := there.Pairs[0], back.Pairs[0]
	if len(there.Pairs) != 1 || x.Median != -y.Median || x.Cliff != -y.Cliff || x.P != y.P || x.U != 9-y.U {
		t.Errorf("%+v turned round is %+v", x, y)
	}
}

// TestSignedRanks: pairs are made by key, whatever the order; what has no
// partner is said, and what cannot be paired is not tested.
func TestSignedRanks(t *testing.T) {
	base := Group{"base", []float64{5, 1, 9, 3, 7, 2, 8}, []string{"e", "a", "i", "c", "g", "b", "h"}}
	g := Group{"new", []float64{1.5, 2.25, 3.125, 7, 8.5, 9.75, 4}, []string{"a", "b", "c", "g", "h", "i", "z"}}
	report, err := Compare([]Group{base, g}, Options{Method: SignedRanks, Resamples: 200})
	if err != nil {
		t.Fatal(err)
	}
	c := report.Pairs[0] // differences 0.5, 0.25, 0.125, 0, 0.5, 0.75: all above zero
	if c.Method != SignedRanks || c.U != 15 || c.P != 2./32 || c.Median != 0.375 || c.Mean != 2.125/6 {
		t.Errorf("%+v", c)
	}
	if i := c.MeanCI; !(0 <= i.Low && i.Low < c.Mean && c.Mean < i.High && i.High <= 0.75) { // NaN is none of it
		t.Errorf("mean of differences from 0 to 0.75: %v", c.MeanCI)
	}
	said := strings.Join(c.Caveats, "; ")
	for _, want := range []string{"6 pairs; values without a partner, not in the test: 2", "6 pairs; without a difference, not in the test: 1", "5 pairs with a difference: p cannot be below 0.062"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q does not say %q", said, want)
		}
	}
	var text strings.Builder
	if err := report.WriteText(&text); err != nil || !strings.Contains(text.String(), "signed-rank  15") || !strings.Contains(text.String(), "Signed-rank tests are two-sided") {
		t.Errorf("%v\n%s", err, text.String())
	}
	for want, bad := range map[string]Group{
		"it is not known which values belong together": {"new", g.Values, nil},
		"two values of a":                    {"new", []float64{1, 2}, []string{"a", "a"}},
		"every difference is zero":           {"new", base.Values, base.Keys},
		"too few values":                     {"new", []float64{1, 2}, []string{"x", "y"}},
		"1 pair with a difference: p cannot": {"new", []float64{1.5, 2}, []string{"a", "y"}},
		"3 pairs: bootstrap intervals of fewer than 5 are too narrow": {"new", []float64{1.5, 2.25, 4}, []string{"a", "b", "c"}},
	} {
		report, err := Compare([]Group{base, bad}, Options{Method: SignedRanks, Resamples: 200})
		if err != nil || !strings.Contains(strings.Join(report.Pairs[0].Caveats, "; "), want) {
			t.Errorf("want %q: %v (%v)", want, report.Pairs[0].Caveats, err)
		}
	}
	enough := Group{"new", []float64{6, 3, 12, 7, 12, 8, 15}, base.Keys} // differences 1 to 7
	if report, err = Compare([]Group{base, enough}, Options{Method: SignedRanks, Resamples: 200}); err != nil || report.Pairs[0].P != 2./128 || len(report.Pairs[0].Caveats) > 0 {
		t.Errorf("%+v (%v)", report.Pairs[0], err)
	}
	if _, err := SignedRank(enough.Values[:0]); !errors.Is(err, ErrTooFew) {
		t.Errorf("no differences: %v", err)
	}
	if _, err := SignedRank(slices.Repeat([]float64{1}, signedExactLimit+1)); err == nil || !strings.Contains(err.Error(), "501 pairs are too many") {
		t.Errorf("more pairs than the exact distribution takes: %v", err)
	}
}
