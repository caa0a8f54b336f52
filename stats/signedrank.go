package stats

import (
	"fmt"
	"math"
	"slices"
)

// signedExactLimit is the number of pairs beyond which the exact distribution
// of the signed ranks takes seconds.
const signedExactLimit = 500

// SignedRankTest is the outcome of a signed-rank test.
type SignedRankTest struct {
	W     float64 // sum of the ranks of the positive differences
	P     float64 // two-sided, from all ways in which the signs could have fallen
	Zeros int     // pairs without a difference, which are left out
}

// SignedRank is the two-sided signed-rank test of Wilcoxon (1945) of
// differences between paired values: do they tend to be above zero, or below?
// Ties are allowed for. It fails with ErrTooFew on no differences, with
// ErrConstant where all are zero, and with ErrNotFinite.
func SignedRank(differences []float64) (SignedRankTest, error) {
	if err := checkSamples("signed-rank test", 1, differences); err != nil {
		return SignedRankTest{}, err
	}
	var sizes []float64
	var positive []bool
	for _, d := range differences {
		if d != 0 {
			sizes, positive = append(sizes, math.Abs(d)), append(positive, d > 0)
		}
	}
	test := SignedRankTest{Zeros: len(differences) - len(sizes)}
	switch {
	case len(sizes) == 0:
		return test, fmt.Errorf("signed-rank test: every difference is zero: %w", ErrConstant)
	case len(sizes) > signedExactLimit:
		return test, fmt.Errorf("signed-rank test: %d pairs are too many for the exact distribution (limit %d)", len(sizes), signedExactLimit)
	}
	ranks, observed := doubled(rank(sizes).ranks[0]), 0
	for i, r := range ranks {
		if positive[i] {
			observed += r
		}
	}
	test.W, test.P = float64(observed)/2, signsP(ranks, observed)
	return test, nil
}

// signsP is twice the smaller tail of a sum over all subsets of the ranks. The
// shares of subsets are halved with every rank, so that none overflows.
func signsP(ranks []int, observed int) float64 {
	limit := 0
	for _, r := range ranks {
		limit += r
	}
	shares := make([]float64, limit+1) // of the subsets with this sum
	shares[0] = 1
	for _, r := range ranks {
		for s := limit; s >= 0; s-- {
			shares[s] /= 2
			if s >= r {
				shares[s] += shares[s-r] / 2
			}
		}
	}
	below, above := 0.0, 0.0
	for s, share := range shares {
		if s <= observed {
			below += share
		}
		if s >= observed {
			above += share
		}
	}
	return min(1, 2*min(below, above))
}

// paired returns the differences of values that have the same key, in the
// order of g's, and how many values of either group have no partner. It fails
// where keys are missing or used twice.
func paired(g, base Group) (differences []float64, alone int, err error) {
	for _, side := range []Group{g, base} {
		if len(side.Keys) != len(side.Values) {
			return nil, 0, fmt.Errorf("%s: it is not known which values belong together", side.Name)
		}
		for i, key := range side.Keys {
			if slices.Contains(side.Keys[:i], key) {
				return nil, 0, fmt.Errorf("%s: two values of %s: which belongs to the other group's?", side.Name, key)
			}
		}
	}
	for i, key := range g.Keys {
		if k := slices.Index(base.Keys, key); k >= 0 {
			differences = append(differences, g.Values[i]-base.Values[k])
		}
	}
	return differences, len(g.Values) + len(base.Values) - 2*len(differences), nil
}

// holdPairs tests the differences within pairs, and puts their median and mean
// in the place of those between groups.
func (c *Comparison) holdPairs(g, base Group, o Options) {
	d, alone, err := paired(g, base)
	var test SignedRankTest
	if err == nil {
		test, err = SignedRank(d)
	}
	if err != nil {
		c.caveat("no test: %v", err)
		return
	}
	if alone > 0 {
		c.caveat("%s; values without a partner, not in the test: %d", plural(len(d), "pair"), alone)
	}
	if test.Zeros > 0 {
		c.caveat("%s; without a difference, not in the test: %d", plural(len(d), "pair"), test.Zeros)
	}
	n := len(d) - test.Zeros
	if least, alpha := math.Pow(2, 1-float64(n)), 1-o.Confidence; least > alpha {
		c.caveat("%s with a difference: p cannot be below %.2g, so this test cannot reject at %.2g", plural(n, "pair"), least, alpha)
	}
	c.Method, c.U, c.P = SignedRanks, Number(test.W), Number(test.P)
	c.Median, c.Mean = Number(Median(d)), Number(Mean(d))
	b := o.bootstrap()
	if c.MedianCI, err = b.Interval(OfMedian, d); err != nil {
		c.MedianCI = noInterval
		c.caveat("no interval of the difference: %v", err)
		return
	}
	c.MeanCI, _ = b.Interval(OfMean, d)
	if len(d) < fewTrials {
		c.caveat("%d pairs: bootstrap intervals of fewer than %d are too narrow", len(d), fewTrials)
	}
}
