package vector

import "fmt"

// ISA names an instruction set that the loops are written for.
type ISA string

const (
	Generic ISA = "generic" // plain Go, any processor
	AVX2    ISA = "avx2"    // x86-64 with AVX2 and FMA
	AVX512  ISA = "avx512"  // x86-64 with AVX-512 F and DQ
)

// ParseISA returns the instruction set of that name, or an error if there is
// none or this processor does not have it.
func ParseISA(name string) (ISA, error) {
	switch isa := ISA(name); isa {
	case Generic, AVX2, AVX512:
		if !isa.Supported() {
			return "", fmt.Errorf("instruction set: %s: this processor does not have it; the best here is %s", name, BestISA())
		}
		return isa, nil
	}
	return "", fmt.Errorf("instruction set: %q is none of avx512, avx2, generic", name)
}

// BestISA returns the fastest instruction set of this processor.
func BestISA() ISA {
	for _, isa := range []ISA{AVX512, AVX2} {
		if isa.Supported() {
			return isa
		}
	}
	return Generic
}

// Supported says whether this processor can run the instruction set.
func (isa ISA) Supported() bool {
	return isa == Generic || supported(isa)
}
