package carracing

import "math"

// Binary64 sine, cosine and arc tangent for tracks and the camera. Package
// math's are within a bit of these, but the compiler may fuse their
// operations, so that a track would depend on the machine. Here every step is
// rounded explicitly; results are the correctly rounded ones but for about one
// argument in 2^40.

// pair is an unevaluated sum hi + lo of two binary64 numbers, |lo| <= ulp(hi)/2:
// 106 bits (Dekker 1971, "A floating-point technique for extending the
// available precision").
type pair struct{ hi, lo float64 }

// quickSum is a + b exactly, for |a| >= |b|.
func quickSum(a, b float64) pair {
	s := a + b
	return pair{s, b - (s - a)}
}

// exactSum is a + b exactly (Knuth).
func exactSum(a, b float64) pair {
	s := a + b
	v := s - a
	return pair{s, (a - (s - v)) + (b - v)}
}

// exactProduct is a·b exactly.
func exactProduct(a, b float64) pair {
	p := float64(a * b)
	return pair{p, math.FMA(a, b, -p)}
}

func (a pair) add(b pair) pair {
	s := exactSum(a.hi, b.hi)
	return quickSum(s.hi, s.lo+(a.lo+b.lo))
}

func (a pair) mul(b pair) pair {
	p := exactProduct(a.hi, b.hi)
	return quickSum(p.hi, p.lo+(float64(a.hi*b.lo)+float64(a.lo*b.hi)))
}

func (a pair) neg() pair { return pair{-a.hi, -a.lo} }

// value rounds to binary64.
func (a pair) value() float64 { return a.hi + a.lo }

// pi/2 in three parts; the first two have 33 bits, so that n times them is
// exact for |n| < 2^20.
const (
	halfPiHigh = 0x1.921fb544p+0
	halfPiMid  = 0x1.0b4611a6p-34
	halfPiLow  = 0x1.3198a2e037073p-69
)

// The Taylor coefficients of sine, 1/3! … 1/9!, and cosine, 1/2! … 1/8!, with
// alternating signs, as pairs; the later ones need no second part.
var (
	sinHead = [...]pair{
		{-0x1.5555555555555p-3, -0x1.5555555555555p-57},
		{0x1.1111111111111p-7, 0x1.1111111111111p-63},
		{-0x1.a01a01a01a01ap-13, -0x1.a01a01a01a01ap-73},
		{0x1.71de3a556c734p-19, -0x1.c154f8ddc6cp-73},
	}
	sinTail = [...]float64{
		-0x1.ae64567f544e4p-26, 0x1.6124613a86d09p-33, -0x1.ae7f3e733b81fp-41,
		0x1.952c77030ad4ap-49, -0x1.2f49b46814157p-57, 0x1.71b8ef6dcf572p-66,
	}
	cosHead = [...]pair{
		{-0.5, 0},
		{0x1.5555555555555p-5, 0x1.5555555555555p-59},
		{-0x1.6c16c16c16c17p-10, 0x1.f49f49f49f49fp-65},
		{0x1.a01a01a01a01ap-16, 0x1.a01a01a01a01ap-76},
	}
	cosTail = [...]float64{
		-0x1.27e4fb7789f5cp-22, 0x1.1eed8eff8d898p-29, -0x1.93974a8c07c9dp-37,
		0x1.ae7f3e733b81fp-45, -0x1.6827863b97d97p-53, 0x1.e542ba4020225p-62,
		-0x1.0ce396db7f853p-70,
	}
)

// series is the sum of head[k]·z^k and tail[k]·z^(k+len(head)), by Horner.
func series(z pair, head []pair, tail []float64) pair {
	t := 0.0
	for k := len(tail) - 1; k >= 0; k-- {
		t = float64(t*z.hi) + tail[k]
	}
	sum := pair{t, 0}
	for k := len(head) - 1; k >= 0; k-- {
		sum = sum.mul(z).add(head[k])
	}
	return sum
}

// sinCosPair is sine and cosine of x to about 100 bits, for |x| < 10^6; with
// larger ones the precision falls, down to that of x itself.
func sinCosPair(x float64) (sin, cos pair) {
	n := math.RoundToEven(x / halfPi)
	r := exactSum(x-float64(n*halfPiHigh), -float64(n*halfPiMid))
	r = r.add(exactProduct(n, halfPiLow).neg())
	z := r.mul(r)
	s := r.add(r.mul(z.mul(series(z, sinHead[:], sinTail[:]))))
	c := pair{1, 0}.add(z.mul(series(z, cosHead[:], cosTail[:])))
	switch n - float64(4*math.Floor(n/4)) {
	case 0:
		return s, c
	case 1:
		return c, s.neg()
	case 2:
		return s.neg(), c.neg()
	}
	return c.neg(), s
}

// sinCos64 is sine and cosine of x.
func sinCos64(x float64) (sin, cos float64) {
	s, c := sinCosPair(x)
	return s.value(), c.value()
}

// atan2 is the angle of the point (x, y), in (-pi, pi]. An approximation from
// package math is turned back by its own sine and cosine, and the small angle
// that is left is added: the result does not depend on the approximation.
func atan2(y, x float64) float64 {
	guess := math.Atan2(y, x)
	sin, cos := sinCosPair(guess)
	px, py := pair{x, 0}, pair{y, 0}
	across := py.mul(cos).add(px.mul(sin).neg())
	along := px.mul(cos).add(py.mul(sin))
	if along.hi == 0 {
		return guess
	}
	return guess + across.value()/along.value()
}
