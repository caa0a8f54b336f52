package carracing

import (
	"math"
	"testing"
)

// The digest was taken of sinf and cosf of glibc 2.36 on x86-64 with FMA, at
// 295,625 arguments from 2^-13 to the largest, with alternating signs.
func TestSinCos32EqualsGlibc(t *testing.T) {
	const want, arguments = 0xce196042f2da908b, 295625
	digest, n := uint64(0), 0
	for word := uint32(0x39000000); word < 0x7f800000; word += 4001 {
		x := math.Float32frombits(word | uint32(n%2)<<31)
		sin, cos := sinCos32(x)
		both := uint64(math.Float32bits(sin))<<32 | uint64(math.Float32bits(cos))
		digest = digest*6364136223846793005 + both + 1442695040888963407
		n++
	}
	if digest != want || n != arguments {
		t.Errorf("digest %#x of %d arguments, want %#x of %d", digest, n, uint64(want), arguments)
	}
	t.Logf("%d arguments, sine and cosine equal", n)
}

// At these arguments a reduction with two roundings has other results.
func TestSinCos32ReducesWithOneRounding(t *testing.T) {
	for _, c := range [][3]uint32{
		{0x418a3adb, 0xbf800000, 0xb7b4f770}, {0x41bc76d9, 0xbf7fff80, 0xbb803f6b},
		{0x4202eb4b, 0x3f779884, 0x3e821ce2}, {0x4255b0a9, 0xbc7d08a9, 0xbf7ff82f},
	} {
		x := math.Float32frombits(c[0])
		if sin, cos := sinCos32(x); math.Float32bits(sin) != c[1] || math.Float32bits(cos) != c[2] {
			t.Errorf("sine and cosine of %v: %#x, %#x; want %#x, %#x", x, math.Float32bits(sin), math.Float32bits(cos), c[1], c[2])
		}
	}
}

func TestSinCos32OfOddArguments(t *testing.T) {
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if sin, cos := sinCos32(float32(x)); sin == sin || cos == cos {
			t.Errorf("sine and cosine of %v: %v, %v; want NaN", x, sin, cos)
		}
	}
	if sin, cos := sinCos32(0x1p-13); sin != 0x1p-13 || cos != 1 {
		t.Errorf("sine and cosine of 2^-13: %v, %v", sin, cos)
	}
}

// Package math's results are within two ulps of the correctly rounded ones.
func TestTrig64AgreesWithMath(t *testing.T) {
	g := NewPCG64(1)
	near := func(got, want float64) bool { return math.Abs(got-want) <= 2*0x1p-52*math.Abs(want)+0x1p-60 }
	for range 20000 {
		x := g.Uniform(-1000, 1000)
		if sin, cos := sinCos64(x); !near(sin, math.Sin(x)) || !near(cos, math.Cos(x)) {
			t.Fatalf("sinCos64(%v) = %v, %v; math has %v, %v", x, sin, cos, math.Sin(x), math.Cos(x))
		}
		if y := g.Uniform(-300, 300); !near(atan2(y, x), math.Atan2(y, x)) {
			t.Fatalf("atan2(%v, %v) = %v, math has %v", y, x, atan2(y, x), math.Atan2(y, x))
		}
	}
	// Correctly rounded, from exact rational arithmetic.
	for _, c := range []struct{ x, sin, cos float64 }{
		{1, 0.8414709848078965, 0.5403023058681398},
		{1e5, 0.03574879797201651, -0.9993608074382124},
		{3.141592653589793, 1.2246467991473532e-16, -1},
	} {
		if sin, cos := sinCos64(c.x); sin != c.sin || cos != c.cos {
			t.Errorf("sinCos64(%v) = %v, %v; want %v, %v", c.x, sin, cos, c.sin, c.cos)
		}
	}
	if sin, cos := sinCos64(math.NaN()); sin == sin || cos == cos {
		t.Errorf("sinCos64(NaN) = %v, %v", sin, cos)
	}
}
