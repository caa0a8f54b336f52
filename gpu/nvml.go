package gpu

import (
	"errors"
	"fmt"
	"sync"
)

// management is the table of NVML functions that this package calls, as driver
// is for CUDA. Devices are opaque handles.
type management struct {
	Init        func() nvmlCode
	ErrorString func(code nvmlCode) *byte

	DriverVersion func(version *byte, size uint32) nvmlCode
	HandleByBusID func(id *byte, handle *uintptr) nvmlCode
	Index         func(handle uintptr, index *uint32) nvmlCode
	Memory        func(handle uintptr, memory *nvmlMemory) nvmlCode
	Temperature   func(handle uintptr, sensor int32, celsius *uint32) nvmlCode
	Power         func(handle uintptr, milliwatts *uint32) nvmlCode
	Utilisation   func(handle uintptr, percent *[2]uint32) nvmlCode
	Clock         func(handle uintptr, clock int32, megahertz *uint32) nvmlCode
	Processes     func(handle uintptr, count *uint32, processes *nvmlProcess) nvmlCode
}

type nvmlCode int32

const (
	nvmlNotSupported nvmlCode = 3
	nvmlNoPermission nvmlCode = 4
	nvmlTooSmall     nvmlCode = 7
)

// nvmlMemory is nvmlMemory_t.
type nvmlMemory struct{ Total, Free, Used uint64 }

// nvmlProcess is nvmlProcessInfo_t of nvmlDeviceGetComputeRunningProcesses_v3.
type nvmlProcess struct {
	PID                   uint32
	Used                  uint64
	Instance, ComputeInst uint32
}

func (m *management) symbols() []symbol {
	return []symbol{
		{"nvmlInit_v2", &m.Init, required},
		{"nvmlErrorString", &m.ErrorString, required},
		{"nvmlSystemGetDriverVersion", &m.DriverVersion, required},
		{"nvmlDeviceGetHandleByPciBusId_v2", &m.HandleByBusID, required},
		{"nvmlDeviceGetIndex", &m.Index, required},
		{"nvmlDeviceGetMemoryInfo", &m.Memory, required},
		{"nvmlDeviceGetTemperature", &m.Temperature, required},
		{"nvmlDeviceGetPowerUsage", &m.Power, required},
		{"nvmlDeviceGetUtilizationRates", &m.Utilisation, required},
		{"nvmlDeviceGetClockInfo", &m.Clock, required},
		{"nvmlDeviceGetComputeRunningProcesses_v3", &m.Processes, required},
	}
}

var loadedManagement = sync.OnceValues(func() (*management, error) {
	m := new(management)
	if err := openLibrary("NVIDIA management library", "libnvidia-ml.so.1", m.symbols()); err != nil {
		if u, ok := err.(*UnusableError); ok {
			err = errors.New(u.Detail) // a GPU is usable without its readings
		}
		return nil, err
	}
	return m, m.check("start", "NVML", m.Init())
})

// check turns NVML's code into an error, or nil.
func (m *management) check(op, thing string, code nvmlCode) error {
	if code == 0 {
		return nil
	}
	text := "unknown error"
	if s := m.ErrorString(code); s != nil {
		text = goString(s)
	}
	return fmt.Errorf("%s: %s: %s (NVML error %d)", op, thing, text, code)
}

// Reading is what a card reports about itself. A nil field is one that this
// card does not report.
type Reading struct {
	MemoryUsedBytes   *uint64   `json:"memory_used_bytes"`
	MemoryTotalBytes  *uint64   `json:"memory_total_bytes"`
	TemperatureC      *float64  `json:"temperature_celsius"`
	PowerWatts        *float64  `json:"power_watts"`
	UtilisationPct    *float64  `json:"utilisation_percent"`        // of the last sample period with a kernel running
	MemoryActivityPct *float64  `json:"memory_utilisation_percent"` // of the same period with device memory busy
	SMClockMHz        *float64  `json:"sm_clock_megahertz"`
	MemoryClockMHz    *float64  `json:"memory_clock_megahertz"`
	Processes         []Process `json:"processes"`
}

// Process is a program that holds a context on the card.
type Process struct {
	PID       uint32 `json:"pid"`
	UsedBytes uint64 `json:"used_bytes"` // ^0 if the system hides it
}

// DriverVersion returns the installed driver's own version: 580.159.03.
func DriverVersion() (string, error) {
	m, err := loadedManagement()
	if err != nil {
		return "", err
	}
	version := make([]byte, 96)
	err = m.check("read", "driver version", m.DriverVersion(&version[0], uint32(len(version))))
	return cString(version), err
}

// Monitor reads one card. It needs no context and may be used from any
// goroutine, next to the device's other work.
type Monitor struct {
	lib    *management
	handle uintptr
	busID  string
}

// OpenMonitor finds the card by its PCI bus id (Info.BusID), the one name on
// which CUDA and NVML agree.
func OpenMonitor(busID string) (*Monitor, error) {
	lib, err := loadedManagement()
	if err != nil {
		return nil, err
	}
	return lib.monitor(busID)
}

func (m *management) monitor(busID string) (*Monitor, error) {
	monitor := &Monitor{lib: m, busID: busID}
	id := append([]byte(busID), 0)
	return monitor, m.check("find card", busID, m.HandleByBusID(&id[0], &monitor.handle))
}

// Index returns the card's number in NVML and nvidia-smi, which is not CUDA's.
func (m *Monitor) Index() (int, error) {
	var index uint32
	err := m.lib.check("read number", m.busID, m.lib.Index(m.handle, &index))
	return int(index), err
}

// Read takes one reading. It fails if the card is gone, not if it lacks a sensor.
func (m *Monitor) Read() (Reading, error) {
	r, err := m.sensors()
	if err == nil {
		r.Processes, err = m.processes()
	}
	return r, err
}

// sensors is Read without the list of processes.
func (m *Monitor) sensors() (Reading, error) {
	var r Reading
	var memory nvmlMemory
	var celsius, milliwatts, smClock, memoryClock uint32
	var percent [2]uint32
	const temperatureOfGPU, clockOfSM, clockOfMemory = 0, 1, 2
	sensors := []struct {
		name string
		code nvmlCode
		keep func()
	}{
		{"memory", m.lib.Memory(m.handle, &memory), func() { r.MemoryUsedBytes, r.MemoryTotalBytes = &memory.Used, &memory.Total }},
		{"temperature", m.lib.Temperature(m.handle, temperatureOfGPU, &celsius), func() { r.TemperatureC = number(celsius, 1) }},
		{"power", m.lib.Power(m.handle, &milliwatts), func() { r.PowerWatts = number(milliwatts, 1000) }},
		{"utilisation", m.lib.Utilisation(m.handle, &percent), func() {
			r.UtilisationPct, r.MemoryActivityPct = number(percent[0], 1), number(percent[1], 1)
		}},
		{"SM clock", m.lib.Clock(m.handle, clockOfSM, &smClock), func() { r.SMClockMHz = number(smClock, 1) }},
		{"memory clock", m.lib.Clock(m.handle, clockOfMemory, &memoryClock), func() { r.MemoryClockMHz = number(memoryClock, 1) }},
	}
	for _, s := range sensors {
		switch s.code {
		case 0:
			s.keep()
		case nvmlNotSupported, nvmlNoPermission:
		default:
			return r, m.lib.check("read "+s.name, m.busID, s.code)
		}
	}
	return r, nil
}

// number converts a reading in units of 1/scale.
func number(value uint32, scale float64) *float64 {
	x := float64(value) / scale
	return &x
}

// processes lists the programs on the card; more may start while we ask.
func (m *Monitor) processes() ([]Process, error) {
	for room := uint32(16); ; room *= 2 {
		list := make([]nvmlProcess, room)
		count := room
		switch code := m.lib.Processes(m.handle, &count, &list[0]); code {
		case 0:
			processes := make([]Process, 0, count)
			for _, p := range list[:min(count, room)] {
				processes = append(processes, Process{p.PID, p.Used})
			}
			return processes, nil
		case nvmlTooSmall:
			if room >= 1<<16 {
				return nil, m.lib.check("list processes", m.busID, code)
			}
		case nvmlNotSupported, nvmlNoPermission:
			return nil, nil
		default:
			return nil, m.lib.check("list processes", m.busID, code)
		}
	}
}

// explainMemory says in numbers who holds a card's memory, if NVML knows.
func explainMemory(busID string) string {
	monitor, err := OpenMonitor(busID)
	if err != nil {
		return ""
	}
	return monitor.explain()
}

func (m *Monitor) explain() string {
	r, err := m.Read()
	if err != nil || r.MemoryUsedBytes == nil {
		return ""
	}
	return fmt.Sprintf(" (%s of %s in use, %d processes on it)", bytesText(*r.MemoryUsedBytes), bytesText(*r.MemoryTotalBytes), len(r.Processes))
}
