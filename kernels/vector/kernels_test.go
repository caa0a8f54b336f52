package vector

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// forEach runs a test with every instruction set of this processor.
func forEach(t *testing.T, test func(t *testing.T, k *Kernels)) {
	for _, isa := range InstructionSets() {
		t.Run(string(isa), func(t *testing.T) { test(t, For(isa)) })
	}
}

// sentinel is what no kernel may read into a result or overwrite.
var sentinel = math.Float32frombits(0x7FC5A5A5) // a NaN

// guarded returns n sentinels, and a function that reports whether the memory
// before and after them has changed.
func guarded(t *testing.T, n int) []float32 {
	const guard = 2 * Width
	all := make([]float32, n+2*guard)
	for i := range all {
		all[i] = sentinel
	}
	t.Cleanup(func() {
		for i, v := range all {
			if (i < guard || i >= guard+n) && math.Float32bits(v) != math.Float32bits(sentinel) {
				t.Errorf("number %d of %d was overwritten", i-guard, n)
				return
			}
		}
	})
	return all[guard : guard+n : guard+n]
}

// panel returns random numbers in the lanes [lane, lane+units·Unit) of a panel
// and sentinels elsewhere.
func panel(t *testing.T, r *rand.Rand, rows, lane, units int) []float32 {
	x := guarded(t, rows*Width)
	for row := range rows {
		for l := lane; l < lane+units*Unit; l++ {
			x[row*Width+l] = float32(r.NormFloat64())
		}
	}
	return x
}

func random(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

func unchanged(t *testing.T, what string, x []float32) {
	before := slices.Clone(x)
	t.Cleanup(func() {
		if !sameBits(before, x) {
			t.Errorf("%s has changed", what)
		}
	})
}

func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// untouched fails if lanes outside of [lane, lane+units·Unit) are not sentinels.
func untouched(t *testing.T, x []float32, lane, units int) {
	t.Helper()
	for i, v := range x {
		if l := i % Width; (l < lane || l >= lane+units*Unit) && math.Float32bits(v) != math.Float32bits(sentinel) {
			t.Fatalf("row %d: lane %d was overwritten", i/Width, l)
		}
	}
}

// placements are all ways for units to lie in a panel.
func placements(do func(lane, units int)) {
	for units := 1; units <= Width/Unit; units++ {
		for lane := 0; lane+units*Unit <= Width; lane += Unit {
			do(lane, units)
		}
	}
}

func TestProduct(t *testing.T) {
	forEach(t, func(t *testing.T, k *Kernels) {
		for _, s := range []struct {
			rows, cols int
			path       string
		}{
			{1, 1, "one row, one column"},
			{2, 3, "a tile of two rows"},
			{3, 5, "two and one"},
			{4, 4, "a tile of four"},
			{5, 7, "four and one"},
			{6, 16, "a tile of six"},
			{7, 1, "six and one"},
			{11, 4, "six, four and one"},
			{15, 33, "six twice, two and one"},
			{48, 32, "six only"},
		} {
			for _, transposed := range []bool{false, true} {
				placements(func(lane, units int) {
					t.Run(fmt.Sprintf("%s/transposed=%v/%d+%d", s.path, transposed, lane, units*Unit), func(t *testing.T) {
						testProduct(t, k, s.rows, s.cols, transposed, lane, units)
					})
				})
			}
		}
	})
}

func testProduct(t *testing.T, k *Kernels, rows, cols int, transposed bool, lane, units int) {
	r := rand.New(rand.NewPCG(uint64(rows), uint64(cols)))
	w := RowMajor(random(r, rows*cols), rows, cols)
	if transposed {
		w = RowMajor(random(r, rows*(cols+3)), cols, rows)
		w.RowStride, w.Data = rows+2, random(r, cols*(rows+2))
		w = w.Transposed()
	}
	x, bias, carry := panel(t, r, cols, lane, units), random(r, rows), random(r, Width)
	for _, fixed := range [][]float32{w.Data, x, bias, carry} {
		unchanged(t, "an input", fixed)
	}
	at := func(row, l int) (sum, size float64) {
		for c := range cols {
			term := float64(w.Data[row*w.RowStride+c*w.ColStride]) * float64(x[c*Width+l])
			sum, size = sum+term, size+math.Abs(term)
		}
		return sum, size
	}
	for _, form := range []struct {
		name string
		run  func(y []float32)
		want func(row, l int, sum, before float64) float64
	}{
		{"Product", func(y []float32) { k.Product(y, Width, w, x[lane:], bias, units) },
			func(row, _ int, sum, _ float64) float64 { return sum + float64(bias[row]) }},
		{"Product without bias", func(y []float32) { k.Product(y, Width, w, x[lane:], nil, units) },
			func(_, _ int, sum, _ float64) float64 { return sum }},
		{"ProductReLU", func(y []float32) { k.ProductReLU(y, Width, w, x[lane:], bias, units) },
			func(row, _ int, sum, _ float64) float64 { return max(0, sum+float64(bias[row])) }},
		{"Accumulate", func(y []float32) { k.Accumulate(y, Width, w, x[lane:], carry[lane:], units) },
			func(_, l int, sum, before float64) float64 { return sum + before*float64(carry[l]) }},
	} {
		y := guarded(t, rows*Width)
		if form.name == "Accumulate" {
			y = panel(t, r, rows, lane, units)
		}
		before := slices.Clone(y)
		form.run(y[lane:])
		untouched(t, y, lane, units)
		for row := range rows {
			for l := lane; l < lane+units*Unit; l++ {
				sum, size := at(row, l)
				want := form.want(row, l, sum, float64(before[row*Width+l]))
				if got := float64(y[row*Width+l]); !(math.Abs(got-want) <= 1e-6*(size+3)) {
					t.Fatalf("%s: row %d, lane %d: %g, want %g", form.name, row, l, got, want)
				}
			}
		}
	}
}

// A lane's result must not depend on where it lies or who is beside it.
func TestLanesAreIndependent(t *testing.T) {
	forEach(t, func(t *testing.T, k *Kernels) {
		r := rand.New(rand.NewPCG(5, 6))
		const rows, cols = 13, 21
		w, bias, x := RowMajor(random(r, rows*cols), rows, cols), random(r, rows), panel(t, r, cols, 0, 4)
		residual := panel(t, r, rows, 0, 4)
		results := func(lane, units int) (all []float32) {
			y, state := guarded(t, rows*Width), Softmax{}
			state.Reset()
			k.ProductReLU(y[lane:], Width, w, x[lane:], bias, units)
			k.Norm(y[lane:], residual[lane:], bias, bias, units)
			k.Softmax(&state, lane/Unit, y[lane:], rows, units)
			k.Divide(y[lane:], state.Sum[lane:], rows, units)
			k.Accumulate(y[lane:], Width, w, x[lane:], state.Max[lane:], units)
			return y
		}
		whole := results(0, 4)
		placements(func(lane, units int) {
			part := results(lane, units)
			for i, v := range part {
				if l := i % Width; l >= lane && l < lane+units*Unit && math.Float32bits(v) != math.Float32bits(whole[i]) {
					t.Fatalf("lanes %d+%d: row %d, lane %d: %g, in the whole panel %g", lane, units*Unit, i/Width, l, v, whole[i])
				}
			}
		})
	})
}

func TestReLUKeepsNaN(t *testing.T) {
	forEach(t, func(t *testing.T, k *Kernels) {
		x, y := make([]float32, Width), make([]float32, Width)
		for lane, v := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), -1, 2} {
			x[lane] = v
		}
		k.ProductReLU(y, Width, RowMajor([]float32{1}, 1, 1), x, nil, 4)
		if y[0] == y[0] || !math.IsInf(float64(y[1]), 1) || y[2] != 0 || y[3] != 0 || y[4] != 2 {
			t.Errorf("%v", y[:5])
		}
	})
}

func TestMaskFuture(t *testing.T) {
	forEach(t, func(t *testing.T, k *Kernels) {
		for _, rows := range []int{1, 5, 48} {
			for _, first := range []int{-100, -48, -3, 0, 1, 15, 16, 17, 40, 63, 64, 100} {
				placements(func(lane, units int) {
					x := panel(t, rand.New(rand.NewPCG(1, 2)), rows, lane, units)
					want := slices.Clone(x)
					for r := range rows {
						for l := range units * Unit {
							if l < first+r {
								want[r*Width+lane+l] = float32(math.Inf(-1))
							}
						}
					}
					k.MaskFuture(x[lane:], rows, units, first)
					if !sameBits(x, want) {
						t.Fatalf("%d rows, first %d, lanes %d+%d", rows, first, lane, units*Unit)
					}
				})
			}
		}
	})
}

func TestNorm(t *testing.T) {
	forEach(t, func(t *testing.T, k *Kernels) {
		for _, rows := range []int{1, 2, 4, 20, 32, 129} {
			placements(func(lane, units int) {
				r := rand.New(rand.NewPCG(uint64(rows), 7))
				x, residual := panel(t, r, rows, lane, units), panel(t, r, rows, lane, units)
				weight, bias := random(r, rows), random(r, rows)
				for _, fixed := range [][]float32{weight, bias} {
					unchanged(t, "an input", fixed)
				}
				for row := range rows { // one lane below the floor: it keeps its tiny differences
					residual[row*Width+lane] = 0
					x[row*Width+lane] = float32(row) * 1e-10
				}
				unchanged(t, "residual", residual)
				before := slices.Clone(x)
				k.Norm(x[lane:], residual[lane:], weight, bias, units)
				untouched(t, x, lane, units)
				for l := lane; l < lane+units*Unit; l++ {
					column := make([]float64, rows)
					for row := range column {
						column[row] = float64(before[row*Width+l] + residual[row*Width+l])
					}
					normalise(column, weight, bias)
					for row, want := range column {
						if got := float64(x[row*Width+l]); !(math.Abs(got-want) <= 2e-5) {
							t.Fatalf("%d rows: row %d, lane %d: %g, want %g", rows, row, l, got, want)
						}
					}
				}
			})
		}
	})
}

// normalise is the formula of Norm in float64.
func normalise(x []float64, weight, bias []float32) {
	n := float64(len(x))
	mean, variance := 0.0, 0.0
	for _, v := range x {
		mean += v / n
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / n
	}
	for i, v := range x {
		x[i] = (v-mean)/max(math.Sqrt(variance), 1e-7)*float64(weight[i]) + float64(bias[i])
	}
}

func TestNormKeepsNaN(t *testing.T) {
	forEach(t, func(t *testing.T, k *Kernels) {
		x, zero, one := make([]float32, 2*Width), make([]float32, 2*Width), []float32{1, 1}
		x[3], x[Width+17] = float32(math.NaN()), float32(math.Inf(1))
		k.Norm(x, zero, one, zero, 4)
		for lane := range Width {
			if got, want := x[lane] != x[lane], lane == 3 || lane == 17; got != want {
				t.Errorf("lane %d: %g", lane, x[lane])
			}
		}
	})
}

func TestDivide(t *testing.T) {
	forEach(t, func(t *testing.T, k *Kernels) {
		placements(func(lane, units int) {
			r := rand.New(rand.NewPCG(3, 3))
			x, divisor := panel(t, r, 5, lane, units), random(r, Width)
			unchanged(t, "the divisor", divisor)
			before := slices.Clone(x)
			k.Divide(x[lane:], divisor[lane:], 5, units)
			untouched(t, x, lane, units)
			for i := range x {
				want := before[i] / divisor[i%Width]
				if l := i % Width; l >= lane && l < lane+units*Unit && !(math.Abs(float64(x[i]/want-1)) < 2e-7) {
					t.Fatalf("lane %d: %g, want %g", l, x[i], want)
				}
			}
		})
	})
}

func TestMisfitsPanic(t *testing.T) { forEach(t, testMisfitsPanic) }

func testMisfitsPanic(t *testing.T, k *Kernels) {
	x, y := make([]float32, 2*Width), make([]float32, 2*Width)
	w := RowMajor(make([]float32, 4), 2, 2)
	for name, call := range map[string]func(){
		"no units":         func() { k.Product(y, Width, w, x, nil, 0) },
		"too many units":   func() { k.Product(y, Width, w, x, nil, 5) },
		"short input":      func() { k.Product(y, Width, w, x[1:], nil, 4) },
		"short output":     func() { k.Product(y[1:], Width, w, x, nil, 4) },
		"short weights":    func() { k.Product(y, Width, RowMajor(w.Data[1:], 2, 2), x, nil, 4) },
		"short bias":       func() { k.Product(y, Width, w, x, x[:1:1], 4) },
		"short carry":      func() { k.Accumulate(y, Width, w, x, x[:Width-1:Width-1], 4) },
		"overlapping rows": func() { k.Product(y, Width-1, w, x, nil, 4) },
		"empty matrix":     func() { k.Product(y, Width, RowMajor(nil, 0, 2), x, nil, 4) },
		"late first unit":  func() { k.Softmax(&Softmax{}, 1, x, 1, 4) },
		"no rows":          func() { k.Softmax(&Softmax{}, 0, x, 0, 4) },
		"short mask":       func() { k.MaskFuture(x, 3, 4, 0) },
		"short residual":   func() { k.Norm(x, y[1:], x[:2], x[:2], 4) },
		"short norm bias":  func() { k.Norm(x, y, x[:2], x[:1:1], 4) },
		"short divisor":    func() { k.Divide(x, y[:1:1], 2, 4) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			call()
		})
	}
}
