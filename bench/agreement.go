package bench

import (
	"cmp"
	"math"
	"slices"
)

// Agreement says how far losses in one precision lie from the true ones, and
// whether selection would see the difference.
type Agreement struct {
	Largest float64 `json:"largest_difference"` // of a loss, nats
	Mean    float64 `json:"mean_difference"`
	Tau     float64 `json:"kendall_tau"` // of the two rankings; 1: the same
	// Of the parents that it selects, those that the truth selects too; those
	// whose true loss ties with the worst true parent's, within the largest
	// difference; and the others, and by how many nats they are worse at most.
	Same  int     `json:"parents_same"`
	Tied  int     `json:"parents_tied"`
	Wrong int     `json:"parents_wrong"`
	Worse float64 `json:"worse_by"`
	Unfit int     `json:"not_finite"` // losses that overflowed; not in the differences
}

// Agree compares. The lowest losses are selected, ties to the first.
func Agree(truth, got []float64, survivors int) Agreement {
	var a Agreement
	for i := range truth {
		if math.IsNaN(got[i]) || math.IsInf(got[i], 0) {
			a.Unfit++
			continue
		}
		difference := math.Abs(got[i] - truth[i])
		a.Largest, a.Mean = max(a.Largest, difference), a.Mean+difference
	}
	a.Mean /= float64(max(len(truth)-a.Unfit, 1))
	a.Tau = kendall(truth, got)
	want := ranking(truth)[:survivors]
	worst := truth[want[survivors-1]]
	for _, i := range ranking(got)[:survivors] {
		excess := truth[i] - worst
		switch {
		case slices.Contains(want, i):
			a.Same++
			continue
		case excess <= a.Largest:
			a.Tied++
		default:
			a.Wrong++
		}
		a.Worse = max(a.Worse, excess)
	}
	return a
}

// ranking returns the indices, best first; what is not a number comes last.
func ranking(losses []float64) []int {
	order := make([]int, len(losses))
	for i := range order {
		order[i] = i
	}
	key := func(i int) float64 {
		if math.IsNaN(losses[i]) {
			return math.Inf(1)
		}
		return losses[i]
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(key(i), key(j)) })
	return order
}

// kendall is Kendall's tau-b of two lists (Biometrika 33, 1945): concordant
// minus discordant pairs over the root of the pairs that are not tied in one
// times those not tied in the other. Pairs with a NaN count as tied.
func kendall(x, y []float64) float64 {
	sum, inX, inY := 0, 0, 0
	for i := range x {
		for j := range i {
			a, b := sign(x[i]-x[j]), sign(y[i]-y[j])
			sum, inX, inY = sum+a*b, inX+a*a, inY+b*b
		}
	}
	return float64(sum) / math.Sqrt(float64(inX)*float64(inY))
}

func sign(x float64) int {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}
