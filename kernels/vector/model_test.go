package vector

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// model does what the assembly does, operation by operation: the plain loops
// with fused multiply-adds where the assembly has them. AVX2 and NEON give its
// bits, on whatever processor; so does AVX-512 but in its exponentials.
var model = &Kernels{
	isa:     "model",
	product: modelProduct,
	softmax: modelSoftmax,
	causal:  causal,
	norm:    modelNorm,
	divide:  divide,
}

// fma returns x·y + z, rounded once to float32: in float64 the product is exact,
// and the sum, rounded to odd, loses nothing that the second rounding needs
// (Boldo and Melquiond, "Emulation of a FMA and correctly rounded sums", 2008).
func fma(x, y, z float32) float32 {
	product, addend := float64(x)*float64(y), float64(z)
	sum := product + addend
	part := sum - product
	lost := (product - (sum - part)) + (addend - part)
	if lost != 0 && math.Float64bits(sum)&1 == 0 { // and beside infinities, where lost is NaN: they stay
		sum = math.Nextafter(sum, math.Copysign(math.Inf(1), lost))
	}
	return float32(sum)
}

// flush returns zero for numbers below 2^−126. (Arm's processors flush results
// that would be rounded to just that number as well, Intel's do not.)
func flush(x float32) float32 {
	if math.Abs(float64(x)) < 0x1p-126 {
		return float32(math.Copysign(0, float64(x)))
	}
	return x
}

func flushedFMA(x, y, z float32) float32 { return flush(fma(flush(x), flush(y), flush(z))) }

func modelProduct(y []float32, yStride int, w Matrix, x, start []float32, startStride, units int, mode mode) {
	for r := range w.Rows {
		for lane := range units * Unit {
			sum := start[r*startStride]
			if mode == carryMode {
				sum = flush(float32(flush(y[r*yStride+lane]) * flush(start[lane])))
			}
			for c := range w.Cols {
				sum = flushedFMA(x[c*Width+lane], w.Data[r*w.RowStride+c*w.ColStride], sum)
			}
			if mode == reluMode && sum < 0 {
				sum = 0
			}
			y[r*yStride+lane] = sum
		}
	}
}

func modelSoftmax(state *Softmax, first int, scores []float32, rows, units int) {
	for lane := range units * Unit {
		s := first*Unit + lane
		top := state.Max[s]
		for r := range rows {
			top = max(top, scores[r*Width+lane])
		}
		correction := modelExp2(state.Max[s] - top)
		sum := flush(float32(state.Sum[s] * correction))
		for r := range rows {
			weight := modelExp2(scores[r*Width+lane] - top)
			scores[r*Width+lane] = weight
			sum += weight
		}
		state.Max[s], state.Sum[s], state.Correction[s] = top, sum, correction
	}
}

func modelExp2(y float32) float32 {
	y = max(flush(y), leastExponent)
	biased := y + roundBiased
	f := y - (biased - roundBiased)
	p := fma(c5, f, c4)
	for _, c := range []float32{c3, c2, c1, 1} {
		p = fma(p, f, c)
	}
	return flush(float32(p * math.Float32frombits(math.Float32bits(biased)<<23)))
}

func modelNorm(x, residual, weight, bias []float32, units int) {
	count := float32(len(weight))
	for lane := range units * Unit {
		var mean, variance float32
		for r := range weight {
			x[r*Width+lane] += residual[r*Width+lane]
			mean += x[r*Width+lane]
		}
		mean /= count
		for r := range weight {
			d := x[r*Width+lane] - mean
			variance = fma(d, d, variance)
		}
		scale := 1 / max(float32(math.Sqrt(float64(variance/count))), normFloor)
		for r := range weight {
			x[r*Width+lane] = fma(float32((x[r*Width+lane]-mean)*scale), weight[r], bias[r])
		}
	}
}

// oddLanes are numbers that all rows of a panel have in a few lanes.
var oddLanes = map[int]float32{
	3:  float32(math.NaN()),
	17: float32(math.Inf(1)),
	22: float32(math.Inf(-1)),
	35: float32(math.Copysign(0, -1)),
	40: 0x1p-140, // below the least normal number
	52: math.MaxFloat32,
}

// TestAssemblyIsTheModel: the bits of all five loops. A NaN need only be one.
func TestAssemblyIsTheModel(t *testing.T) {
	for _, isa := range InstructionSets() {
		if isa == Generic {
			continue // it fuses nothing
		}
		t.Run(string(isa), func(t *testing.T) {
			k := For(isa)
			for _, rows := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 48} {
				for _, cols := range []int{1, 2, 33} {
					compareProducts(t, k, rows, cols)
				}
				compareColumns(t, k, rows)
				if isa != AVX512 { // it has another polynomial
					compareSoftmax(t, k, rows)
				}
			}
		})
	}
}

// TestMultiplyAddsRoundOnce: sums beside the middle of two float32, which they
// would be rounded to on the way if it were the way through float64.
func TestMultiplyAddsRoundOnce(t *testing.T) {
	kernels := []*Kernels{model}
	for _, isa := range InstructionSets() {
		if isa != Generic {
			kernels = append(kernels, For(isa))
		}
	}
	for _, k := range kernels {
		for _, c := range []struct{ w, x, bias, want float32 }{
			{1 + 0x1p-12, 1 + 0x1p-12, 0x1p-60, 1 + 0x1p-11 + 0x1p-23},    // the tie goes down
			{1 + 0x1p-12, 1 + 0x3p-12, -0x1p-60, 1 + 0x1p-10 + 0x1p-23},   // the tie goes up
			{1 + 0x1p-12, -1 - 0x1p-12, -0x1p-60, -1 - 0x1p-11 - 0x1p-23}, // away from zero
		} {
			x, y := slices.Repeat([]float32{c.x}, Width), make([]float32, Width)
			k.Product(y, Width, RowMajor([]float32{c.w}, 1, 1), x, []float32{c.bias}, 4)
			if y[0] != c.want {
				t.Errorf("%s: %g·%g + %g = %g, want %g", k.isa, c.w, c.x, c.bias, y[0], c.want)
			}
		}
	}
}

// compareProducts: from a bias, with ReLU, and from what is there.
func compareProducts(t *testing.T, k *Kernels, rows, cols int) {
	r := rand.New(rand.NewPCG(uint64(rows), uint64(cols)))
	w, x, start, before := random(r, rows*cols), random(r, cols*Width), random(r, max(rows, Width)), random(r, rows*Width)
	for i := range x {
		if i%Unit == 9 { // sums that are tiny, and zero beside the bias
			x[i] *= 0x1p-126
		}
		if v, odd := oddLanes[i%Width]; odd {
			x[i] = v
		}
	}
	start[0] = float32(math.Copysign(0, -1))
	for c := range cols {
		w[c] = float32(math.Abs(float64(w[c]))) // so that lane 35 of row 0 is −0
	}
	for name, run := range map[string]func(k *Kernels, y []float32){
		"Product":     func(k *Kernels, y []float32) { k.Product(y, Width, RowMajor(w, rows, cols), x, start[:rows], 4) },
		"ProductReLU": func(k *Kernels, y []float32) { k.ProductReLU(y, Width, RowMajor(w, rows, cols), x, start[:rows], 4) },
		"Accumulate":  func(k *Kernels, y []float32) { k.Accumulate(y, Width, RowMajor(w, rows, cols), x, start[:Width], 4) },
		"transposed":  func(k *Kernels, y []float32) { k.Product(y, Width, RowMajor(w, cols, rows).Transposed(), x, nil, 4) },
	} {
		got, want := slices.Clone(before), slices.Clone(before)
		run(k, got)
		run(model, want)
		sameLanes(t, fmt.Sprintf("%s of %d×%d", name, rows, cols), got, want)
	}
}

// compareSoftmax: three blocks, with scores so far apart that most weigh nothing.
func compareSoftmax(t *testing.T, k *Kernels, rows int) {
	r := rand.New(rand.NewPCG(uint64(rows), 1))
	var got, want Softmax
	got.Reset()
	want.Reset()
	for _, spread := range []float32{1, 30, 1e-3} {
		scores := random(r, rows*Width)
		for i := range scores {
			scores[i] *= spread
			if i%Width == 22 || r.IntN(9) == 0 {
				scores[i] = float32(math.Inf(-1))
			}
		}
		weights := slices.Clone(scores)
		k.Softmax(&got, 0, scores, rows, 4)
		model.Softmax(&want, 0, weights, rows, 4)
		what := fmt.Sprintf("Softmax of %d rows: ", rows)
		sameLanes(t, what+"weights", scores, weights)
		sameLanes(t, what+"maxima", got.Max[:], want.Max[:])
		sameLanes(t, what+"sums", got.Sum[:], want.Sum[:])
		sameLanes(t, what+"corrections", got.Correction[:], want.Correction[:])
	}
}

// compareColumns: norm and divide.
func compareColumns(t *testing.T, k *Kernels, rows int) {
	r := rand.New(rand.NewPCG(uint64(rows), 2))
	x, residual, weight, bias, divisor := random(r, rows*Width), random(r, rows*Width), random(r, rows), random(r, rows), random(r, Width)
	for i := range x {
		if v, odd := oddLanes[i%Width]; odd {
			x[i], residual[i] = v, 0
		}
	}
	for name, run := range map[string]func(k *Kernels, x []float32){
		"Norm":   func(k *Kernels, x []float32) { k.Norm(x, residual, weight, bias, 4) },
		"Divide": func(k *Kernels, x []float32) { k.Divide(x, divisor, rows, 4) },
	} {
		got, want := slices.Clone(x), slices.Clone(x)
		run(k, got)
		run(model, want)
		sameLanes(t, fmt.Sprintf("%s of %d rows", name, rows), got, want)
	}
}

func sameLanes(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i, w := range want {
		if g := got[i]; math.Float32bits(g) != math.Float32bits(w) && (g == g || w == w) {
			t.Errorf("%s: row %d, lane %d: %g (%08x), want %g (%08x)", what, i/Width, i%Width, g, math.Float32bits(g), w, math.Float32bits(w))
			return
		}
	}
}
