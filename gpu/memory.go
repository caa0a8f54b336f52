package gpu

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"
)

// Buffer is device memory for n values of T, which holds no Go pointers and
// has the same layout in C. The zero value is an empty buffer.
type Buffer[T any] struct {
	dev     *Device
	pointer uint64
	n       int
	name    string
}

// Alloc allocates uninitialised device memory for n values. The name is for
// error messages.
func Alloc[T any](d *Device, name string, n int) (Buffer[T], error) {
	b := Buffer[T]{dev: d, n: n, name: name}
	if n < 0 {
		panic("gpu: Alloc: negative length")
	}
	if n == 0 {
		return b, nil
	}
	err := d.do("allocate", fmt.Sprintf("%s (%s) on %v", name, bytesText(uint64(b.Bytes())), d),
		func() Code { return d.drv.MemAlloc(&b.pointer, uint64(b.Bytes())) })
	return b, d.withFreeMemory(err)
}

// Place allocates device memory for the values, copies them there and waits.
// The name is for error messages.
func Place[T any](s *Stream, name string, values []T) (Buffer[T], error) {
	b, err := Alloc[T](s.dev, name, len(values))
	if err != nil {
		return b, err
	}
	if err := Write(s, b, values); err != nil {
		return Buffer[T]{}, errors.Join(err, b.Free())
	}
	return b, nil
}

// withFreeMemory adds the numbers to an out-of-memory error.
func (d *Device) withFreeMemory(err error) error {
	var e *Error
	if errors.As(err, &e) && e.Code == CodeOutOfMemory {
		if free, total, infoErr := d.Memory(); infoErr == nil {
			e.Detail += fmt.Sprintf(": %s of %s are free: end other programs on the GPU, or do with less", bytesText(free), bytesText(total))
		}
	}
	return err
}

// Free gives the memory back. An empty buffer has none.
func (b Buffer[T]) Free() error {
	if b.pointer == 0 {
		return nil
	}
	return b.dev.do("free", b.name, func() Code { return b.dev.drv.MemFree(b.pointer) })
}

// Len returns the number of values.
func (b Buffer[T]) Len() int { return b.n }

// Bytes returns the size.
func (b Buffer[T]) Bytes() int { return b.n * int(unsafe.Sizeof(*new(T))) }

// Slice returns the values from lo up to hi. Only the whole buffer is freed.
func (b Buffer[T]) Slice(lo, hi int) Buffer[T] {
	if lo < 0 || hi < lo || hi > b.n {
		panic(fmt.Sprintf("gpu: Slice: [%d:%d] of %d values (%s)", lo, hi, b.n, b.name))
	}
	part := b
	part.pointer += uint64(lo) * uint64(unsafe.Sizeof(*new(T)))
	part.n = hi - lo
	return part
}

// Arg passes the buffer's address to a kernel.
func (b Buffer[T]) Arg() Arg { return Value(b.pointer) }

// Pinned is host memory that the device reads and writes by itself, as
// asynchronous copies need it. Go's garbage collector does not know it.
type Pinned[T any] struct {
	dev    *Device
	values []T
}

const allocatePinned = "allocate pinned host memory"

// AllocPinned allocates page-locked host memory for n values, zeroed.
func AllocPinned[T any](d *Device, name string, n int) (Pinned[T], error) {
	p := Pinned[T]{dev: d}
	if n == 0 {
		return p, nil
	}
	bytes := uint64(n) * uint64(unsafe.Sizeof(*new(T)))
	var address unsafe.Pointer
	err := d.do(allocatePinned, fmt.Sprintf("%s (%s)", name, bytesText(bytes)),
		func() Code { return d.drv.MemHostAlloc(&address, bytes, 0) })
	if err != nil {
		return p, err
	}
	p.values = unsafe.Slice((*T)(address), n)
	clear(p.values)
	return p, nil
}

// Values is the memory itself. It is invalid after Free.
func (p Pinned[T]) Values() []T { return p.values }

// Slice returns the values from lo up to hi. Only the whole is freed.
func (p Pinned[T]) Slice(lo, hi int) Pinned[T] { return Pinned[T]{p.dev, p.values[lo:hi]} }

// Free gives the memory back.
func (p Pinned[T]) Free() error {
	if len(p.values) == 0 {
		return nil
	}
	return p.dev.do("free", "pinned host memory", func() Code {
		return p.dev.drv.MemFreeHost(unsafe.Pointer(unsafe.SliceData(p.values)))
	})
}

// Upload copies pinned host memory to the device, in stream order. The host
// memory may not change until the stream has passed the copy.
func Upload[T any](s *Stream, dst Buffer[T], src Pinned[T]) error {
	return upload(s, dst, src.values)
}

// Download copies device memory to pinned host memory, in stream order.
func Download[T any](s *Stream, dst Pinned[T], src Buffer[T]) error {
	return download(s, dst.values, src)
}

// Write copies ordinary host memory to the device and waits for it.
func Write[T any](s *Stream, dst Buffer[T], src []T) error {
	// NOTE: where the GPU reads ordinary memory by itself, the copy goes on after
	// the driver's call has returned, and nobody else may hold src by then.
	defer runtime.KeepAlive(src)
	if err := upload(s, dst, src); err != nil {
		return err
	}
	return s.Synchronize()
}

// Read copies device memory to ordinary host memory and waits for it.
func Read[T any](s *Stream, dst []T, src Buffer[T]) error {
	defer runtime.KeepAlive(dst) // as in Write
	if err := download(s, dst, src); err != nil {
		return err
	}
	return s.Synchronize()
}

func upload[T any](s *Stream, dst Buffer[T], src []T) error {
	mustFit("upload", dst.name, dst.n, len(src))
	if len(src) == 0 {
		return nil
	}
	address := unsafe.Pointer(unsafe.SliceData(src))
	err := s.dev.do("copy to device", dst.name, func() Code {
		return s.dev.drv.MemcpyHtoD(dst.pointer, address, uint64(dst.Bytes()), s.handle)
	})
	if err == nil {
		s.count(uint64(dst.Bytes()), 0)
	}
	return err
}

func download[T any](s *Stream, dst []T, src Buffer[T]) error {
	mustFit("download", src.name, src.n, len(dst))
	if len(dst) == 0 {
		return nil
	}
	address := unsafe.Pointer(unsafe.SliceData(dst))
	err := s.dev.do("copy from device", src.name, func() Code {
		return s.dev.drv.MemcpyDtoH(address, src.pointer, uint64(src.Bytes()), s.handle)
	})
	if err == nil {
		s.count(0, uint64(src.Bytes()))
	}
	return err
}

// Copy copies within the device, in stream order.
func Copy[T any](s *Stream, dst, src Buffer[T]) error {
	mustFit("copy", dst.name, dst.n, src.n)
	if dst.n == 0 {
		return nil
	}
	return s.dev.do("copy", dst.name, func() Code {
		return s.dev.drv.MemcpyDtoD(dst.pointer, src.pointer, uint64(dst.Bytes()), s.handle)
	})
}

// FillBytes sets every byte of the buffer, in stream order. 0xff makes NaNs.
func FillBytes[T any](s *Stream, dst Buffer[T], value uint8) error {
	if dst.n == 0 {
		return nil
	}
	return s.dev.do("fill", dst.name, func() Code {
		return s.dev.drv.MemsetD8(dst.pointer, value, uint64(dst.Bytes()), s.handle)
	})
}

// FillWords sets every 32-bit word of the buffer, in stream order.
func FillWords[T uint32 | int32](s *Stream, dst Buffer[T], value T) error {
	if dst.n == 0 {
		return nil
	}
	return s.dev.do("fill", dst.name, func() Code {
		return s.dev.drv.MemsetD32(dst.pointer, uint32(value), uint64(dst.n), s.handle)
	})
}

func mustFit(op, name string, dst, src int) {
	if dst != src {
		panic(fmt.Sprintf("gpu: %s: %s: lengths %d and %d differ", op, name, dst, src))
	}
}

// bytesText writes a size with a unit that keeps it short.
func bytesText(n uint64) string {
	units := []string{"KiB", "MiB", "GiB"}
	x, unit := float64(n), "bytes"
	for _, u := range units {
		if x < 1024 {
			break
		}
		x, unit = x/1024, u
	}
	if unit == "bytes" {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%.1f %s", x, unit)
}

// Full reports whether an error means that the device's memory is used up. The
// driver has the same code for the host's, of which less work on the device
// leaves no more.
func Full(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == CodeOutOfMemory && e.Op != allocatePinned
}

// NoRoom says that the memory that may be used is too little for the smallest
// piece of work.
func (d *Device) NoRoom(piece string, needed, allowed uint64) error {
	detail := fmt.Sprintf("%s needs %s on %v, %s may be used", piece, bytesText(needed), d, bytesText(allowed))
	if free, total, err := d.Memory(); err == nil {
		detail += fmt.Sprintf(" (%s of %s are free)", bytesText(free), bytesText(total))
	}
	return &UnusableError{Reason: OutOfMemory, Detail: detail + ": end other programs on the GPU, or do with less"}
}

// WithinMemory carries out a plan for a budget of device memory, and again for
// half of it each time that the device turns out to be full: another program
// may take memory between the look at what is free and the allocation. The
// plan must give back what it got before it fails, and must refuse a budget
// that is too small for any work with an error of its own.
func WithinMemory(budget uint64, plan func(budget uint64) error) error {
	for {
		err := plan(budget)
		if !Full(err) || budget == 0 {
			return err
		}
		budget /= 2
	}
}
