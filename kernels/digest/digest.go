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
	s := New()
	s.Add(genotype)
	return s.Digest()
}

// Sum is the digest of a vector that comes in pieces.
type Sum struct {
	all   *xxhash.Digest // of the complete chunks' hashes
	bytes [4 * chunk]byte
	n     int // elements of the chunk under way
}

// New returns the sum of no elements yet.
func New() *Sum { return &Sum{all: xxhash.New()} }

// Add appends elements.
func (s *Sum) Add(elements []float32) {
	for len(elements) > 0 {
		n := min(chunk-s.n, len(elements))
		rest := s.bytes[4*s.n : 4*(s.n+n)]
		for i, x := range elements[:n] {
			binary.LittleEndian.PutUint32(rest[4*i:], math.Float32bits(x))
		}
		s.n, elements = s.n+n, elements[n:]
		if s.n == chunk {
			s.hash()
		}
	}
}

// Digest ends the last chunk and returns the digest.
func (s *Sum) Digest() model.Digest {
	if s.n > 0 {
		s.hash()
	}
	return model.Digest(s.all.Sum64())
}

// hash appends the hash of the chunk under way to the others.
func (s *Sum) hash() {
	var hash [8]byte
	binary.LittleEndian.PutUint64(hash[:], xxhash.Sum64(s.bytes[:4*s.n]))
	s.all.Write(hash[:])
	s.n = 0
}
