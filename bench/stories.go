package bench

import (
	"cmp"
	"math"
	"slices"

	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/model"
)

// Spread returns n of the stories, evenly spaced in the list sorted by length,
// as the baselines choose theirs.
func Spread(stories transformer.Sequences, n int) transformer.Sequences {
	order := make([]int, stories.Len())
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(stories.At(a)), len(stories.At(b))) })
	n = min(n, len(order))
	chosen := make([][]int32, n)
	for i := range chosen {
		chosen[i] = stories.At(order[int((float64(i)+0.5)*float64(len(order))/float64(n))])
	}
	return transformer.Pack(chosen...)
}

// Synthetic makes n stories of random tokens whose lengths are spread as those
// of TinyStories are (log-normal, mean about 242 targets, sd about 118; method
// 3.3): for whoever has no text at hand. The time does not depend on the text.
func Synthetic(n, vocab int) transformer.Sequences {
	const seed, mu, sigma = model.Seed(20250101), 5.384, 0.462
	stories := make([][]int32, n)
	for i := range stories {
		z := normalQuantile((float64(i) + 0.5) / float64(n))
		length := 1 + max(2, int(math.Exp(mu+sigma*z)))
		ids := make([]int32, length)
		for t := range ids {
			ids[t] = int32(model.Below(seed.Draw(model.PurposeSample, 0, uint32(i), uint32(t)), vocab))
		}
		stories[i] = ids
	}
	return transformer.Pack(stories...)
}

// normalQuantile is the inverse of the normal distribution function.
func normalQuantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }
