package run

import "github.com/evorank/evorank/gpu"

// gpuMemory tells what was taken of a GPU's memory since it was made. The zero
// value is a CPU, of which nothing is.
type gpuMemory struct {
	device *gpu.Device
	before uint64 // bytes free
}

// watchMemory begins with the first of the device's GPUs.
func watchMemory(d Device) (gpuMemory, error) {
	if !d.CUDA {
		return gpuMemory{}, nil
	}
	device, err := gpu.Open(d.gpus[0].Ordinal)
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
