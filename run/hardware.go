package run

import (
	"time"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/run/metrics"
)

// hardware samples the GPUs of a run while it trains, beside it: a generation
// takes the latest reading and never waits for one. What it tells is measured,
// not computed: it is in the metrics only, and may be missing in any of them.
type hardware struct {
	sampler *gpu.Sampler
	ticker  *time.Ticker
}

// sampleEvery is NVML's own pace: it averages the utilisation over up to a second.
const sampleEvery = time.Second

// watchHardware begins to sample. It returns nil for the CPU, and, with a note
// to the user, without NVML.
func (r *Run) watchHardware() *hardware {
	if !r.device.CUDA {
		return nil
	}
	var busIDs []string // by which NVML finds them
	for _, each := range r.device.gpus {
		busIDs = append(busIDs, each.BusID)
	}
	ticker := time.NewTicker(sampleEvery)
	sampler, err := gpu.Watch(busIDs, ticker.C)
	if err != nil {
		ticker.Stop()
		r.options.warn("GPU readings: %v: the metrics go without them", err)
		return nil
	}
	return &hardware{sampler, ticker}
}

// tell enters the latest reading.
func (h *hardware) tell(p *Progress) {
	if h == nil {
		return
	}
	load := h.sampler.Load()
	p.GPUUtilisation, p.GPUMemoryUsed, p.GPUPower, p.GPUTemperature = load.UtilisationPct, load.MemoryUsedBytes, load.PowerWatts, load.TemperatureC
}

func (h *hardware) close() {
	if h != nil {
		h.sampler.Stop()
		h.ticker.Stop()
	}
}

// gpuScalars are TensorBoard's curves of what a GPU did; none on the CPU.
func (p Progress) gpuScalars() []metrics.Scalar {
	var list []metrics.Scalar
	add := func(tag string, value float64) {
		list = append(list, metrics.Scalar{Tag: tag, Value: float32(value)})
	}
	if p.HostToDeviceBytes+p.DeviceToHostBytes > 0 {
		add("traffic/host_to_device_bytes", float64(p.HostToDeviceBytes))
		add("traffic/device_to_host_bytes", float64(p.DeviceToHostBytes))
	}
	for _, r := range []struct {
		tag   string
		value *float64
	}{{"gpu/utilisation_percent", p.GPUUtilisation}, {"gpu/power_watts", p.GPUPower}, {"gpu/temperature_celsius", p.GPUTemperature}} {
		if r.value != nil {
			add(r.tag, *r.value)
		}
	}
	if p.GPUMemoryUsed != nil {
		add("gpu/memory_used_bytes", float64(*p.GPUMemoryUsed))
	}
	return list
}
