package stats

import (
	"cmp"
	"slices"
)

// ranking is a set of samples replaced by their ranks in all of them together.
type ranking struct {
	ranks [][]float64 // per sample, 1-based; equal values share the mean of their ranks
	n     int         // values in all samples
	ties  float64     // Σ t³ - t over groups of t equal values; 0 without ties
}

// rank ranks finite samples.
func rank(samples ...[]float64) ranking {
	type place struct {
		value         float64
		sample, index int
	}
	var places []place
	out := ranking{ranks: make([][]float64, len(samples))}
	for s, sample := range samples {
		out.ranks[s] = make([]float64, len(sample))
		for i, v := range sample {
			places = append(places, place{v, s, i})
		}
	}
	out.n = len(places)
	slices.SortFunc(places, func(a, b place) int { return cmp.Compare(a.value, b.value) })
	for start := 0; start < len(places); {
		end := start + 1
		for end < len(places) && places[end].value == places[start].value {
			end++
		}
		for _, p := range places[start:end] {
			out.ranks[p.sample][p.index] = float64(start+1+end) / 2
		}
		t := float64(end - start)
		out.ties += t*t*t - t
		start = end
	}
	return out
}

func sum(x []float64) float64 {
	total := 0.0
	for _, v := range x {
		total += v
	}
	return total
}
