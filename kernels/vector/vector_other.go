//go:build !amd64

package vector

func supported(ISA) bool { return false }

func kernels(ISA) *Kernels { return genericKernels() }
