// Package digest computes the digest of a genotype: xxHash64 (seed 0) of every
// 4 KiB chunk of its little-endian bytes, then xxHash64 over those hashes,
// little-endian too. Chunks hash independently, so a GPU is fast at it.
package digest

import (
	"encoding/binary"
	"math"

	"github.com/cespare/xxhash/v2"
	"github.com/evorank/evorank/model"
)

// chunk is the number of genotype elements that are hashed together: 4 KiB.
const chunk = 1024

// Of returns the digest of a genotype.
func Of(genotype []float32) model.Digest {
	var bytes [4 * chunk]byte
	var sum [8]byte
	all := xxhash.New()
	for len(genotype) > 0 {
		n := min(chunk, len(genotype))
		for i, x := range genotype[:n] {
			binary.LittleEndian.PutUint32(bytes[4*i:], math.Float32bits(x))
		}
		binary.LittleEndian.PutUint64(sum[:], xxhash.Sum64(bytes[:4*n]))
		all.Write(sum[:])
		genotype = genotype[n:]
	}
	return model.Digest(all.Sum64())
}
