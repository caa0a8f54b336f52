package bench

import (
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/noise"
	"github.com/evorank/evorank/model"
)

// noiseSeed and noiseTensor are what is drawn.
const (
	noiseSeed   = model.Seed(0x0123456789abcdef)
	noiseTensor = 13
)

// Noise times drawing n normals on this processor, having compared the first
// with the definition.
func Noise(n, threads int, c Clock) (Measure, error) {
	const compared = 1 << 16
	m := Measure{Name: "noise", Device: "cpu (" + noise.Path() + ")", Threads: threads, Unit: "draws"}
	dst := make([]float32, n)
	draw := func() error {
		each := (n + threads - 1) / threads
		var wait sync.WaitGroup
		for from := 0; from < n; from += each {
			wait.Go(func() { noise.Fill(dst[from:min(from+each, n)], noiseSeed, noiseTensor, from) })
		}
		wait.Wait()
		return nil
	}
	_ = draw() // it returns nil
	for i := range min(n, compared) {
		if err := sameBits("noise", i, dst[i], noise.At(noiseSeed, noiseTensor, i)); err != nil {
			return m, err
		}
	}
	m.Checked = fmt.Sprintf("%d bit for bit with the definition", min(n, compared))
	seconds, err := c.median(draw)
	return m.rates(seconds, float64(n), 4*float64(n), 0), err
}

// NoiseOnGPU times drawing n normals on a GPU, having compared the first with
// this processor's.
func NoiseOnGPU(ordinal, n int, copyCeiling float64, c Clock) (m Measure, err error) {
	const compared = 1 << 24
	m = Measure{Name: "noise", Device: fmt.Sprintf("cuda:%d", ordinal), Unit: "draws"}
	err = onGPU(ordinal, func(s *gpu.Stream, module *gpu.Module) error {
		g, err := noise.NewGPU(module)
		if err != nil {
			return err
		}
		dst, err := gpu.Alloc[float32](s.Device(), "noise", n)
		if err != nil {
			return err
		}
		draw := func() error { return errors.Join(g.Fill(s, dst, noiseSeed, noiseTensor, 0), s.Synchronize()) }
		err = draw()
		if err == nil {
			err = compareNoise(s, dst.Slice(0, min(n, compared)))
		}
		if err == nil {
			m.Checked = fmt.Sprintf("%d bit for bit with this processor", min(n, compared))
			var seconds float64
			seconds, err = c.median(draw)
			m = m.rates(seconds, float64(n), 4*float64(n), copyCeiling)
		}
		return errors.Join(err, dst.Free())
	})
	return m, err
}

func compareNoise(s *gpu.Stream, drawn gpu.Buffer[float32]) error {
	got, want := make([]float32, drawn.Len()), make([]float32, drawn.Len())
	if err := gpu.Read(s, got, drawn); err != nil {
		return err
	}
	noise.Fill(want, noiseSeed, noiseTensor, 0)
	for i := range want {
		if err := sameBits("noise", i, got[i], want[i]); err != nil {
			return err
		}
	}
	return nil
}

// sameBits is an error if two numbers differ in any bit.
func sameBits(what string, i int, got, want float32) error {
	if math.Float32bits(got) == math.Float32bits(want) {
		return nil
	}
	return fmt.Errorf("%s: element %d is %v (%08x), the reference says %v (%08x): nothing is timed", what, i, got, math.Float32bits(got), want, math.Float32bits(want))
}
