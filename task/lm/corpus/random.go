package corpus

import "github.com/evorank/evorank/model"

// domain separates the corpus from the other uses of Philox ("stor" in ASCII).
const domain = 0x73746f72

// random draws the choices of one story: Philox keyed by the seed, its counter
// made of the story's number and the number of the draw.
type random struct {
	seed        model.Seed
	story, draw uint32
}

// below returns a whole number in [0, n).
func (r *random) below(n int) int {
	bits := model.Philox4x32([4]uint32{r.draw, r.story, 0, domain}, r.seed.Key())
	r.draw++
	return model.Below(bits, n)
}

// pick draws one of the choices, the earlier the likelier: the smaller of two
// even draws, so that of n choices the first has odds (2n-1)/n² and the last
// 1/n².
func pick[T any](r *random, choices []T) T {
	return choices[min(r.below(len(choices)), r.below(len(choices)))]
}
