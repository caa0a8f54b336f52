package levels

import (
	"math"
	"math/rand/v2"
	"testing"
)

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-12) { // NaN too
		t.Errorf("%s: %.15f, want %.15f", what, got, want)
	}
}

func TestByHand(t *testing.T) {
	near(t, "uniform", Uniform(8), 3*math.Ln2)
	// Targets 5 5 2 and 2: token 5 weighs 2/3 in one story of two, so 1/3.
	stories := [][]int32{{1, 5, 5, 2}, {1, 2}}
	third := 1.0 / 3
	near(t, "unigram", Unigram(stories), -third*math.Log(third)-2*third*math.Log(2*third))
	// After 1: 5 with weight 1/6, 2 with weight 1/2. After 5: 5 and 2, 1/6 each.
	near(t, "bigram", Bigram(stories),
		math.Log(4)/6+math.Log(4.0/3)/2+2*math.Ln2/6)
}

func TestNothingLeftToGuess(t *testing.T) {
	cycle := [][]int{{0, 1, 2, 0, 1, 2, 0}}
	near(t, "unigram of three even tokens", Unigram(cycle), math.Log(3))
	near(t, "bigram of a cycle", Bigram(cycle), 0)
}

func TestStoriesWithoutTargets(t *testing.T) {
	near(t, "no stories", Unigram[int](nil), 0)
	near(t, "empty stories", Unigram([][]int{{}, {1}, {1, 2}, {1, 3}}), math.Ln2)
}

// No fixed distribution does better than the unigram level, and the level
// itself is reached: it is a true bound under the loss's own average.
func TestUnigramIsTheFloor(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	stories := make([][]int, 40)
	for i := range stories {
		stories[i] = make([]int, 2+r.IntN(30))
		for t := range stories[i] {
			stories[i][t] = min(r.IntN(12), r.IntN(12))
		}
	}
	floor := Unigram(stories)
	for range 200 {
		logit := make([]float64, 12)
		norm := 0.0
		for v := range logit {
			logit[v] = -0.2*float64(v) + 0.3*r.NormFloat64()
			norm += math.Exp(logit[v])
		}
		loss := 0.0
		for _, story := range stories {
			for _, target := range story[1:] {
				loss += (math.Log(norm) - logit[target]) / float64(len(story)-1) / float64(len(stories))
			}
		}
		if !(loss >= floor) {
			t.Fatalf("a fixed distribution reaches %.6f, below the floor %.6f", loss, floor)
		}
	}
	if b := Bigram(stories); !(b <= floor) {
		t.Errorf("bigram %.6f above unigram %.6f", b, floor)
	}
}

// The order of a map must not reach the last bits.
func TestSameBitsEveryTime(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	story := make([]int, 5000)
	for i := range story {
		story[i] = r.IntN(300)
	}
	first := Bigram([][]int{story})
	for range 20 {
		if again := Bigram([][]int{story}); again != first {
			t.Fatalf("%.17g, then %.17g", first, again)
		}
	}
}
