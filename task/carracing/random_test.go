package carracing

import "testing"

// Values of numpy.random.default_rng, NumPy 2.4.6.
func TestPCG64EqualsNumPy(t *testing.T) {
	if got, want := seedWords(0), [4]uint64{0xdb2cd7e7b0f478be, 0xabf4641a2c71ba49, 0x20c6ed6d9d7b8d41, 0x2c4099de223c39d4}; got != want {
		t.Errorf("SeedSequence(0): %x, want %x", got, want)
	}
	for seed, want := range map[uint64][4]float64{
		0:                    {0.6369616873214543, 0.2697867137638703, 0.04097352393619469, 0.016527635528529094},
		12345678901234567890: {0.004224879795573511, 0.6523439976170509, 0.6078805024233389, 0.9843050417988058},
		18446744073709551615: {0.6800266789616931, 0.8453117585624743, 0.007403081599260064, 0.8945681264391473},
	} {
		g := NewPCG64(seed)
		for i, w := range want {
			if got := g.Uniform(0, 1); got != w {
				t.Errorf("seed %d, number %d: %v, want %v", seed, i, got, w)
			}
		}
	}
}
