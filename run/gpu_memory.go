package run

import (
	"strings"

	"github.com/evorank/evorank/gpu"
)

// gpuMemory tells what was taken of a GPU's memory since it was made. The zero
// value is a CPU, of which nothing is.
type gpuMemory struct {
	device *gpu.Device
	before uint64 // bytes free
}

// watchMemory begins with the first of the GPUs that a config names.
func watchMemory(d Device, name string) (gpuMemory, error) {
	if !d.CUDA {
		return gpuMemory{}, nil
	}
	ordinal := 0
	if s, err := gpu.ParseSelection(strings.TrimSpace(name)); err == nil && len(s.Ordinals) > 0 {
		ordinal = s.Ordinals[0]
	}
	device, err := gpu.Open(ordinal)
	if err != nil {
		return gpuMemory{}, as(BadDevice, err)
	}
	m := gpuMemory{device: device}
	m.before, _, err = device.Memory()
	return m, err
}

// taken returns the bytes taken and those that the GPU has.
func (m gpuMemory) taken() (bytes, total int64, err error) {
	if m.device == nil {
		return 0, 0, nil
	}
	free, all, err := m.device.Memory()
	return int64(m.before) - int64(free), int64(all), err
}

func (m gpuMemory) close() {
	if m.device != nil {
		_ = m.device.Close() // it was only asked
	}
}
