package ceiling

import (
	"math"
	"testing"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/gputest"
)

func TestPair(t *testing.T) {
	if got := pair(1.5); got != 0x3fc03fc0 {
		t.Errorf("%08x", got)
	}
}

// TestGPUDoesTheWork: every thread arrives where so many operations lead.
func TestGPUDoesTheWork(t *testing.T) {
	s, m := gputest.Open(t)
	g, err := NewGPU(m)
	gputest.Check(t, err)
	const rounds = 5
	for _, c := range []struct {
		name             string
		launch           func(out gpu.Buffer[float32]) error
		want, difference float64
	}{
		{"exp2", func(out gpu.Buffer[float32]) error { return g.Exp2(s, out, rounds) }, chains * 0.641185744504986, 1e-5},
		{"fma", func(out gpu.Buffer[float32]) error { return g.FMA(s, out, rounds) }, chains * 2, 0},
		{"mma", func(out gpu.Buffer[float32]) error { return g.MMA(s, out, rounds, 0.5, 3) }, 4 * chains * rounds * unrolled * 16 * 1.5, 0},
	} {
		out := gputest.Alloc[float32](t, s, 3*threads)
		gputest.Check(t, c.launch(out))
		for i, x := range gputest.Read(t, s, out) {
			if !(math.Abs(float64(x)-c.want) <= c.difference) {
				t.Fatalf("%s: thread %d has %v, want %v", c.name, i, x, c.want)
			}
		}
	}
}

// TestGPUMeasure: no rate is beyond what the card could have at its clock (one
// exponential a clock and lane of a quarter, …), nor a thousandth of it.
func TestGPUMeasure(t *testing.T) {
	s, m := gputest.Open(t)
	g, err := NewGPU(m)
	gputest.Check(t, err)
	r, err := g.Measure(s)
	gputest.Check(t, err)
	t.Logf("%+v", r)
	least := 1.0 / 1000
	if testing.Short() {
		least = 0 // a sanitizer may slow it down by any factor
	}
	clock, err := s.Device().Attribute(gpu.ClockRate)
	gputest.Check(t, err)
	a := float64(clock) * 1e3 * float64(s.Device().Multiprocessors)
	for name, c := range map[string][2]float64{"exponentials": {r.Exponentials, 32 * a}, "fma": {r.FMA, 2 * 128 * a}, "tensor": {r.Tensor, 16384 * a}, "copy": {r.CopyBytes, 2e13}} {
		if !(c[0] > least*c[1] && c[0] < 1.05*c[1]) {
			t.Errorf("%s: %g a second, at most %g are possible", name, c[0], c[1])
		}
	}
}
