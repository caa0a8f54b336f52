package vector

// Every arm64 processor that Go runs on has NEON.
func supported(isa ISA) bool { return isa == NEON }

func kernels(isa ISA) *Kernels {
	if isa == NEON {
		return assembly(isa, []group{{1, productNEON, softmaxNEON, causalNEON, normNEON, divideNEON}})
	}
	return genericKernels()
}

// The loops for one unit: product_arm64.s, softmax_arm64.s and, the last three,
// norm_arm64.s.

//go:noescape
func productNEON(y *float32, yStride int, w *float32, rowStride, colStride int, x, start *float32, startStride, rows, cols, mode int)

//go:noescape
func softmaxNEON(maxima, sums, corrections, scores *float32, rows int)

//go:noescape
func causalNEON(scores *float32, rows, first int)

//go:noescape
func normNEON(x, residual, weight, bias *float32, rows int, count float32)

//go:noescape
func divideNEON(x, divisor *float32, rows int)
