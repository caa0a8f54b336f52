package gpu

import (
	"encoding/json"
	"strings"
	"testing"
	"unsafe"
)

// fakeManagement is an NVML with one card; fail makes one of its calls fail.
func fakeManagement(fail map[string]nvmlCode, processes int) *management {
	set := func(name string, p *uint32, v uint32) nvmlCode { *p = v; return fail[name] }
	return &management{
		ErrorString:   func(nvmlCode) *byte { return cText("GPU is lost") },
		HandleByBusID: func(_ *byte, h *uintptr) nvmlCode { *h = 1; return fail["handle"] },
		Index:         func(_ uintptr, p *uint32) nvmlCode { return set("index", p, 0) },
		Memory: func(_ uintptr, m *nvmlMemory) nvmlCode {
			*m = nvmlMemory{8 << 30, 1 << 30, 7 << 30}
			return fail["memory"]
		},
		Temperature: func(_ uintptr, _ int32, p *uint32) nvmlCode { return set("temperature", p, 41) },
		Power:       func(_ uintptr, p *uint32) nvmlCode { return set("power", p, 250500) },
		Utilisation: func(_ uintptr, p *[2]uint32) nvmlCode { *p = [2]uint32{97, 12}; return fail["utilisation"] },
		Clock:       func(_ uintptr, c int32, p *uint32) nvmlCode { return set("clock", p, 1000*uint32(c)) },
		Processes: func(_ uintptr, n *uint32, list *nvmlProcess) nvmlCode {
			if int(*n) < processes {
				return nvmlTooSmall
			}
			for i := range unsafe.Slice(list, processes) {
				unsafe.Slice(list, processes)[i] = nvmlProcess{PID: uint32(i + 1), Used: 1 << 20}
			}
			*n = uint32(processes)
			return fail["processes"]
		},
	}
}

func read(t *testing.T, m *management) (Reading, error) {
	t.Helper()
	monitor, err := m.monitor("0000:01:00.0")
	if err != nil {
		t.Fatal(err)
	}
	return monitor.Read()
}

func TestReading(t *testing.T) {
	r, err := read(t, fakeManagement(nil, 40))
	if err != nil {
		t.Fatal(err)
	}
	if *r.MemoryUsedBytes != 7<<30 || *r.TemperatureC != 41 || *r.PowerWatts != 250.5 || *r.UtilisationPct != 97 ||
		*r.SMClockMHz != 1000 || *r.MemoryClockMHz != 2000 || len(r.Processes) != 40 || r.Processes[39].PID != 40 {
		t.Errorf("got %+v", r)
	}
}

func TestMissingSensorsAreNull(t *testing.T) {
	r, err := read(t, fakeManagement(map[string]nvmlCode{"power": nvmlNotSupported, "processes": nvmlNoPermission}, 0))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(r)
	if err != nil || !strings.Contains(string(text), `"power_watts":null`) || !strings.Contains(string(text), `"temperature_celsius":41`) {
		t.Errorf("got %s, %v", text, err)
	}
}

func TestLostCardIsAnError(t *testing.T) {
	for _, call := range []string{"memory", "temperature", "power", "utilisation", "clock", "processes"} {
		if _, err := read(t, fakeManagement(map[string]nvmlCode{call: 15}, 0)); err == nil || !strings.Contains(err.Error(), "GPU is lost (NVML error 15)") {
			t.Errorf("%s: got %v", call, err)
		}
	}
}

func TestExplainMemory(t *testing.T) {
	monitor, _ := fakeManagement(nil, 3).monitor("x")
	if got, want := monitor.explain(), " (7.0 GiB of 8.0 GiB in use, 3 processes on it)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
