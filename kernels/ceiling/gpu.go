package ceiling

import (
	"errors"
	"slices"

	"github.com/evorank/evorank/gpu"
)

// What ceiling.cu does in a round.
const (
	threads  = 256
	chains   = 8
	unrolled = 16
	perRound = chains * unrolled // operations a thread, or of a warp for mma

	mmaFLOP = 2 * 16 * 8 * 16 // of an m16n8k16 product
)

// Rates are what a device reached, per second.
type Rates struct {
	Exponentials float64 `json:"exponentials_per_second"`      // ex2.approx, special-function units
	FMA          float64 `json:"float32_flop_per_second"`      // two operations a multiply-add
	Tensor       float64 `json:"tensor_flop_per_second"`       // mma.sync, 16-bit operands, float32 sums
	CopyBytes    float64 `json:"device_copy_bytes_per_second"` // read and written
}

// GPU are the kernels of ceiling.cu.
type GPU struct{ exp2, fma, mma *gpu.Kernel }

// NewGPU looks the kernels up in the image.
func NewGPU(m *gpu.Module) (*GPU, error) {
	var g GPU
	var errs [3]error
	g.exp2, errs[0] = m.Kernel("ceiling_exp2")
	g.fma, errs[1] = m.Kernel("ceiling_fma")
	g.mma, errs[2] = m.Kernel("ceiling_mma")
	return &g, errors.Join(errs[:]...)
}

// Measure takes the median of several runs of about a millisecond each, after
// one that warms up.
func (g *GPU) Measure(s *gpu.Stream) (Rates, error) {
	const rounds, copied = 1000, 1 << 30
	blocks := g.blocks(s.Device())
	out, err := gpu.Alloc[float32](s.Device(), "ceilings", blocks*threads)
	if err != nil {
		return Rates{}, err
	}
	from, err := gpu.Alloc[byte](s.Device(), "copied", copied)
	to, toErr := gpu.Alloc[byte](s.Device(), "copy", copied)
	err = errors.Join(err, toErr)
	if err == nil {
		err = gpu.FillBytes(s, from, 1) // initcheck: nothing is copied that nobody wrote
	}
	var r Rates
	rate := func(work float64, launch func() error) (perSecond float64) {
		seconds, timeErr := medianSeconds(s, launch)
		err = errors.Join(err, timeErr)
		return work / seconds
	}
	if err == nil {
		operations := float64(blocks*threads) * perRound * rounds
		r.Exponentials = rate(operations, func() error { return g.Exp2(s, out, rounds) })
		r.FMA = rate(2*operations, func() error { return g.FMA(s, out, rounds) })
		r.Tensor = rate(operations/32*mmaFLOP, func() error { return g.MMA(s, out, rounds, 1, 1) })
		r.CopyBytes = rate(2*copied, func() error { return gpu.Copy(s, to, from) })
	}
	return r, errors.Join(err, out.Free(), from.Free(), to.Free())
}

// blocks is how many of 256 threads fit the device at once: two thousand
// threads a multiprocessor.
func (g *GPU) blocks(d *gpu.Device) int { return 8 * d.Multiprocessors }

// Exp2 writes to out [blocks·256] what each thread's chains add up to.
func (g *GPU) Exp2(s *gpu.Stream, out gpu.Buffer[float32], rounds int) error {
	return g.exp2.Launch(s, shape(out), out.Arg(), gpu.Value(int32(rounds)))
}

// FMA is Exp2 for multiply-adds.
func (g *GPU) FMA(s *gpu.Stream, out gpu.Buffer[float32], rounds int) error {
	return g.fma.Launch(s, shape(out), out.Arg(), gpu.Value(int32(rounds)), gpu.Value(float32(0.5)))
}

// MMA is Exp2 for products of matrices whose elements are all a and all b, which
// bfloat16 holds exactly.
func (g *GPU) MMA(s *gpu.Stream, out gpu.Buffer[float32], rounds int, a, b float32) error {
	return g.mma.Launch(s, shape(out), out.Arg(), gpu.Value(int32(rounds)), gpu.Value(pair(a)), gpu.Value(pair(b)))
}

func shape(out gpu.Buffer[float32]) gpu.Shape {
	if out.Len()%threads != 0 {
		panic("ceiling: the output is no multiple of a block")
	}
	return gpu.Shape{Grid: gpu.Dim{X: out.Len() / threads}, Block: gpu.Dim{X: threads}}
}

// medianSeconds times a launch by device events.
func medianSeconds(s *gpu.Stream, launch func() error) (float64, error) {
	const repeats = 7
	if err := launch(); err != nil {
		return 0, err
	}
	start, err := s.Device().NewEvent()
	if err != nil {
		return 0, err
	}
	end, err := s.Device().NewEvent()
	seconds := make([]float64, repeats)
	for i := range seconds {
		if err == nil {
			seconds[i], err = timed(s, start, end, launch)
		}
	}
	err = errors.Join(err, start.Close())
	if end != nil {
		err = errors.Join(err, end.Close())
	}
	slices.Sort(seconds)
	return seconds[repeats/2], err
}

func timed(s *gpu.Stream, start, end *gpu.Event, launch func() error) (float64, error) {
	for _, step := range []func() error{func() error { return start.Record(s) }, launch, func() error { return end.Record(s) }, end.Synchronize} {
		if err := step(); err != nil {
			return 0, err
		}
	}
	took, err := end.Since(start)
	return took.Seconds(), err
}
