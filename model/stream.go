package model

import "math/bits"

// Purpose separates the uses of a run's own random stream. It is the domain
// word of the Philox counter, whose value 0 belongs to noise.
type Purpose uint32

const (
	PurposeFounder Purpose = 1 + iota // seeds of the first generation
	PurposeChild                      // a child's seed and its parent
	PurposeEpisode                    // seeds of environment episodes
	PurposeSample                     // sampling text
	PurposeHeldout                    // episodes that selection never sees
)

// Draw returns 128 random bits that depend on the run seed, the purpose, the
// generation and the index (with a sub-index for several draws per index), and
// on nothing that was drawn before: no state, no order.
func (s Seed) Draw(purpose Purpose, generation Generation, index, sub uint32) [4]uint32 {
	return Philox4x32([4]uint32{index, uint32(generation), sub, uint32(purpose)}, [2]uint32{uint32(s), uint32(s >> 32)})
}

// SeedOf makes a seed of the first two words of a draw.
func SeedOf(draw [4]uint32) Seed { return Seed(draw[0]) | Seed(draw[1])<<32 }

// Below maps the last two words of a draw to 0 … n-1, uniformly to within
// n·2⁻⁶⁴ (the high half of a 64×64-bit product).
func Below(draw [4]uint32, n int) int {
	high, _ := bits.Mul64(uint64(draw[2])|uint64(draw[3])<<32, uint64(n))
	return int(high)
}
