package carracing

import "math/bits"

// PCG64 is NumPy's default generator, PCG XSL-RR 128/64 (O'Neill 2014, "PCG: A
// Family of Simple Fast Space-Efficient Statistically Good Algorithms for
// Random Number Generation"). The zero value is not seeded.
type PCG64 struct {
	State, Increment Uint128
}

// Uint128 is an unsigned integer of 128 bits.
type Uint128 struct{ Hi, Lo uint64 }

var pcgMultiplier = Uint128{2549297995355413924, 4865540595714422341}

// NewPCG64 seeds a generator as numpy.random.default_rng(seed) does: a
// SeedSequence stretches the seed to state and stream number.
func NewPCG64(seed uint64) PCG64 {
	q := seedWords(seed)
	sequence := Uint128{q[2], q[3]}
	g := PCG64{Increment: sequence.add(sequence).add(Uint128{0, 1})}
	g.step()
	g.State = g.State.add(Uint128{q[0], q[1]})
	g.step()
	return g
}

// Uint64 is the next 64 bits.
func (g *PCG64) Uint64() uint64 {
	g.step()
	return bits.RotateLeft64(g.State.Hi^g.State.Lo, -int(g.State.Hi>>58))
}

// Uniform is the next number of the uniform distribution on [low, high).
func (g *PCG64) Uniform(low, high float64) float64 {
	unit := float64(float64(g.Uint64()>>11) * 0x1p-53)
	return low + float64((high-low)*unit)
}

func (g *PCG64) step() {
	g.State = g.State.mul(pcgMultiplier).add(g.Increment)
}

func (a Uint128) add(b Uint128) Uint128 {
	lo, carry := bits.Add64(a.Lo, b.Lo, 0)
	return Uint128{a.Hi + b.Hi + carry, lo}
}

func (a Uint128) mul(b Uint128) Uint128 {
	hi, lo := bits.Mul64(a.Lo, b.Lo)
	return Uint128{hi + a.Hi*b.Lo + a.Lo*b.Hi, lo}
}

// SeedSequence's pool, in 32-bit words.
const poolSize = 4

// hasher is the running hash of SeedSequence: its constant changes with every
// word, so equal words hash differently.
type hasher struct{ constant, multiplier uint32 }

func (h *hasher) hash(word uint32) uint32 {
	word ^= h.constant
	h.constant *= h.multiplier
	word *= h.constant
	return word ^ word>>16
}

// seedWords is NumPy's SeedSequence(seed).generate_state(4, uint64).
func seedWords(seed uint64) [4]uint64 {
	entropy := [poolSize]uint32{uint32(seed), uint32(seed >> 32)}
	in := hasher{0x43b0d7e5, 0x931e8875}
	var pool [poolSize]uint32
	for i := range pool {
		pool[i] = in.hash(entropy[i])
	}
	for src := range pool {
		for dst := range pool {
			if src != dst {
				mixed := 0xca01f9dd*pool[dst] - 0x4973f715*in.hash(pool[src])
				pool[dst] = mixed ^ mixed>>16
			}
		}
	}
	out := hasher{0x8b51f9dd, 0x58f38ded}
	var words [4]uint64
	for i := range words {
		low := out.hash(pool[2*i%poolSize])
		high := out.hash(pool[(2*i+1)%poolSize])
		words[i] = uint64(high)<<32 | uint64(low)
	}
	return words
}
