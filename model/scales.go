package model

import "math"

// Initialisation holds what the reference program varied between its runs.
type Initialisation struct {
	// TallConstant is c in the std of the factors of a matrix with at least as
	// many outputs as inputs, sqrt(c / fan-in): 1 in the paper's TinyStories
	// runs of January, √2 in all later ones (method 2.3).
	TallConstant float64
	// EmbeddingStd is the std of a dense embedding: 1 in the reference program.
	EmbeddingStd float64
	// DecoderBiasStd is the std of the output bias: √2 in the reference program.
	DecoderBiasStd float64
}

// MutationRates are relative to the initial std of what mutates.
type MutationRates struct {
	Dense  float64 // dense weights: 0.01 in the paper
	Factor float64 // each factor: 0.1, the square root of the dense rate
	Bias   float64 // biases: 0.01
}

// kaiming is He's initial std for rectifiers, sqrt(2 / fan-in).
func kaiming(fanIn int) float64 { return math.Sqrt(2 / float64(fanIn)) }

// factorStd is the std of the factors of an m×n matrix (m outputs, n inputs),
// each by its own fan-in, which is the factor's number of columns (method 2.3).
func factorStd(m, n, fanIn int, c float64) float64 {
	if n > m {
		c = 2
	}
	return math.Sqrt(c / float64(fanIn))
}

// matrix describes an m×n weight of a linear layer.
func matrix(name string, m, n int, e Encoding, init Initialisation) weight {
	return weight{
		name: name, shape: []int{m, n}, rows: m, cols: n, encoding: e,
		denseStd: kaiming(n), kaimingStd: kaiming(n),
		aStd: factorStd(m, n, e.Rank, init.TallConstant),
		bStd: factorStd(m, n, n, init.TallConstant),
	}
}
