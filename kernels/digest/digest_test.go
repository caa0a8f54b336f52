package digest

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/cespare/xxhash/v2"
	"github.com/evorank/evorank/kernels/gputest"
	"github.com/evorank/evorank/kernels/noise"
	"github.com/evorank/evorank/model"
)

// lengths take every path: no stripe, tails of one and two words, a chunk more
// or less, several chunks, and a combination with and without stripes.
var lengths = []int{1, 2, 3, 7, 8, 9, 15, 16, 17, 1023, 1024, 1025, 2048, 3*1024 + 1, 4 * 1024, 5*1024 + 8, 99_507}

func genotype(n int) []float32 {
	g := make([]float32, n)
	noise.Fill(g, 7, 0, 0)
	return g
}

// Known values, also in docs/digest.md: n elements
// noise(7, 0, 0), noise(7, 0, 1), …
var known = map[int]model.Digest{
	1:     0x14a645b2cecefedc,
	8:     0x6d988cf530a75551,
	1024:  0xb693f00bfe5078eb,
	1025:  0x8cb517d315d8e1fe,
	99507: 0x43127175ccf555ea,
}

func TestKnownDigests(t *testing.T) {
	for n, want := range known {
		if got := Of(genotype(n)); got != want {
			t.Errorf("%d elements: digest %v, want %v", n, got, want)
		}
	}
}

// The definition, written with one buffer and no streaming.
func TestDigestIsTheHashOfTheChunkHashes(t *testing.T) {
	for _, n := range append(lengths, 0) {
		var bytes, hashes []byte
		for _, x := range genotype(n) {
			bytes = binary.LittleEndian.AppendUint32(bytes, math.Float32bits(x))
		}
		for at := 0; at < len(bytes); at += 4096 {
			hashes = binary.LittleEndian.AppendUint64(hashes, xxhash.Sum64(bytes[at:min(at+4096, len(bytes))]))
		}
		if got, want := Of(genotype(n)), model.Digest(xxhash.Sum64(hashes)); got != want {
			t.Errorf("%d elements: digest %v, want %v", n, got, want)
		}
	}
}

func TestDigestSeesEveryBit(t *testing.T) {
	g := genotype(3000)
	want := Of(g)
	for _, i := range []int{0, 1023, 1024, 2999} {
		changed := append([]float32(nil), g...)
		changed[i] = math.Float32frombits(math.Float32bits(changed[i]) ^ 1)
		if Of(changed) == want {
			t.Errorf("element %d changed and the digest did not", i)
		}
	}
}

func TestGPUDigests(t *testing.T) {
	s, m := gputest.Open(t)
	for _, n := range lengths {
		const count = 5
		g, err := NewGPU(m, s.Device(), n, count)
		gputest.Check(t, err)
		all := genotype(n * count) // odd n: genotypes begin off the 8-byte grid
		got, err := g.Of(s, gputest.Upload(t, s, all))
		gputest.Check(t, err)
		for i := range count {
			if want := Of(all[i*n : (i+1)*n]); got[i] != want {
				t.Errorf("genotype %d of %d elements: digest %v on the GPU, want %v", i, n, got[i], want)
			}
		}
		gputest.Check(t, g.Close())
	}
}

// A vector in pieces has the digest of the whole, wherever it is cut.
func TestDigestOfPieces(t *testing.T) {
	for _, n := range lengths {
		g := genotype(n)
		for _, piece := range []int{1, 7, 1023, 1024, 1500, 4096} {
			s := New()
			for at := 0; at < n; at += piece {
				s.Add(g[at:min(at+piece, n)])
			}
			if got, want := s.Digest(), Of(g); got != want {
				t.Errorf("%d elements in pieces of %d: digest %v, want %v", n, piece, got, want)
			}
		}
	}
}

func BenchmarkDigest(b *testing.B) {
	g := genotype(99_507)
	b.SetBytes(4 * int64(len(g)))
	for b.Loop() {
		Of(g)
	}
}
