package stats

import (
	"fmt"

	"gonum.org/v1/gonum/stat/distuv"
)

// KruskalWallisTest is the outcome of a Kruskal-Wallis test.
type KruskalWallisTest struct {
	H       float64 // corrected for ties
	Degrees int     // groups - 1
	P       float64 // by the χ² approximation
}

// KruskalWallis tests whether any group tends to larger or smaller values
// than the others (Kruskal and Wallis 1952). It fails with ErrTooFew on fewer
// than two groups or an empty one, with ErrConstant where all values of all
// groups are equal, and with ErrNotFinite.
func KruskalWallis(groups ...[]float64) (KruskalWallisTest, error) {
	if len(groups) < 2 {
		return KruskalWallisTest{}, fmt.Errorf("Kruskal-Wallis test: %w: %d groups of at least 2", ErrTooFew, len(groups))
	}
	if err := checkSamples("Kruskal-Wallis test", 1, groups...); err != nil {
		return KruskalWallisTest{}, err
	}
	ranked := rank(groups...)
	n := float64(ranked.n)
	if ranked.ties == n*n*n-n {
		return KruskalWallisTest{}, fmt.Errorf("Kruskal-Wallis test: %w", ErrConstant)
	}
	spread := 0.0 // Σ n_g (mean rank of g - mean rank)²
	for _, ranks := range ranked.ranks {
		distance := Mean(ranks) - (n+1)/2
		spread += float64(len(ranks)) * distance * distance
	}
	h := 12 / (n * (n + 1)) * spread / (1 - ranked.ties/(n*n*n-n))
	degrees := len(groups) - 1
	p := distuv.ChiSquared{K: float64(degrees)}.Survival(h)
	return KruskalWallisTest{H: h, Degrees: degrees, P: p}, nil
}
