// Package gputest opens the GPU for tests of kernels.
//
// Convention: a test that needs a GPU begins with Open. Without one it skips
// and says why, unless EVORANK_GPU=require makes that a failure, as it is on a
// machine that exists for these tests. EVORANK_KERNELS names an image file to
// test instead of the built one. The package is used by tests only.
package gputest

import (
	"math"
	"os"
	"sync"
	"testing"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/image"
)

var opened = sync.OnceValues(func() (*gpu.Device, error) { return gpu.Open(0) })

// Open returns a stream on the first GPU and the kernels, both for this test.
func Open(t testing.TB) (*gpu.Stream, *gpu.Module) {
	t.Helper()
	d, err := opened()
	if err != nil {
		if os.Getenv("EVORANK_GPU") == "require" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	m, err := image.Load(d, os.Getenv("EVORANK_KERNELS"))
	Check(t, err)
	s, err := d.NewStream()
	Check(t, err)
	t.Cleanup(func() {
		Check(t, s.Close())
		Check(t, m.Close())
	})
	return s, m
}

// Check ends the test on an error.
func Check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Upload returns values in device memory, freed when the test ends.
func Upload[T any](t testing.TB, s *gpu.Stream, values []T) gpu.Buffer[T] {
	t.Helper()
	b := Alloc[T](t, s, len(values))
	Check(t, gpu.Write(s, b, values))
	return b
}

// Alloc returns device memory of which every byte is 0xff (NaNs, if floats),
// freed when the test ends.
func Alloc[T any](t testing.TB, s *gpu.Stream, n int) gpu.Buffer[T] {
	t.Helper()
	b, err := gpu.Alloc[T](s.Device(), t.Name(), n)
	Check(t, err)
	t.Cleanup(func() { Check(t, b.Free()) })
	Check(t, gpu.FillBytes(s, b, 0xff))
	return b
}

// Read returns the values in device memory.
func Read[T any](t testing.TB, s *gpu.Stream, b gpu.Buffer[T]) []T {
	t.Helper()
	values := make([]T, b.Len())
	Check(t, gpu.Read(s, values, b))
	return values
}

// EqualBits ends the test at the first element whose bits differ.
func EqualBits(t testing.TB, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d elements, want %d", what, len(got), len(want))
	}
	for i := range got {
		if bits(got[i]) != bits(want[i]) {
			t.Fatalf("%s: element %d: %v (%08x), want %v (%08x)", what, i, got[i], bits(got[i]), want[i], bits(want[i]))
		}
	}
}

func bits(x float32) uint32 { return math.Float32bits(x) }
