// Package noise is the randomness of evolution: noise(seed, tensor, element),
// a float32 drawn from N(0,1) that is a pure function of its three arguments.
//
// Convention: the plain-Go definition in normal.go is the truth. The
// vectorised CPU versions and the GPU's (noise.cuh, noise.cu) give the same
// bits for every element, because the definition uses only integer operations
// and IEEE-754 single-precision addition, multiplication, division and square
// root, each rounded by itself (in Go the explicit float32 conversion around
// every product forbids fusing it with an addition). docs/noise.md has the
// formula and known values; they are frozen, for every recorded run stands on
// them.
//
// The package holds no state, and what it returns depends neither on how an
// array is split into calls nor on the machine. Tensors have at most 2³⁴
// elements: the counter has one 32-bit word for blocks of four.
package noise
