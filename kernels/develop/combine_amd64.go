package develop

import "golang.org/x/sys/cpu"

//go:generate go -C _asm run . -out ../combine_amd64.s -stubs ../combine_stubs_amd64.go -pkg develop

// implementations lists what this processor can run, fastest first.
func implementations() []implementation {
	var list []implementation
	if cpu.X86.HasAVX512F {
		list = append(list, implementation{"avx512", 16, combineAVX512})
	}
	if cpu.X86.HasAVX2 {
		list = append(list, implementation{"avx2", 8, combineAVX2})
	}
	return append(list, generic)
}
