package vector

import "math"

// The plain loops: what the assembly does, and what runs where there is none.
// float32(x*y) keeps the compiler from fusing a product into a sum, which it
// may do on some processors only.

var negativeInfinity = float32(math.Inf(-1))

func genericKernels() *Kernels {
	return &Kernels{
		isa:     Generic,
		product: product,
		softmax: softmax,
		causal:  causal,
		norm:    norm,
		divide:  divide,
	}
}

// product keeps four lanes at a time in registers.
func product(y []float32, yStride int, w Matrix, x, start []float32, startStride, units int, mode mode) {
	for r := range w.Rows {
		for lane := 0; lane < units*Unit; lane += 4 {
			out := (*[4]float32)(y[r*yStride+lane:])
			first := start[r*startStride]
			s0, s1, s2, s3 := first, first, first, first
			if mode == carryMode {
				carry := (*[4]float32)(start[lane:])
				s0, s1, s2, s3 = float32(out[0]*carry[0]), float32(out[1]*carry[1]), float32(out[2]*carry[2]), float32(out[3]*carry[3])
			}
			for c := range w.Cols {
				weight, in := w.Data[r*w.RowStride+c*w.ColStride], (*[4]float32)(x[c*Width+lane:])
				s0 += float32(weight * in[0])
				s1 += float32(weight * in[1])
				s2 += float32(weight * in[2])
				s3 += float32(weight * in[3])
			}
			*out = [4]float32{s0, s1, s2, s3}
			for i, v := range out {
				if mode == reluMode && v < 0 {
					out[i] = 0
				}
			}
		}
	}
}

func softmax(state *Softmax, first int, scores []float32, rows, units int) {
	for lane := range units * Unit {
		s := first*Unit + lane
		top := state.Max[s]
		for r := range rows {
			top = max(top, scores[r*Width+lane])
		}
		correction := exp2(state.Max[s] - top)
		sum := float32(state.Sum[s] * correction)
		for r := range rows {
			weight := exp2(scores[r*Width+lane] - top)
			scores[r*Width+lane] = weight
			sum += weight
		}
		state.Max[s], state.Sum[s], state.Correction[s] = top, sum, correction
	}
}

func causal(scores []float32, rows, units, first int) {
	for r := range rows {
		row := scores[r*Width:][:units*Unit]
		for lane := range min(max(first+r, 0), len(row)) {
			row[lane] = negativeInfinity
		}
	}
}

// normFloor is the least standard deviation that Norm divides by.
const normFloor = 1e-7

func norm(x, residual, weight, bias []float32, units int) {
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
			variance += float32(d * d)
		}
		scale := 1 / max(float32(math.Sqrt(float64(variance/count))), normFloor)
		for r, w := range weight {
			d := float32((x[r*Width+lane] - mean) * scale)
			x[r*Width+lane] = float32(d*w) + bias[r]
		}
	}
}

func divide(x, divisor []float32, rows, units int) {
	for lane := range units * Unit {
		factor := 1 / divisor[lane]
		for r := range rows {
			x[r*Width+lane] *= factor
		}
	}
}
