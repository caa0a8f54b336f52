package evolve

import (
	"cmp"
	"math"
	"slices"

	"github.com/evorank/evorank/model"
)

// Rank returns the indices of the scores, best first: who came further in
// multi-stage selection, then higher fitness, then lower index. Survivors
// stand first in a population, so older individuals win ties (method 4.1).
// NaN and -Inf fitness come last; +Inf is no score either, it means that
// something overflowed, and counts as -Inf.
func Rank(scores []Score) []int {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if c := cmp.Compare(scores[b].Stage, scores[a].Stage); c != 0 {
			return c
		}
		return cmp.Compare(orderable(scores[b].Fitness), orderable(scores[a].Fitness))
	})
	return order
}

// orderable maps values that are no fitness below all that are.
func orderable(f model.Fitness) float64 {
	if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
		return math.Inf(-1)
	}
	return float64(f)
}
