//go:build !amd64 && !arm64

package vector

func supported(ISA) bool { return false }

func kernels(ISA) *Kernels { return genericKernels() }
