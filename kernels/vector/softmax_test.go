package vector

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSoftmax(t *testing.T) {
	forEach(t, func(t *testing.T, k *Kernels) {
		for _, blocks := range [][]int{{1}, {2}, {3}, {1, 1, 1}, {48, 48, 7}, {5, 64, 2}} {
			placements(func(lane, units int) { testSoftmax(t, k, blocks, lane, units) })
		}
	})
}

func testSoftmax(t *testing.T, k *Kernels, blocks []int, lane, units int) {
	r := rand.New(rand.NewPCG(uint64(len(blocks)), 9))
	var state Softmax
	state.Reset()
	maxima, sums := make([]float64, Width), make([]float64, Width)
	for l := range maxima {
		maxima[l] = math.Inf(-1)
	}
	for _, rows := range blocks {
		scores := panel(t, r, rows, lane, units)
		for i := range scores {
			scores[i] *= 20
		}
		before := slices.Clone(scores)
		k.Softmax(&state, lane/Unit, scores[lane:], rows, units)
		untouched(t, scores, lane, units)
		for l := lane; l < lane+units*Unit; l++ {
			old := maxima[l]
			for row := range rows {
				maxima[l] = max(maxima[l], float64(before[row*Width+l]))
			}
			correction := math.Exp2(old - maxima[l])
			sums[l] *= correction
			for row := range rows {
				y := float64(before[row*Width+l]) - maxima[l]
				want := math.Exp2(y)
				sums[l] += want
				// y itself is rounded to float32.
				if got := float64(scores[row*Width+l]); !(math.Abs(got-want) <= (3e-7-6e-8*y)*want+1e-37) {
					t.Fatalf("row %d, lane %d: weight %g, want %g", row, l, got, want)
				}
			}
			if got := float64(state.Correction[l]); !(math.Abs(got-correction) <= 1e-5*correction) {
				t.Fatalf("lane %d: correction %g, want %g", l, got, correction)
			}
		}
	}
	for l := range Width {
		if l < lane || l >= lane+units*Unit {
			if state.Sum[l] != 0 || !math.IsInf(float64(state.Max[l]), -1) {
				t.Fatalf("lane %d's state was overwritten", l)
			}
			continue
		}
		if float64(state.Max[l]) != maxima[l] || !(math.Abs(float64(state.Sum[l])/sums[l]-1) < 1e-6) {
			t.Fatalf("lane %d: max %g, sum %g, want %g, %g", l, state.Max[l], state.Sum[l], maxima[l], sums[l])
		}
	}
}

// weigh returns 2^y for each y ≤ 0 by a softmax whose other score is 0.
func weigh(k *Kernels, y []float32) []float32 {
	out := make([]float32, 0, len(y))
	for len(y) > 0 {
		scores, state := make([]float32, 2*Width), Softmax{}
		state.Reset()
		n := copy(scores[Width:], y)
		k.Softmax(&state, 0, scores, 2, 4)
		out, y = append(out, scores[Width:Width+n]...), y[n:]
	}
	return out
}

func TestPowersOfTwo(t *testing.T) {
	forEach(t, func(t *testing.T, k *Kernels) {
		var y []float32
		for v := -126.0; v <= 0; v += 126.0 / (1 << 17) {
			y = append(y, float32(v))
		}
		worst := 0.0
		for i, got := range weigh(k, y) {
			worst = max(worst, math.Abs(float64(got)/math.Exp2(float64(y[i]))-1))
		}
		t.Logf("largest relative error %.3g", worst)
		if !(worst <= 2.5e-7) {
			t.Errorf("largest relative error %g", worst)
		}
	})
}

func TestWeightsAtTheEdges(t *testing.T) {
	forEach(t, func(t *testing.T, k *Kernels) {
		infinity := float32(math.Inf(-1))
		got := weigh(k, []float32{0, -1, -64, -126, -127, -128, -149, -1000, -1e30, -math.MaxFloat32, infinity, float32(math.NaN())})
		want := []float32{1, 0.5, 0x1p-64, 0x1p-126, 0, 0, 0, 0, 0, 0, 0}
		if !sameBits(got[:len(want)], want) {
			t.Errorf("%g, want %g", got[:len(want)], want)
		}
		if v := got[len(want)]; v == v {
			t.Errorf("NaN weighs %g", v)
		}
	})
}

// A block that is masked as a whole must leave no trace, so that it may as well
// not be computed.
func TestMaskedBlockChangesNothing(t *testing.T) {
	forEach(t, func(t *testing.T, k *Kernels) {
		var state Softmax
		state.Reset()
		k.Softmax(&state, 0, panel(t, rand.New(rand.NewPCG(1, 1)), 9, 0, 4), 9, 4)
		before := state
		masked := make([]float32, 7*Width)
		for i := range masked {
			masked[i] = float32(math.Inf(-1))
		}
		k.Softmax(&state, 0, masked, 7, 4)
		if state.Max != before.Max || state.Sum != before.Sum {
			t.Error("the state has changed")
		}
		for lane, c := range state.Correction {
			if c != 1 {
				t.Errorf("lane %d: correction %g", lane, c)
			}
		}
		for i, v := range masked {
			if v != 0 {
				t.Fatalf("weight %d is %g", i, v)
			}
		}
	})
}

// A lane without any score, or with NaN or +Inf among them, must say so.
func TestSoftmaxOfNothing(t *testing.T) {
	for _, bad := range []float64{math.Inf(-1), math.NaN(), math.Inf(1)} {
		forEach(t, func(t *testing.T, k *Kernels) {
			var state Softmax
			state.Reset()
			scores := make([]float32, 3*Width)
			for _, row := range []int{0, 1, 2} {
				scores[row*Width+21] = float32(bad)
			}
			scores[Width+40] = float32(bad)
			k.Softmax(&state, 0, scores, 3, 4)
			for lane, sum := range state.Sum {
				isBad := lane == 21 || lane == 40 && !math.IsInf(bad, -1)
				if isBad != (sum != sum) {
					t.Errorf("%g: lane %d: sum %g", bad, lane, sum)
				}
			}
		})
	}
}

// The assembly treats numbers below 2^−126 as zero; the rest of the program
// must not.
func TestTinyNumbersSurviveOutside(t *testing.T) {
	forEach(t, func(t *testing.T, k *Kernels) {
		var state Softmax
		state.Reset()
		x := make([]float32, Width)
		k.Softmax(&state, 0, x, 1, 4)
		if tiny := x[0] * 1e-40; tiny == 0 {
			t.Error("1e-40 became zero behind Softmax")
		}
		k.Product(x, Width, RowMajor([]float32{1}, 1, 1), state.Sum[:], nil, 4)
		if tiny := x[0] * 1e-40; tiny == 0 {
			t.Error("1e-40 became zero behind Product")
		}
	})
}
