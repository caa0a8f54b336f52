package vector

import "math"

// The coefficients of 2^f ≈ 1 + c1·f + … + c5·f⁵ for f in [−½, ½], relative
// error 1.1e-7, and for f in [0, 1), 0.9e-7, found by _asm/minimax. The plain
// loops, AVX2 and NEON round to the nearest integer and use the first; AVX-512
// has instructions that round down and uses the second.
const (
	c1 = 0.693147004
	c2 = 0.240222424
	c3 = 0.0555073358
	c4 = 0.00967151299
	c5 = 0.00132647273
)

const (
	// roundBiased added to y in [−127, 127] leaves an integer plus the exponent
	// bias of 127 in the low bits: the sum's last bit counts ones.
	roundBiased = 3<<22 + 127
	// leastExponent is where weights become exactly zero: the biased exponent
	// is 0 there.
	leastExponent = -127
)

// exp2 returns 2^y for y ≤ 0, and exactly 1 for y = 0 and 0 for y ≤ −127.
func exp2(y float32) float32 {
	if y < leastExponent {
		y = leastExponent
	}
	biased := y + roundBiased
	f := y - (biased - roundBiased)
	p := float32(c5*f) + c4
	p = float32(p*f) + c3
	p = float32(p*f) + c2
	p = float32(p*f) + c1
	p = float32(p*f) + 1
	return float32(p * math.Float32frombits(math.Float32bits(biased)<<23))
}
