package noise

import (
	"fmt"
	"math"
	"testing"

	"github.com/evorank/evorank/model"
)

// Known values, also in docs/noise.md: seed 42, tensor 3. They are frozen.
var knownValues = []struct {
	element int
	bits    uint32
}{
	{0, 0xbf56e452},
	{1, 0x3d42d818},
	{2, 0xbf84f91a},
	{3, 0xbe2f820c},
	{4, 0xbed691c1},
	{5, 0xbf17111a},
	{6, 0x3eb633c9},
	{7, 0xbf5f5b1d},
	{1000, 0xbf9527cc},
	{1001, 0xbf34a78a},
	{1002, 0x3fac7a0a},
	{1003, 0xbe8902f0},
	{1<<34 - 4, 0x3f922a14},
	{1<<34 - 3, 0xbfa7ab10},
	{1<<34 - 2, 0x3feaba2c},
	{1<<34 - 1, 0x3e03f206},
}

func TestKnownValues(t *testing.T) {
	for _, k := range knownValues {
		if got := math.Float32bits(At(42, 3, k.element)); got != k.bits {
			t.Errorf("noise(42, 3, %d) = %08x, want %08x", k.element, got, k.bits)
		}
	}
}

// everyImplementation runs a test once for each implementation this processor
// has, generic included.
func everyImplementation(t *testing.T, test func(t *testing.T)) {
	for _, impl := range implementations() {
		t.Run(impl.name, func(t *testing.T) {
			defer func(chosen implementation) { vector = chosen }(vector)
			vector = impl
			test(t)
		})
	}
}

const sentinel = float32(12345)

// fenced returns a slice of n NaNs between sentinels, and a check that they
// still stand.
func fenced(n int) ([]float32, func(t *testing.T)) {
	buffer := make([]float32, n+32)
	for i := range buffer {
		buffer[i] = sentinel
	}
	inner := buffer[16 : 16+n]
	for i := range inner {
		inner[i] = float32(math.NaN())
	}
	return inner, func(t *testing.T) {
		t.Helper()
		for i, x := range buffer {
			if (i < 16 || i >= 16+n) && x != sentinel {
				t.Fatalf("n = %d: wrote outside, at %d", n, i-16)
			}
		}
	}
}

// Every length up to a few groups and every offset within a block: head,
// groups and tail in all combinations.
func TestFillEqualsAtOffTheGroup(t *testing.T) {
	everyImplementation(t, func(t *testing.T) {
		for n := range 3*64 + 5 {
			for _, first := range []int{0, 1, 2, 3, 1021, 1<<34 - 4*64 - 8} {
				dst, fences := fenced(n)
				Fill(dst, 0x9e3779b97f4a7c15, 77, first)
				fences(t)
				for i, got := range dst {
					if want := At(0x9e3779b97f4a7c15, 77, first+i); math.Float32bits(got) != math.Float32bits(want) {
						t.Fatalf("n = %d, first = %d: element %d: got %v, want %v", n, first, i, got, want)
					}
				}
			}
		}
	})
}

func TestAddScaledIsOneProductAndOneSum(t *testing.T) {
	everyImplementation(t, func(t *testing.T) {
		for _, n := range []int{0, 1, 3, 4, 63, 64, 65, 200, 1000} {
			for first := range 5 {
				src := make([]float32, n)
				Fill(src, 1, 0, 0)
				before := append([]float32(nil), src...)
				dst, fences := fenced(n)
				AddScaled(dst, src, 0.0123, 2, 9, first)
				fences(t)
				AddScaled(before, before, 0.0123, 2, 9, first) // in place
				for i, got := range dst {
					want := src[i] + float32(0.0123*At(2, 9, first+i))
					if math.Float32bits(got) != math.Float32bits(want) || math.Float32bits(before[i]) != math.Float32bits(want) {
						t.Fatalf("n = %d, first = %d: element %d: got %v, in place %v, want %v", n, first, i, got, before[i], want)
					}
				}
			}
		}
	})
}

// Ten million elements of each implementation against the plain-Go one.
func TestImplementationsGiveTheSameBits(t *testing.T) {
	const perTensor, tensors = 125_003, 80
	rounds := tensors
	if testing.Short() {
		rounds = 8
	}
	got, want := make([]float32, perTensor), make([]float32, perTensor)
	for _, impl := range implementations() {
		checked := 0
		for tensor := range rounds {
			seed, first := model.Seed(0x0123456789abcdef*uint64(tensor+1)), 3*tensor
			fillScalar(want, seed.Key(), uint32(tensor), first)
			func() {
				defer func(chosen implementation) { vector = chosen }(vector)
				vector = impl
				Fill(got, seed, uint32(tensor), first)
			}()
			for i := range got {
				if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
					t.Fatalf("%s: seed %v, tensor %d, element %d: %08x, want %08x", impl.name, seed, tensor, first+i,
						math.Float32bits(got[i]), math.Float32bits(want[i]))
				}
			}
			checked += len(got)
		}
		t.Logf("%s: %d elements equal bit for bit", impl.name, checked)
	}
}

// The error of the transform, for the same u and angle, against float64.
func TestErrorOfTheTransform(t *testing.T) {
	worst := 0.0
	for i := range uint32(1_000_000) {
		x := model.Philox4x32([4]uint32{i, 0, 0, 7}, [2]uint32{})
		x0, x1 := x[0]>>(x[2]%32*(x[3]&1)), x[1] // half of them far out in the tail
		u := float64(float32(float32(float32(int32(x0>>1))+0.5) * 0x1p-31))
		sin, cos := math.Sincos(float64(x1>>30)*(math.Pi/2) + float64(int32(x1<<2))*(math.Pi/4/(1<<31)))
		r := math.Sqrt(-2 * math.Log(u))
		a, b := boxMuller(x0, x1)
		worst = max(worst, math.Abs(float64(a)-r*cos), math.Abs(float64(b)-r*sin))
	}
	t.Logf("largest error %.3g", worst)
	if !(worst <= 1.1e-6) { // NaN too
		t.Errorf("largest error %g, want below 1.1e-6", worst)
	}
}

// The corners of the transform: the largest and the smallest u, all turns.
func TestCornersOfTheTransform(t *testing.T) {
	if a, b := boxMuller(0, 0); !(math.Abs(float64(a)-math.Sqrt(64*math.Ln2)) <= 1e-6) || b != 0 {
		t.Errorf("words 0, 0: %v, %v, want √(64 ln 2), 0", a, b)
	}
	for _, x0 := range []uint32{0xffffffff, 0xfffffffe, 0xffffff00} {
		for quarter := range uint32(4) {
			a, b := boxMuller(x0, quarter<<30|12345)
			if r := math.Hypot(float64(a), float64(b)); !(r < 1e-3) {
				t.Errorf("words %08x, quarter %d: radius %v, want near 0", x0, quarter, r)
			}
		}
	}
	for quarter, want := range [4][2]float64{{1, 0}, {0, 1}, {-1, 0}, {0, -1}} {
		a, b := boxMuller(0x40000000, uint32(quarter)<<30)
		r := math.Hypot(float64(a), float64(b))
		if !(math.Abs(float64(a)/r-want[0]) <= 1e-6 && math.Abs(float64(b)/r-want[1]) <= 1e-6) {
			t.Errorf("quarter %d points to (%v, %v), want %v", quarter, float64(a)/r, float64(b)/r, want)
		}
	}
}

func BenchmarkFill(b *testing.B) {
	dst := make([]float32, 1<<14)
	for _, impl := range implementations() {
		b.Run(impl.name, func(b *testing.B) {
			defer func(chosen implementation) { vector = chosen }(vector)
			vector = impl
			for i := range b.N {
				Fill(dst, model.Seed(i), 0, 0)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(dst)), "ns/normal")
		})
	}
}

func ExampleAt() {
	fmt.Printf("%.6f %.6f\n", At(42, 0, 0), At(42, 0, 1))
	// Output: 0.194019 0.970190
}
