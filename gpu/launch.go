package gpu

import (
	"fmt"
	"runtime"
	"unsafe"
)

// Dim is a size in three dimensions; a zero counts as one.
type Dim struct{ X, Y, Z int }

func (d Dim) orOne() Dim { return Dim{max(d.X, 1), max(d.Y, 1), max(d.Z, 1)} }

// Shape is how a kernel is spread: Grid blocks of Block threads, each block
// with Shared bytes of dynamic shared memory.
type Shape struct {
	Grid, Block Dim
	Shared      int
}

// Arg is one argument of a kernel, copied when it was made.
type Arg struct {
	address unsafe.Pointer
	size    int
}

// Value passes a number or a struct by value. T has the layout of the kernel's
// parameter: no int, no slices, no pointers (Buffer.Arg passes an address).
func Value[T any](v T) Arg { return Arg{unsafe.Pointer(&v), int(unsafe.Sizeof(v))} }

// Launch puts one run of the kernel into the stream. The arguments are checked
// against the parameters that the kernel declares: their number and sizes.
func (k *Kernel) Launch(s *Stream, shape Shape, args ...Arg) error {
	if err := k.checkArgs(args); err != nil {
		return err
	}
	if err := k.checkShape(shape); err != nil {
		return err
	}
	if err := k.allowShared(shape.Shared); err != nil {
		return err
	}
	g, b := shape.Grid.orOne(), shape.Block.orOne()
	addresses := make([]unsafe.Pointer, len(args)+1) // one more, so that there is a first
	for i, a := range args {
		addresses[i] = a.address
	}
	err := k.dev.do("launch", k.Name, func() Code {
		return k.dev.drv.LaunchKernel(k.function,
			uint32(g.X), uint32(g.Y), uint32(g.Z), uint32(b.X), uint32(b.Y), uint32(b.Z),
			uint32(shape.Shared), s.handle, unsafe.Pointer(&addresses[0]), nil)
	})
	runtime.KeepAlive(addresses)
	return err
}

// checkArgs compares the arguments with the kernel's declaration.
func (k *Kernel) checkArgs(args []Arg) error {
	if k.params == nil {
		return nil
	}
	if len(args) != len(k.params) {
		return fmt.Errorf("launch: %s: %d arguments for %d parameters", k.Name, len(args), len(k.params))
	}
	for i, a := range args {
		if a.size != k.params[i] {
			return fmt.Errorf("launch: %s: argument %d has %d bytes, the kernel declares %d", k.Name, i, a.size, k.params[i])
		}
	}
	return nil
}

// checkShape refuses what the driver would refuse less clearly.
func (k *Kernel) checkShape(shape Shape) error {
	g, b := shape.Grid.orOne(), shape.Block.orOne()
	switch threads := b.X * b.Y * b.Z; {
	case threads > k.MaxThreads:
		return fmt.Errorf("launch: %s: %d threads a block, at most %d fit its %d registers", k.Name, threads, k.MaxThreads, k.Registers)
	case g.X > 1<<31-1 || g.Y > 65535 || g.Z > 65535:
		return fmt.Errorf("launch: %s: a grid of %d×%d×%d blocks is too large", k.Name, g.X, g.Y, g.Z)
	}
	return nil
}
