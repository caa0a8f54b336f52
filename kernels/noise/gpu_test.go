package noise

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/gputest"
	"github.com/evorank/evorank/model"
)

// Every offset within a block and lengths around the thread block's: first and
// last block cut off or not, stores of four and of one. The words around dst
// stay NaN.
func TestGPUFillOffTheBlock(t *testing.T) {
	s, m := gputest.Open(t)
	g, err := NewGPU(m)
	gputest.Check(t, err)
	const fence = 5
	for _, n := range []int{0, 1, 2, 3, 4, 5, 1023, 1024, 1025, 4099} {
		for _, first := range []int{0, 1, 2, 3, 1021, 1<<34 - 5000} {
			whole := gputest.Alloc[float32](t, s, n+2*fence)
			gputest.Check(t, g.Fill(s, whole.Slice(fence, fence+n), 0xfedcba9876543210, 13, first))
			got := gputest.Read(t, s, whole)
			want := make([]float32, n)
			Fill(want, 0xfedcba9876543210, 13, first)
			gputest.EqualBits(t, "noise", got[fence:fence+n], want)
			for i, x := range append(got[:fence:fence], got[fence+n:]...) {
				if math.Float32bits(x) != 0xffffffff {
					t.Fatalf("n = %d, first = %d: wrote outside, fence word %d", n, first, i)
				}
			}
		}
	}
}

// 10⁸ elements over many seeds and tensors, and both digests for the record.
func TestGPUNoiseHasTheCPUsBits(t *testing.T) {
	s, m := gputest.Open(t)
	g, err := NewGPU(m)
	gputest.Check(t, err)
	const perTensor, tensors = 4_000_037, 26
	rounds := tensors
	if testing.Short() {
		rounds = 2
	}
	dst := gputest.Alloc[float32](t, s, perTensor)
	want := make([]float32, perTensor)
	got := make([]float32, perTensor)
	var cpuDigest, gpuDigest uint64
	for tensor := range rounds {
		seed, first := model.Seed(0x0123456789abcdef*uint64(tensor+1)), 3*tensor
		Fill(want, seed, uint32(tensor), first)
		gputest.Check(t, g.Fill(s, dst, seed, uint32(tensor), first))
		gputest.Check(t, gpu.Read(s, got, dst))
		cpuDigest, gpuDigest = mixed(cpuDigest, want), mixed(gpuDigest, got)
		gputest.EqualBits(t, "noise", got, want)
	}
	t.Logf("%d elements: digest %016x on the CPU (%s), %016x on %s", rounds*perTensor, cpuDigest, Path(), gpuDigest, s.Device().Name)
}

// mixed folds values into a digest (FNV-1a over words).
func mixed(digest uint64, values []float32) uint64 {
	for _, x := range values {
		digest = (digest ^ uint64(math.Float32bits(x))) * 0x100000001b3
	}
	return digest
}

func BenchmarkGPUFill(b *testing.B) {
	s, m := gputest.Open(b)
	g, err := NewGPU(m)
	gputest.Check(b, err)
	dst := gputest.Alloc[float32](b, s, 1<<30)
	gputest.Check(b, g.Fill(s, dst, 1, 0, 0))
	gputest.Check(b, s.Synchronize())
	start := time.Now()
	for i := range b.N {
		gputest.Check(b, g.Fill(s, dst, model.Seed(i), 0, 0))
	}
	gputest.Check(b, s.Synchronize())
	b.ReportMetric(float64(b.N)*float64(dst.Len())/time.Since(start).Seconds()/1e12, "Tnormals/s")
}

// The driver's own record of the parameters guards a launch.
func TestGPULaunchRefusesWrongArguments(t *testing.T) {
	s, m := gputest.Open(t)
	k, err := m.Kernel("noise_fill")
	gputest.Check(t, err)
	t.Logf("noise_fill: %d registers, %d bytes of local memory", k.Registers, k.LocalBytes)
	if k.LocalBytes != 0 {
		t.Errorf("the kernel spills: %d bytes of local memory", k.LocalBytes)
	}
	dst := gputest.Alloc[float32](t, s, 4)
	err = k.Launch(s, gpu.Shape{}, dst.Arg(), gpu.Value(int32(4)), gpu.Value([2]uint32{}), gpu.Value(uint32(0)), gpu.Value(int64(0)))
	if err == nil || !strings.Contains(err.Error(), "argument 1 has 4 bytes, the kernel declares 8") {
		t.Errorf("got %v", err)
	}
	if err := k.Launch(s, gpu.Shape{}, dst.Arg()); err == nil || !strings.Contains(err.Error(), "1 arguments for 5 parameters") {
		t.Errorf("got %v", err)
	}
	if _, err := m.Kernel("no_such_kernel"); err == nil {
		t.Error("a kernel that does not exist was found")
	}
}

func BenchmarkGPULaunch(b *testing.B) {
	s, m := gputest.Open(b)
	g, err := NewGPU(m)
	gputest.Check(b, err)
	dst := gputest.Alloc[float32](b, s, 4)
	for i := range b.N {
		gputest.Check(b, g.Fill(s, dst, model.Seed(i), 0, 0))
	}
	gputest.Check(b, s.Synchronize())
}
