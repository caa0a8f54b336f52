package develop

import "math"

// combine sets dst[i] = Σ_k coefficients[k·coefficientStride]·rows[k·rowStride+i]
// for k < rank, adding the terms in the order of k, every product and sum
// rounded to float32.
func combine(dst, coefficients []float32, coefficientStride int, rows []float32, rowStride, rank int) {
	_, _ = coefficients[(rank-1)*coefficientStride], rows[(rank-1)*rowStride+len(dst)-1] // panics here rather than in assembly
	n := 0
	if vector.combine != nil {
		n = len(dst) / vector.lanes * vector.lanes
	}
	if n > 0 {
		vector.combine(&dst[0], n, &coefficients[0], coefficientStride, &rows[0], rowStride, rank)
	}
	combineGeneric(dst[n:], coefficients, coefficientStride, rows[n:], rowStride, rank)
}

// combineGeneric is combine in plain Go.
func combineGeneric(dst, coefficients []float32, coefficientStride int, rows []float32, rowStride, rank int) {
	for i := range dst {
		sum := negativeZero
		for k := range rank {
			sum += float32(coefficients[k*coefficientStride] * rows[k*rowStride+i])
		}
		dst[i] = sum
	}
}

// negativeZero starts a sum: unlike +0 it changes no term, -0 included.
var negativeZero = float32(math.Copysign(0, -1))

// implementation is a vectorised combine for whole registers, or none.
type implementation struct {
	name    string
	lanes   int
	combine func(dst *float32, n int, coefficients *float32, coefficientStride int, rows *float32, rowStride, rank int)
}

// generic is plain Go alone.
var generic = implementation{name: "generic"}

// vector is the fastest implementation that this processor has. All give the
// same bits.
var vector = implementations()[0]
