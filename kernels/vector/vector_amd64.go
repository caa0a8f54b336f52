package vector

import "golang.org/x/sys/cpu"

//go:generate go -C _asm run . -out ../vector_amd64.s -stubs ../vector_stubs_amd64.go -pkg vector

func supported(isa ISA) bool {
	switch isa {
	case AVX512:
		return cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ
	case AVX2:
		return cpu.X86.HasAVX2 && cpu.X86.HasFMA
	}
	return false
}

func kernels(isa ISA) *Kernels {
	switch isa {
	case AVX512:
		return assembly(isa, []group{
			{4, productAVX512x4, softmaxAVX512x4, causalAVX512x4, normAVX512x4, divideAVX512x4},
			{2, productAVX512x2, softmaxAVX512x2, causalAVX512x2, normAVX512x2, divideAVX512x2},
			{1, productAVX512x1, softmaxAVX512x1, causalAVX512x1, normAVX512x1, divideAVX512x1},
		})
	case AVX2:
		return assembly(isa, []group{
			{1, productAVX2x1, softmaxAVX2x1, causalAVX2x1, normAVX2x1, divideAVX2x1},
		})
	}
	return genericKernels()
}
