package levels

import (
	"math"
	"slices"
)

// ID is any integer type that numbers tokens.
type ID interface {
	~int | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32
}

// Uniform returns ln V: the loss of guessing evenly among a vocabulary of V.
func Uniform(vocabulary int) float64 {
	return math.Log(float64(vocabulary))
}

// Unigram returns the lowest loss that one fixed distribution over tokens can
// reach on these stories: a model whose loss is below it uses context. That
// distribution is the share of each token among the targets, weighted as the
// loss weights them (every story counts the same, whatever its length).
func Unigram[T ID](stories [][]T) float64 {
	return conditional(stories, func([]T, int) T { return 0 })
}

// Bigram returns the lowest loss that a distribution over tokens for each
// token before can reach on these stories: what the best table of word pairs,
// counted on the very targets, would leave. On few stories it flatters itself:
// a pair seen once costs nothing.
func Bigram[T ID](stories [][]T) float64 {
	return conditional(stories, func(story []T, t int) T { return story[t-1] })
}

// conditional returns the entropy in nats of a target given its context, each
// target weighted 1/(number of its story's targets)/(number of stories).
func conditional[T ID](stories [][]T, context func(story []T, t int) T) float64 {
	type pair struct{ context, target T }
	pairs, contexts, total := map[pair]float64{}, map[T]float64{}, 0.0
	for _, story := range stories {
		if len(story) < 2 {
			continue
		}
		weight := 1 / float64(len(story)-1)
		for t := 1; t < len(story); t++ {
			pairs[pair{context(story, t), story[t]}] += weight
			contexts[context(story, t)] += weight
		}
		total++
	}
	if total == 0 {
		return 0
	}
	// Sorted, because the rounding of the sum would otherwise follow the order
	// of a map, which no two runs share.
	terms := make([]float64, 0, len(pairs))
	for p, weight := range pairs {
		terms = append(terms, weight/total*math.Log(contexts[p.context]/weight))
	}
	slices.Sort(terms)
	sum := 0.0
	for _, term := range terms {
		sum += term
	}
	return sum
}
