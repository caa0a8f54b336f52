package model

import "math/bits"

// Philox4x32 is the counter-based generator Philox4x32-10 of Salmon, Moraes,
// Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC '11): ten
// rounds that turn a counter and a key into four random words. Every random
// number of evorank comes from it, which is why any of them can be made
// anywhere, in any order, by anyone who knows its counter and key.
//
// kernels/noise holds the same function for the GPU (noise.cuh) and in a
// vectorised form; philox_test.go has the authors' known answers.
func Philox4x32(counter [4]uint32, key [2]uint32) [4]uint32 {
	const (
		multiplier0, multiplier1 = 0xD2511F53, 0xCD9E8D57
		weyl0, weyl1             = 0x9E3779B9, 0xBB67AE85 // golden ratio, √3 - 1
	)
	for range 10 {
		hi0, lo0 := bits.Mul32(multiplier0, counter[0])
		hi1, lo1 := bits.Mul32(multiplier1, counter[2])
		counter = [4]uint32{hi1 ^ counter[1] ^ key[0], lo1, hi0 ^ counter[3] ^ key[1], lo0}
		key[0] += weyl0
		key[1] += weyl1
	}
	return counter
}

// Key returns the seed as the generator takes it: low word, high word.
func (s Seed) Key() [2]uint32 { return [2]uint32{uint32(s), uint32(s >> 32)} }

// The last word of a counter separates the uses of one seed.
const (
	DomainNoise uint32 = 0 // noise of genotypes: counter (element/4, tensor, 0, DomainNoise)
)
