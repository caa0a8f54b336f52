package carracing

import "math"

// Single-precision sine and cosine, equal in every bit to those of the GNU C
// library (2.36, with fused multiply-add), which Box2D calls. They are not the
// correctly rounded ones: 1.3 % of arguments differ, and a car notices.
//
// Both work in binary64: the argument is brought to |x| <= pi/4 in quadrant n,
// one of two polynomials is evaluated there and rounded once.

const (
	sin1 = -0x1.555545995a603p-3
	sin2 = 0x1.1107605230bc4p-7
	sin3 = -0x1.994eb3774cf24p-13

	cos1 = -0x1.ffffffd0c621cp-2
	cos2 = 0x1.55553e1068f19p-5
	cos3 = -0x1.6c087e89a359dp-10
	cos4 = 0x1.99343027bf8c3p-16

	halfPi        = 0x1.921FB54442D18p0
	twoOverPi2p24 = 0x1.45F306DC9C883p+23 // 2/pi * 2^24
	halfPi2m62    = 0x1.921FB54442D18p-62
)

// sinCos32 returns sin x and cos x. NaN and the infinities give NaN.
func sinCos32(x float32) (sin, cos float32) {
	magnitude := x
	if x < 0 {
		magnitude = -x
	}
	switch {
	case magnitude < 0x1p-12:
		return x, 1
	case magnitude < 0.75: // in binary32 terms, the library's own cut
		return quadrantSinCos(float64(x), 0)
	case magnitude < 120:
		return quadrantSinCos(reduceSmall(float64(x)))
	case magnitude <= math.MaxFloat32:
		return quadrantSinCos(reduceLarge(x))
	}
	nan := float32(math.NaN())
	return nan, nan
}

// reduceSmall takes the nearest multiple n of pi/2 from x, with one rounding.
func reduceSmall(x float64) (rest float64, n int32) {
	n = (int32(x*twoOverPi2p24) + 0x800000) >> 24
	return math.FMA(-float64(n), halfPi, x), n
}

// twoOverPiBits holds 2/pi as a bit stream that starts with 24 zero bits.
var twoOverPiBits = [8]uint32{
	0x000000A2, 0xF9836E4E, 0x441529FC, 0x2757D1F5, 0x34DDC0DB, 0x6295993C, 0x439041FE, 0x5163AB00,
}

// twoOverPiWord is 32 bits of 2/pi from bit 8i on.
func twoOverPiWord(i uint32) uint32 {
	word, shift := i/4, i%4*8
	pair := uint64(twoOverPiBits[word])<<32 | uint64(twoOverPiBits[word+1])
	return uint32(pair >> (32 - shift))
}

// reduceLarge is reduceSmall for |x| >= 120: a fixed-point product with those
// 96 bits of 2/pi that matter at x's exponent.
func reduceLarge(x float32) (rest float64, n int32) {
	u := math.Float32bits(x)
	sign := int32(u >> 31)
	first := u >> 26 & 15
	m := (u&0xffffff | 0x800000) << (u >> 23 & 7)
	high := uint64(m*twoOverPiWord(first)) << 32
	low := uint64(m) * uint64(twoOverPiWord(first+8)) >> 32
	r := (high | low) + uint64(m)*uint64(twoOverPiWord(first+4))
	quarter := (r + 1<<61) >> 62
	r -= quarter << 62
	rest = float64(int64(r)) * halfPi2m62
	if sign != 0 {
		// The product is that of |x|: mirror it, since sin and cos below take
		// the signed remainder.
		return -rest, -int32(quarter)
	}
	return rest, int32(quarter)
}

// quadrantSinCos evaluates both polynomials at x and hands them out as the
// quadrant n asks.
func quadrantSinCos(x float64, n int32) (sin, cos float32) {
	s, c := sinPolynomial(x), cosPolynomial(x)
	switch n & 3 {
	case 0:
		return float32(s), float32(c)
	case 1:
		return float32(c), float32(-s)
	case 2:
		return float32(-s), float32(-c)
	}
	return float32(-c), float32(s)
}

// sinPolynomial is x + x³S1 + x⁵S2 + x⁷S3 in the library's order.
func sinPolynomial(x float64) float64 {
	x2 := float64(x * x)
	x3 := float64(x * x2)
	tail := sin2 + float64(x2*sin3)
	head := x + float64(x3*sin1)
	return head + float64(float64(x3*x2)*tail)
}

// cosPolynomial is 1 + x²C1 + x⁴C2 + x⁶C3 + x⁸C4 in the library's order.
func cosPolynomial(x float64) float64 {
	x2 := float64(x * x)
	x4 := float64(x2 * x2)
	tail := cos3 + float64(x2*cos4)
	head := 1 + float64(x2*cos1)
	return head + float64(x4*cos2) + float64(float64(x4*x2)*tail)
}
