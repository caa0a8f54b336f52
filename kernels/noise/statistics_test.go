package noise

import (
	"math"
	"slices"
	"testing"

	"github.com/evorank/evorank/model"
)

// draws is how many normals the distribution tests look at.
func draws() int {
	if testing.Short() {
		return 1_000_000
	}
	return 10_000_000
}

// sample returns n normals from 100 tensors of one seed.
func sample(n int) []float32 {
	z := make([]float32, n)
	for tensor := range 100 {
		part := z[n/100*tensor : n/100*(tensor+1)]
		Fill(part, 20250101, uint32(tensor), 0)
	}
	return z
}

// normalCDF is Φ, and normalCDF(-x) its complement without cancellation.
func normalCDF(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

// Both tests at the 1 % level; critical values of the asymptotic distributions
// (Kolmogorov: 1.628; Anderson and Darling, 1954: 3.857).
func TestGoodnessOfFit(t *testing.T) {
	z := sample(draws())
	slices.Sort(z)
	n := float64(len(z))
	var distance, sum float64
	for i, x := range z {
		below, above := normalCDF(float64(x)), normalCDF(-float64(x))
		rank := float64(i)
		distance = max(distance, below-rank/n, (rank+1)/n-below)
		sum += (2*rank+1)*math.Log(below) + (2*n-2*rank-1)*math.Log(above)
	}
	ks, ad := math.Sqrt(n)*distance, -n-sum/n
	t.Logf("%d draws: Kolmogorov-Smirnov √n·D = %.3f, Anderson-Darling A² = %.3f", len(z), ks, ad)
	if !(ks <= 1.628) {
		t.Errorf("Kolmogorov-Smirnov √n·D = %g, 1 %% level is 1.628", ks)
	}
	if !(ad <= 3.857) {
		t.Errorf("Anderson-Darling A² = %g, 1 %% level is 3.857", ad)
	}
}

// The first eight moments, each within 3.5 standard errors of N(0,1)'s.
func TestMoments(t *testing.T) {
	z := sample(draws())
	var sums [9]float64
	for _, x := range z {
		power := 1.0
		for k := range sums {
			sums[k] += power
			power *= float64(x)
		}
	}
	for k := 1; k < len(sums); k++ {
		got, want := sums[k]/sums[0], moment(k)
		standardError := math.Sqrt((moment(2*k) - want*want) / sums[0])
		if !(math.Abs(got-want) <= 3.5*standardError) { // NaN too
			t.Errorf("E z^%d = %.6f, want %g ± %.6f", k, got, want, standardError)
		}
	}
}

// moment returns E z^k = (k-1)!! for even k, 0 for odd.
func moment(k int) float64 {
	if k%2 == 1 {
		return 0
	}
	m := 1.0
	for i := k - 1; i > 1; i -= 2 {
		m *= float64(i)
	}
	return m
}

// Counts past 3 to 6 sigma on both sides, within 4 standard deviations of a
// Poisson count; the largest radius is √(64 ln 2), so nothing passes 6.67.
func TestTails(t *testing.T) {
	rounds := 400
	if testing.Short() {
		rounds = 40
	}
	const perRound = 1_000_000
	z := make([]float32, perRound)
	var past [2][4]int // [below, above][3, 4, 5, 6 sigma]
	for round := range rounds {
		Fill(z, model.Seed(round), 5, 0)
		for _, x := range z {
			if x > -3 && x < 3 {
				continue
			}
			if !(x > -6.67 && x < 6.67) {
				t.Fatalf("seed %d: %v is out of range", round, x)
			}
			side := 0
			if x > 0 {
				side, x = 1, -x
			}
			for i := range 4 {
				if x < -float32(3+i) {
					past[side][i]++
				}
			}
		}
	}
	for i := range 4 {
		want := normalCDF(-float64(3+i)) * perRound * float64(rounds)
		for side, name := range []string{"below", "above"} {
			got := past[side][i]
			t.Logf("%s %d sigma: %d, expected %.1f", name, 3+i, got, want)
			if !(math.Abs(float64(got)-want) <= 4*math.Sqrt(want)+1) {
				t.Errorf("%s %d sigma: %d of %d, expected %.1f", name, 3+i, got, perRound*rounds, want)
			}
		}
	}
}

// Neighbouring seeds, tensors and elements are uncorrelated, and so are their
// squares: each correlation is within 4 standard errors of zero.
func TestNeighboursAreUncorrelated(t *testing.T) {
	const n = 1_000_000
	base := make([]float32, n)
	Fill(base, 1000, 10, 0)
	other := make([]float32, n)
	compare := func(name string, seed model.Seed, tensor uint32, first int) {
		Fill(other, seed, tensor, first)
		linear, squares := correlations(base, other)
		limit := 4 / math.Sqrt(n)
		if !(math.Abs(linear) <= limit && math.Abs(squares) <= limit) {
			t.Errorf("%s: correlation %.5f, of squares %.5f, want below %.5f", name, linear, squares, limit)
		}
	}
	compare("next seed", 1001, 10, 0)
	compare("seed with the next high word", 1000+1<<32, 10, 0)
	compare("seed with the words swapped", 1000<<32, 10, 0)
	compare("complement of the seed", ^model.Seed(1000), 10, 0)
	compare("next tensor", 1000, 11, 0)
	compare("next weight", 1000, 14, 0)
	compare("seed and tensor swapped", 10, 1000, 0)
	for lag := 1; lag <= 9; lag++ {
		compare("elements apart", 1000, 10, lag)
	}
	for bit := range 64 {
		compare("one bit of the seed", 1000^1<<bit, 10, 0)
	}
}

// correlations of two standard normal samples, and of their squares.
func correlations(a, b []float32) (linear, squares float64) {
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		linear += x * y
		squares += (x*x - 1) * (y*y - 1)
	}
	n := float64(len(a))
	return linear / n, squares / (2 * n)
}
