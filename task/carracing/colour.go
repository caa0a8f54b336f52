package carracing

import "math/bits"

// colour is red, green and blue in one word, 24 bits apart: room to add up a
// dozen pixels or to multiply one by a weight, all three channels at once.
type colour uint64

const channels colour = 0xff | 0xff<<24 | 0xff<<48

func rgb(r, g, b uint8) colour { return colour(r) | colour(g)<<24 | colour(b)<<48 }

func grey(level uint8) colour { return colour(level) * (1 | 1<<24 | 1<<48) }

func (c colour) rgb() (r, g, b uint8) { return uint8(c), uint8(c >> 24), uint8(c >> 48) }

// The colours of the scene.
var (
	black       = rgb(0, 0, 0)
	white       = rgb(255, 255, 255)
	fieldColour = rgb(102, 204, 102)
	grassColour = rgb(102, 230, 102)
	hullColour  = rgb(204, 0, 0)
	stripe      = rgb(77, 77, 77)
	kerbColours = [2]colour{white, rgb(255, 0, 0)}
	roadShades  = [3]colour{rgb(102, 102, 102), rgb(104, 104, 104), rgb(107, 107, 107)}
	frontBar    = rgb(0, 0, 255)
	rearBar     = rgb(51, 0, 255)
	steerBar    = rgb(0, 255, 0)
	turnBar     = rgb(255, 0, 0)
)

// blend is the colour over c with a weight of 0 to 255, as SDL_gfx mixes: the
// weight becomes an opacity a = ⌊255·weight/256⌋, and each channel moves by
// ⌊(over − c)·a/256⌋.
func (c colour) blend(over colour, weight uint8) colour {
	a := colour(weight) * 255 >> 8
	return (c*(256-a) + over*a) >> 8 & channels
}

// part is ⌊c·weight/2^14⌋ in each channel, for weights up to 2^14.
func (c colour) part(weight uint16) colour {
	high, low := bits.Mul64(uint64(c), uint64(weight))
	return colour(low>>14|high<<50) & channels
}

// mean is ⌊sum·reciprocal/2^16⌋ in each channel of a sum of colours, for
// results of at most 255.
func (c colour) mean(reciprocal uint64) colour {
	high, low := bits.Mul64(uint64(c), reciprocal)
	return colour(low>>16|high<<48) & channels
}
