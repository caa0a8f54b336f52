package vector

import (
	"fmt"
	"slices"
)

// ISA names an instruction set that the loops are written for.
type ISA string

const (
	AVX512  ISA = "avx512"  // x86-64 with AVX-512 F and DQ
	AVX2    ISA = "avx2"    // x86-64 with AVX2 and FMA
	NEON    ISA = "neon"    // arm64, any
	Generic ISA = "generic" // plain Go, any processor
)

// all are the instruction sets, a processor's fastest first.
var all = []ISA{AVX512, AVX2, NEON, Generic}

// ParseISA returns the instruction set of that name, or an error if there is
// none or this processor does not have it.
func ParseISA(name string) (ISA, error) {
	isa := ISA(name)
	if !slices.Contains(all, isa) {
		return "", fmt.Errorf("instruction set: %q is none of avx512, avx2, neon, generic", name)
	}
	if !isa.Supported() {
		return "", fmt.Errorf("instruction set: %s: this processor does not have it; the best here is %s", name, BestISA())
	}
	return isa, nil
}

// InstructionSets returns those of this processor, the fastest first.
func InstructionSets() []ISA {
	return slices.DeleteFunc(slices.Clone(all), func(isa ISA) bool { return !isa.Supported() })
}

// BestISA returns the fastest instruction set of this processor.
func BestISA() ISA { return InstructionSets()[0] }

// Supported says whether this processor can run the instruction set.
func (isa ISA) Supported() bool {
	return isa == Generic || supported(isa)
}
