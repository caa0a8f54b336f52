package bench

import (
	"errors"
	"fmt"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/noise"
)

// Transfer sizes in bytes: a word, what a generation of 512 sends, and enough
// for the link's own speed.
var transferSizes = []int{4, 8 << 10, 256 << 20}

// Transfer times copies within this processor's memory, having looked at what
// arrived.
func Transfer(c Clock) ([]Measure, error) {
	var out []Measure
	for _, size := range transferSizes {
		from, to := pattern(size), make([]byte, size)
		seconds, err := c.median(func() error { copy(to, from); return nil })
		if err == nil {
			err = samePattern(to)
		}
		if err != nil {
			return nil, err
		}
		m := Measure{Name: "copy in memory, " + bytesText(size), Device: "cpu", Checked: "what arrived"}
		out = append(out, m.rates(seconds, 0, float64(size), 0))
	}
	return out, nil
}

// TransferOnGPU times copies to and from a GPU, each from the call to its
// completion, and a launch that does next to nothing.
func TransferOnGPU(ordinal int, c Clock) (out []Measure, err error) {
	err = onGPU(ordinal, func(s *gpu.Stream, m *gpu.Module) error {
		for _, size := range transferSizes {
			measures, err := upAndDown(s, size, c)
			if err != nil {
				return err
			}
			out = append(out, measures...)
		}
		launch, err := emptyLaunch(s, m, c)
		out = append(out, launch)
		return err
	})
	return out, err
}

// upAndDown sends a pattern through pinned memory and brings it back.
func upAndDown(s *gpu.Stream, size int, c Clock) (out []Measure, err error) {
	d := s.Device()
	sent, sentErr := gpu.AllocPinned[byte](d, "sent", size)
	back, backErr := gpu.AllocPinned[byte](d, "brought back", size)
	onDevice, deviceErr := gpu.Alloc[byte](d, "copied", size)
	defer func() { err = errors.Join(err, sent.Free(), back.Free(), onDevice.Free()) }()
	if err := errors.Join(sentErr, backErr, deviceErr); err != nil {
		return nil, err
	}
	copy(sent.Values(), pattern(size))
	for _, way := range []struct {
		name string
		do   func() error
	}{
		{"host to device, ", func() error { return errors.Join(gpu.Upload(s, onDevice, sent), s.Synchronize()) }},
		{"device to host, ", func() error { return errors.Join(gpu.Download(s, back, onDevice), s.Synchronize()) }},
	} {
		seconds, err := c.median(way.do)
		if err != nil {
			return nil, err
		}
		m := Measure{Name: way.name + bytesText(size), Device: d.String(), Checked: "what came back"}
		out = append(out, m.rates(seconds, 0, float64(size), 0))
	}
	return out, samePattern(back.Values())
}

// emptyLaunch times the smallest kernel there is, from the call to its
// completion.
func emptyLaunch(s *gpu.Stream, m *gpu.Module, c Clock) (Measure, error) {
	measure := Measure{Name: "launch and wait", Device: s.Device().String()}
	g, err := noise.NewGPU(m)
	if err != nil {
		return measure, err
	}
	dst, err := gpu.Alloc[float32](s.Device(), "four draws", 4)
	if err != nil {
		return measure, err
	}
	measure.Seconds, err = c.median(func() error { return errors.Join(g.Fill(s, dst, noiseSeed, noiseTensor, 0), s.Synchronize()) })
	return measure, errors.Join(err, dst.Free())
}

// pattern is bytes that do not repeat with any power of two.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i % 251)
	}
	return b
}

func samePattern(b []byte) error {
	for i, got := range b {
		if got != byte(i%251) {
			return fmt.Errorf("bench: transfer: byte %d of %d is %d, %d was sent", i, len(b), got, i%251)
		}
	}
	return nil
}

// bytesText writes a size with a binary unit.
func bytesText(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}
