package stats

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Method names how the p-value of a rank-sum test is computed.
type Method string

// The methods of RankSum.
const (
	// Auto is Exact where there are no ties and neither sample has more than
	// 50 values, Normal otherwise.
	Auto Method = "auto"
	// Exact sums the permutation distribution, given the ties that there are.
	Exact Method = "exact"
	// Normal approximates with tie and continuity correction.
	Normal Method = "normal"
	// RankSums approximates without any correction, as SciPy's ranksums does,
	// with which the paper's p-values were made. It ignores ties and is far
	// off in the tails of small samples.
	RankSums Method = "ranksums"
	// SignedRanks is another test, of values that belong together in pairs (see
	// SignedRank); RankSum refuses it.
	SignedRanks Method = "signed-rank"
)

const (
	autoExactLimit = 50  // values in a sample, beyond which Auto approximates
	exactLimit     = 200 // values in both, beyond which Exact takes seconds
)

// RankSumTest is the outcome of a rank-sum test.
type RankSumTest struct {
	Method Method  // what was used: never Auto
	U      float64 // pairs in which x is larger than y, ties counting half
	P      float64 // two-sided
	Ties   bool    // some values are equal
}

// RankSum is the two-sided rank-sum test of Wilcoxon (1945) and of Mann and
// Whitney (1947): do values of x tend to be larger, or smaller, than values
// of y? It fails with ErrTooFew on an empty sample, with ErrConstant where
// all values of both are equal, and with ErrNotFinite.
func RankSum(x, y []float64, method Method) (RankSumTest, error) {
	if err := checkSamples("rank-sum test", 1, x, y); err != nil {
		return RankSumTest{}, err
	}
	ranked := rank(x, y)
	n := float64(ranked.n)
	if ranked.ties == n*n*n-n {
		return RankSumTest{}, fmt.Errorf("rank-sum test: %w", ErrConstant)
	}
	if method == Auto {
		method = automatic(ranked.ties > 0, len(x), len(y))
	}
	m := float64(len(x))
	test := RankSumTest{
		Method: method,
		U:      sum(ranked.ranks[0]) - m*(m+1)/2,
		Ties:   ranked.ties > 0,
	}
	switch method {
	case Exact:
		if ranked.n > exactLimit {
			return RankSumTest{}, fmt.Errorf("rank-sum test: %d values are too many for the exact distribution (limit %d): use %q", ranked.n, exactLimit, Normal)
		}
		test.P = exactP(ranked)
	case Normal:
		test.P = normalP(test.U, len(x), len(y), ranked.ties, 0.5)
	case RankSums:
		test.P = normalP(test.U, len(x), len(y), 0, 0)
	default:
		return RankSumTest{}, fmt.Errorf("rank-sum test: unknown method %q: use %q, %q, %q or %q", method, Auto, Exact, Normal, RankSums)
	}
	return test, nil
}

func automatic(ties bool, m, n int) Method {
	if !ties && max(m, n) <= autoExactLimit {
		return Exact
	}
	return Normal
}

// normalP is the two-sided p-value of U for sample sizes m and n, by the
// normal approximation. ties is Σ t³ - t, continuity what is taken off |U - mean|.
func normalP(u float64, m, n int, ties, continuity float64) float64 {
	pairs, total := float64(m)*float64(n), float64(m+n)
	variance := pairs / 12 * (total + 1 - ties/(total*(total-1)))
	z := (math.Abs(u-pairs/2) - continuity) / math.Sqrt(variance)
	return min(1, 2*distuv.UnitNormal.Survival(z))
}

// exactP is twice the smaller tail of the first sample's rank sum over all
// ways in which the ranks could have been dealt to the two samples. The
// counts are float64: they exceed integers, and a relative error of 1e-14
// does not matter.
func exactP(ranked ranking) float64 {
	small, observed := doubled(ranked.ranks[0]), 0
	large := doubled(ranked.ranks[1])
	if len(large) < len(small) {
		small, large = large, small
	}
	for _, r := range small {
		observed += r
	}
	counts := subsetSums(append(large, small...), len(small))
	below, above, total := 0.0, 0.0, 0.0
	for s, count := range counts {
		total += count
		if s <= observed {
			below += count
		}
		if s >= observed {
			above += count
		}
	}
	return min(1, 2*min(below, above)/total)
}

// doubled returns twice the ranks: integers, though tied ranks may be halves.
func doubled(ranks []float64) []int {
	out := make([]int, len(ranks))
	for i, r := range ranks {
		out[i] = int(2 * r)
	}
	return out
}

// subsetSums counts, for every sum s, the subsets of the given size that add
// up to s.
func subsetSums(values []int, size int) []float64 {
	limit := 0
	for _, v := range values {
		limit += v
	}
	counts := make([][]float64, size+1) // [subset size][sum]
	for k := range counts {
		counts[k] = make([]float64, limit+1)
	}
	counts[0][0] = 1
	reached := 0 // the sum of all values so far bounds every subset's
	for _, v := range values {
		reached += v
		for k := size; k >= 1; k-- {
			with, without := counts[k], counts[k-1]
			for s := reached; s >= v; s-- {
				with[s] += without[s-v]
			}
		}
	}
	return counts[size]
}

// SmallestP returns the smallest two-sided p-value that an exact rank-sum
// test of m against n values without ties can give: 2 / binomial(m+n, m).
// With 3 against 3 trials it is 0.1: such a test cannot reject at 0.05.
func SmallestP(m, n int) float64 {
	p := 2.0
	for i := 1; i <= min(m, n); i++ {
		p *= float64(i) / float64(max(m, n)+i)
	}
	return min(1, p)
}
