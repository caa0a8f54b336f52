package noise

import (
	"math"

	"github.com/evorank/evorank/model"
)

// A block is four neighbouring elements of one tensor, made from the four
// words of one Philox call: words 0 and 1 make elements 0 and 1, words 2 and 3
// make elements 2 and 3.
const blockLen = 4

// block returns the normals of elements 4·index … 4·index+3.
func block(key [2]uint32, tensor, index uint32) [blockLen]float32 {
	x := model.Philox4x32([4]uint32{index, tensor, 0, model.DomainNoise}, key)
	a, b := boxMuller(x[0], x[1])
	c, d := boxMuller(x[2], x[3])
	return [blockLen]float32{a, b, c, d}
}

// boxMuller turns two random words into two independent normals, the point at
// radius √(-2 ln u) and a uniform angle (Box and Muller, "A note on the
// generation of random normal deviates", 1958).
//
// The first 31 bits of x0 make u in (0, 1], so the largest radius is
// √(64 ln 2) ≈ 6.66. The first two bits of x1 choose a quarter turn, the other
// thirty an angle θ in [-π/4, π/4) within it, small enough for short series.
func boxMuller(x0, x1 uint32) (float32, float32) {
	u := float32(float32(float32(int32(x0>>1))+0.5) * 0x1p-31)
	r := float32(math.Sqrt(float64(float32(-2 * logarithm(u))))) // the square root of a float32, rounded once
	sin, cos := sinCos(float32(float32(int32(x1<<2)) * quarterPi))
	quarter := x1 >> 30
	if quarter&1 != 0 { // a quarter turn takes (c, s) to (-s, c)
		sin, cos = cos, sin
	}
	if (quarter+1)&2 != 0 {
		cos = -cos
	}
	if quarter&2 != 0 {
		sin = -sin
	}
	return float32(r * cos), float32(r * sin)
}

// quarterPi turns the full range of an int32 into [-π/4, π/4).
const quarterPi = float32(math.Pi / 4 / (1 << 31))

// sqrtHalf is √½ as a float32.
const sqrtHalf = 0x3f3504f3

// logarithm returns ln u of a normal positive u: u = m·2^e with m in [√½, √2),
// ln m = 2 artanh s with s = (m-1)/(m+1), |s| < 0.172, by its Taylor series
// (the first term left out is below 2e-9 of the sum).
func logarithm(u float32) float32 {
	shifted := math.Float32bits(u) + (0x3f800000 - sqrtHalf)
	e := float32(int32(shifted>>23) - 127)
	m := math.Float32frombits(shifted&0x7fffff + sqrtHalf)
	s := float32(float32(m-1) / float32(m+1))
	z := float32(s * s)
	p := float32(z*(1./9)) + 1./7
	p = float32(z*p) + 1./5
	p = float32(z*p) + 1./3
	p = float32(z*p) + 1
	return float32(e*math.Ln2) + float32(float32(s+s)*p)
}

// sinCos returns sine and cosine of an angle in [-π/4, π/4] by their Taylor
// series up to θ⁹ and θ⁸ (left out: less than 2e-9 and 3e-8).
func sinCos(theta float32) (sin, cos float32) {
	z := float32(theta * theta)
	sin = float32(z*(1./362880)) - 1./5040
	sin = float32(z*sin) + 1./120
	sin = float32(z*sin) - 1./6
	sin = float32(z*sin) + 1
	cos = float32(z*(1./40320)) - 1./720
	cos = float32(z*cos) + 1./24
	cos = float32(z*cos) - 1./2
	cos = float32(z*cos) + 1
	return float32(theta * sin), cos
}
