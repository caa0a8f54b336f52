package develop

// implementations lists what this processor can run, fastest first: every
// arm64 processor that Go runs on has NEON.
func implementations() []implementation {
	return []implementation{{"neon", 4, combineNEON}, generic}
}

// combineNEON sets dst[i] = Σ_k coefficients[k·coefficientStride]·rows[k·rowStride+i], i < n.
//
//go:noescape
func combineNEON(dst *float32, n int, coefficients *float32, coefficientStride int, rows *float32, rowStride int, rank int)
