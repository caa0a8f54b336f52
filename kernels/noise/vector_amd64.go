package noise

import "golang.org/x/sys/cpu"

//go:generate go -C _asm run . -out ../vector_amd64.s -stubs ../vector_stubs_amd64.go -pkg noise

// implementations lists what this processor can run, fastest first.
func implementations() []implementation {
	var list []implementation
	if cpu.X86.HasAVX512F {
		list = append(list, assembly("avx512", 64, fillAVX512, addScaledAVX512))
	}
	if cpu.X86.HasAVX2 {
		list = append(list, assembly("avx2", 32, fillAVX2, addScaledAVX2))
	}
	return append(list, generic)
}
