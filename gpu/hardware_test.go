package gpu

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

// hardware opens the first real GPU, or skips; EVORANK_GPU=require makes its
// absence a failure.
func hardware(t *testing.T) *Device {
	t.Helper()
	d, err := Open(0)
	if err != nil && os.Getenv("EVORANK_GPU") != "require" {
		t.Skip(err)
	}
	must(t, err)
	t.Cleanup(func() { must(t, d.Close()) })
	return d
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestHardwareInfoAndReadings(t *testing.T) {
	d := hardware(t)
	version, err := DriverVersion()
	must(t, err)
	t.Logf("driver %s: %+v", version, d.Info)
	if d.Name == "" || d.Major < 8 || d.Multiprocessors < 1 || d.MemoryBytes < 1<<30 || d.SharedPerBlock < 48<<10 || len(d.UUID) != 40 {
		t.Errorf("implausible: %+v", d.Info)
	}
	monitor, err := OpenMonitor(d.BusID)
	must(t, err)
	r, err := monitor.Read()
	must(t, err)
	t.Logf("in use%s, %v °C, %v W, SM %v MHz, processes %v", monitor.explain(), show(r.TemperatureC), show(r.PowerWatts), show(r.SMClockMHz), r.Processes)
	if r.MemoryUsedBytes == nil || *r.MemoryUsedBytes == 0 || *r.MemoryUsedBytes > *r.MemoryTotalBytes {
		t.Errorf("implausible memory: %+v", r)
	}
	if r.TemperatureC != nil && !(1 <= *r.TemperatureC && *r.TemperatureC <= 120) {
		t.Errorf("implausible temperature: %v", *r.TemperatureC)
	}
}

func show(x *float64) any {
	if x == nil {
		return "not reported"
	}
	return *x
}

func TestHardwareCopiesEventsAndGraphs(t *testing.T) {
	d := hardware(t)
	s, err := d.NewStream()
	must(t, err)
	defer s.Close()
	const n = 1 << 20
	b, err := Alloc[uint32](d, "words", n)
	must(t, err)
	defer b.Free()
	p, err := AllocPinned[uint32](d, "words", n)
	must(t, err)
	defer p.Free()
	start, err := d.NewEvent()
	must(t, err)
	end, err := d.NewEvent()
	must(t, err)
	g, err := s.Capture(func() error {
		return errors.Join(Upload(s, b.Slice(0, n/2), p.Slice(0, n/2)), Copy(s, b.Slice(n/2, n), b.Slice(0, n/2)), Download(s, p, b))
	})
	must(t, err)
	for i := range n / 2 {
		p.Values()[i] = uint32(i) * 2654435761
	}
	must(t, start.Record(s))
	must(t, g.Launch(s))
	must(t, end.Record(s))
	must(t, end.Synchronize())
	if !slices.Equal(p.Values()[:n/2], p.Values()[n/2:]) || p.Values()[n-1] != uint32((n/2-1)*2654435761&0xffffffff) {
		t.Error("the graph's copies did not run in order")
	}
	elapsed, err := end.Since(start)
	must(t, err)
	t.Logf("copies of 6 MiB took %v", elapsed)
	if got, want := d.Traffic(), (Traffic{2 * n, 4 * n}); got != want {
		t.Errorf("traffic %+v, want %+v", got, want)
	}
	must(t, FillWords(s, b, 7))
	got := make([]uint32, n)
	must(t, Read(s, got, b))
	if got[0] != 7 || got[n-1] != 7 {
		t.Errorf("filled words are %d and %d, want 7", got[0], got[n-1])
	}
	must(t, g.Close())
}

func TestHardwareRefusals(t *testing.T) {
	d := hardware(t)
	_, err := Alloc[byte](d, "everything", 1<<45)
	var e *Error
	if !errors.As(err, &e) || e.Code != CodeOutOfMemory || !strings.Contains(err.Error(), "are free") {
		t.Errorf("32 TiB: %v", err)
	}
	t.Log(err)
	if _, err := d.Load("nonsense", []byte("this is no fat binary, whatever its name may be")); err == nil {
		t.Error("nonsense was loaded")
	} else {
		t.Log(err)
	}
	if _, err := Open(99); err == nil || !strings.Contains(err.Error(), "cuda:99") {
		t.Errorf("cuda:99: %v", err)
	}
	if free, total, err := d.Memory(); err != nil || free == 0 || free > total {
		t.Errorf("after the refusals: %d of %d free, %v", free, total, err)
	}
}
