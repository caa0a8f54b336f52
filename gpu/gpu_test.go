package gpu

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

// opened returns a fake driver with a device and a stream on it.
func opened(t *testing.T) (*fake, *Device, *Stream) {
	t.Helper()
	f := newFake()
	d, err := f.open(1, func(string) string { return " (7.0 GiB of 8.0 GiB in use)" })
	if err != nil {
		t.Fatal(err)
	}
	s, err := d.NewStream()
	if err != nil {
		t.Fatal(err)
	}
	return f, d, s
}

func TestOpenDescribesTheDevice(t *testing.T) {
	_, d, _ := opened(t)
	if d.Name != "Fake 1" || d.Architecture() != "sm_90" || d.MemoryBytes != 8<<30 || d.BusID != "0000:01:00.0" ||
		d.Multiprocessors != 132 || d.CUDA != "13.0" || !strings.HasPrefix(d.UUID, "GPU-ab000000-0000-") || d.String() != "cuda:1" {
		t.Errorf("got %+v", d.Info)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// Every reason for "no usable GPU", with what a user needs to know in it.
func TestUnusableDevices(t *testing.T) {
	hide := func(devices string) { t.Setenv("CUDA_VISIBLE_DEVICES", devices) }
	cases := []struct {
		name    string
		ordinal int
		prepare func(*fake)
		reason  Reason
		words   []string
	}{
		{"too old", 0, func(f *fake) { f.version = 12040 }, DriverTooOld, []string{"CUDA 12.4", "needs 13.0", "driver 580"}},
		{"no card", 0, func(f *fake) { f.fail["Init"] = CodeNoDevice }, NoDevice, []string{"the driver sees no GPU (a container", "--gpus all", "CUDA_ERROR_100"}},
		{"all hidden", 0, func(f *fake) { f.fail["Init"] = CodeNoDevice; hide("") }, NoDevice, []string{"CUDA_VISIBLE_DEVICES is set and empty", "unset it"}},
		{"hidden by a wrong number", 0, func(f *fake) { f.fail["Init"] = CodeNoDevice; hide("7") }, NoDevice, []string{"CUDA_VISIBLE_DEVICES=7 chooses"}},
		{"one hidden", 2, func(*fake) { hide("1,0") }, NoDevice, []string{"cuda:2", "shows 2", "CUDA_VISIBLE_DEVICES=1,0 chooses and orders"}},
		{"broken driver", 0, func(f *fake) { f.fail["Init"] = 999 }, NoDevice, []string{"does not start", "CUDA error 999"}},
		{"no fabric manager", 0, func(f *fake) { f.fail["Init"] = 802 }, NoDevice, []string{"failure 802: on a machine with NVSwitch, start nvidia-fabricmanager (CUDA_ERROR_802"}},
		{"driver updated, not rebooted", 0, func(f *fake) { f.fail["Init"] = 803 }, NoDevice, []string{"reboot"}},
		{"toolkit's stub", 0, func(f *fake) { f.fail["GetVersion"] = 34 }, NoDevice, []string{"stub: take its folder out of LD_LIBRARY_PATH"}},
		{"no device visible", 0, func(f *fake) { f.count = 0 }, NoDevice, []string{"sees no GPU"}},
		{"no such ordinal", 2, func(*fake) {}, NoDevice, []string{"cuda:2", "shows 2"}},
		{"memory taken", 0, func(f *fake) { f.fail["PrimaryCtxRetain"] = CodeOutOfMemory }, OutOfMemory, []string{"7.0 GiB of 8.0 GiB"}},
		{"exclusive", 0, func(f *fake) { f.fail["PrimaryCtxRetain"] = CodeDeviceUnavailable }, Busy, []string{"another process"}},
		{"other refusal", 0, func(f *fake) { f.fail["PrimaryCtxRetain"] = 304 }, NoContext, []string{"cuda:0", "CUDA error 304"}},
	}
	for _, c := range cases {
		f := newFake()
		hide("")
		os.Unsetenv("CUDA_VISIBLE_DEVICES") // hide brings the caller's value back when the test ends
		c.prepare(f)
		err := f.start()
		if err == nil {
			_, err = f.open(c.ordinal, func(string) string { return ": 7.0 GiB of 8.0 GiB in use" })
		}
		var unusable *UnusableError
		if !errors.As(err, &unusable) || unusable.Reason != c.reason {
			t.Errorf("%s: got %v, want reason %q", c.name, err, c.reason)
			continue
		}
		for _, word := range c.words {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%s: %q lacks %q", c.name, err, word)
			}
		}
	}
}

func TestWrongArchitecture(t *testing.T) {
	for _, code := range []Code{codeInvalidImage, codeNoBinary, codeInvalidPTX, codeNoPTXCompiler, codeUnsupportedPTX} {
		f, d, _ := opened(t)
		f.fail["ModuleLoadData"] = code
		_, err := d.Load("kernels", []byte{1})
		var unusable *UnusableError
		if !errors.As(err, &unusable) || unusable.Reason != Architecture || !strings.Contains(err.Error(), "sm_90") {
			t.Errorf("code %d: got %v", code, err)
		}
	}
}

// Each call that fails gives an *Error with its code, and its operation.
func TestFailuresCarryTheirCode(t *testing.T) {
	type step struct {
		call string
		run  func(d *Device, s *Stream) error
	}
	buffer := func(d *Device) Buffer[float32] {
		b, err := Alloc[float32](d, "parents", 4)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	steps := []step{
		{"MemAlloc", func(d *Device, _ *Stream) error { _, err := Alloc[float32](d, "parents", 4); return err }},
		{"MemFree", func(d *Device, _ *Stream) error { return buffer(d).Free() }},
		{"MemHostAlloc", func(d *Device, _ *Stream) error { _, err := AllocPinned[int32](d, "seeds", 4); return err }},
		{"MemcpyHtoD", func(d *Device, s *Stream) error { return Write(s, buffer(d), make([]float32, 4)) }},
		{"MemcpyDtoH", func(d *Device, s *Stream) error { return Read(s, make([]float32, 4), buffer(d)) }},
		{"MemcpyDtoD", func(d *Device, s *Stream) error { return Copy(s, buffer(d), buffer(d)) }},
		{"MemsetD8", func(d *Device, s *Stream) error { return FillBytes(s, buffer(d), 0xff) }},
		{"StreamSynchronize", func(_ *Device, s *Stream) error { return s.Synchronize() }},
		{"StreamCreate", func(d *Device, _ *Stream) error { _, err := d.NewStream(); return err }},
		{"CtxSetCurrent", func(_ *Device, s *Stream) error { return s.Synchronize() }},
		{"CtxSynchronize", func(d *Device, _ *Stream) error { return d.Synchronize() }},
		{"ModuleLoadData", func(d *Device, _ *Stream) error { _, err := d.Load("kernels", []byte{1}); return err }},
		{"ModuleFunction", func(d *Device, _ *Stream) error { _, err := (&Module{dev: d}).Kernel("k"); return err }},
		{"FuncGetParamInfo", func(d *Device, _ *Stream) error { _, err := (&Module{dev: d}).Kernel("k"); return err }},
		{"LaunchKernel", func(d *Device, s *Stream) error {
			return (&Kernel{Name: "k", dev: d, MaxThreads: 1}).Launch(s, Shape{})
		}},
		{"EventCreate", func(d *Device, _ *Stream) error { _, err := d.NewEvent(); return err }},
		{"StreamBeginCapture", func(_ *Device, s *Stream) error { _, err := s.Capture(func() error { return nil }); return err }},
		{"StreamEndCapture", func(_ *Device, s *Stream) error { _, err := s.Capture(func() error { return nil }); return err }},
		{"GraphInstantiate", func(_ *Device, s *Stream) error { _, err := s.Capture(func() error { return nil }); return err }},
		{"GraphLaunch", func(d *Device, s *Stream) error { return (&Graph{dev: d}).Launch(s) }},
	}
	for _, step := range steps {
		f, d, s := opened(t)
		f.params = []uint64{8}
		f.fail[step.call] = CodeIllegalAddress
		err := step.run(d, s)
		var e *Error
		if !errors.As(err, &e) || e.Code != CodeIllegalAddress || e.Name != "CUDA_ERROR_700" || e.Op == "" || e.Thing == "" {
			t.Errorf("%s: got %v", step.call, err)
		}
		if !strings.Contains(err.Error(), "nothing more to this program") {
			t.Errorf("%s: it does not say that an illegal address loses the device: %v", step.call, err)
		}
	}
}

func TestOutOfMemoryTellsTheNumbers(t *testing.T) {
	f, d, _ := opened(t)
	f.fail["MemAlloc"] = CodeOutOfMemory
	_, err := Alloc[float32](d, "phenotypes", 1<<30)
	want := "allocate: phenotypes (4.0 GiB) on cuda:1: failure 2: 3.0 GiB of 8.0 GiB are free: end other programs on the GPU, or do with less (CUDA_ERROR_2, CUDA error 2)"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// Every driver call after opening finds the context current, whatever the
// thread had before: fake.inContext refuses otherwise.
func TestContextIsMadeCurrent(t *testing.T) {
	f, d, s := opened(t)
	for _, call := range []func() error{s.Synchronize, d.Synchronize, func() error { _, _, err := d.Memory(); return err }} {
		f.current = 0xbad
		if err := call(); err != nil {
			t.Error(err)
		}
	}
}

func TestCopiesAndTheirTraffic(t *testing.T) {
	_, d, s := opened(t)
	b, err := Alloc[uint32](d, "words", 6)
	if err != nil {
		t.Fatal(err)
	}
	pinned, err := AllocPinned[uint32](d, "words", 2)
	if err != nil {
		t.Fatal(err)
	}
	copy(pinned.Values(), []uint32{8, 9})
	got := make([]uint32, 6)
	for _, err := range []error{
		Write(s, b, []uint32{1, 2, 3, 4, 5, 6}),
		Upload(s, b.Slice(1, 3), pinned),
		Copy(s, b.Slice(4, 6), b.Slice(1, 3)),
		FillBytes(s, b.Slice(3, 4), 0xff),
		Read(s, got, b),
		Download(s, pinned.Slice(0, 1), b.Slice(5, 6)),
		Write(s, b.Slice(2, 2), nil),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if want := []uint32{1, 8, 9, 0xffffffff, 8, 9}; !slices.Equal(got, want) {
		t.Errorf("got %d, want %d", got, want)
	}
	if pinned.Values()[0] != 9 {
		t.Errorf("downloaded %d, want 9", pinned.Values()[0])
	}
	if got, want := d.Traffic(), (Traffic{24 + 8, 24 + 4}); got != want {
		t.Errorf("traffic %+v, want %+v", got, want)
	}
}

// A captured copy moves its bytes at each launch, not at the capture.
func TestTrafficOfGraphs(t *testing.T) {
	_, d, s := opened(t)
	b, _ := Alloc[uint32](d, "words", 6)
	pinned, _ := AllocPinned[uint32](d, "words", 6)
	g, err := s.Capture(func() error { return errors.Join(Upload(s, b, pinned), Download(s, pinned.Slice(0, 2), b.Slice(0, 2))) })
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Traffic(); got != (Traffic{}) {
		t.Errorf("traffic after capture %+v, want none", got)
	}
	for range 3 {
		if err := g.Launch(s); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := d.Traffic(), (Traffic{72, 24}); got != want {
		t.Errorf("traffic %+v, want %+v", got, want)
	}
}

// A failure while recording ends the capture and is the one reported.
func TestCaptureEndsAfterAFailure(t *testing.T) {
	f, _, s := opened(t)
	boom := errors.New("boom")
	if _, err := s.Capture(func() error { return boom }); !errors.Is(err, boom) {
		t.Errorf("got %v", err)
	}
	if !slices.Contains(f.calls, "StreamEndCapture") || !slices.Contains(f.calls, "GraphDestroy") || slices.Contains(f.calls, "GraphInstantiate") {
		t.Errorf("calls %v", f.calls)
	}
	if s.captured != nil {
		t.Error("the stream still counts for a graph")
	}
}

func TestLaunchChecksItsArguments(t *testing.T) {
	f, d, s := opened(t)
	type pair struct{ A, B uint32 }
	f.params = []uint64{8, 4, 8}
	m, err := d.Load("kernels", []byte{1})
	if err != nil {
		t.Fatal(err)
	}
	k, err := m.Kernel("k")
	if err != nil {
		t.Fatal(err)
	}
	var b Buffer[float32]
	good := []Arg{b.Arg(), Value(float32(1)), Value(pair{1, 2})}
	cases := []struct {
		shape Shape
		args  []Arg
		want  string
	}{
		{Shape{Block: Dim{X: 256}}, good, ""},
		{Shape{Block: Dim{X: 256}}, good[:2], "2 arguments for 3 parameters"},
		{Shape{Block: Dim{X: 256}}, []Arg{b.Arg(), Value(1.0), Value(pair{})}, "argument 1 has 8 bytes, the kernel declares 4"},
		{Shape{Block: Dim{X: 128, Y: 4}}, good, "512 threads a block, at most 256"},
		{Shape{Grid: Dim{Y: 70000}}, good, "grid of 1×70000×1"},
		{Shape{Shared: 100 << 10}, good, "103424 bytes of shared memory"},
		{Shape{Shared: 47 << 10}, good, ""}, // 48 KiB with the kernel's own: no opting in
		{Shape{Shared: 47<<10 + 1}, good, ""},
	}
	for _, c := range cases {
		f.calls = nil
		err := k.Launch(s, c.shape, c.args...)
		if c.want == "" && (err != nil || !slices.Contains(f.calls, "LaunchKernel")) {
			t.Errorf("%+v: %v, calls %v", c.shape, err, f.calls)
		}
		if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || slices.Contains(f.calls, "LaunchKernel")) {
			t.Errorf("got %v, want %q and no launch", err, c.want)
		}
		if slices.Contains(f.calls, "FuncSetAttribute") != (c.shape.Shared == 47<<10+1) {
			t.Errorf("%d bytes of shared memory beside the kernel's %d: calls %v", c.shape.Shared, k.Shared, f.calls)
		}
	}
}

// What could not be made is nil, and what was allocated for it is given back.
func TestNothingIsLeftOfAFailure(t *testing.T) {
	f, d, s := opened(t)
	for _, call := range []string{"StreamCreate", "EventCreate", "ModuleLoadData", "FuncGetParamInfo", "MemcpyHtoD", "StreamSynchronize"} {
		f.fail[call] = CodeIllegalAddress
	}
	f.params = []uint64{8}
	if s, err := d.NewStream(); s != nil || err == nil {
		t.Errorf("stream %v, %v", s, err)
	}
	if e, err := d.NewEvent(); e != nil || err == nil {
		t.Errorf("event %v, %v", e, err)
	}
	if m, err := d.Load("kernels", []byte{1}); m != nil || err == nil {
		t.Errorf("module %v, %v", m, err)
	}
	if k, err := (&Module{dev: d}).Kernel("k"); k != nil || err == nil {
		t.Errorf("kernel %v, %v", k, err)
	}
	for _, call := range []string{"MemcpyHtoD", "StreamSynchronize"} {
		if b, err := Place(s, "table", []int32{1, 2}); b.Len() != 0 || err == nil || len(f.memory) != 0 {
			t.Errorf("%s: placed %v, %v, %d buffers are left", call, b, err, len(f.memory))
		}
		delete(f.fail, call)
	}
	b, err := Place(s, "table", []int32{1, 2})
	if got := make([]int32, 2); err != nil || Read(s, got, b) != nil || !slices.Equal(got, []int32{1, 2}) {
		t.Errorf("placed %v, %v", got, err)
	}
}

func TestSizesOfSharedStructures(t *testing.T) {
	if got := unsafe.Sizeof(nvmlProcess{}); got != 24 {
		t.Errorf("nvmlProcess has %d bytes, C's has 24", got)
	}
}

func TestEveryDriverFunctionHasASymbol(t *testing.T) {
	var d driver
	if got, want := len(d.symbols()), int(unsafe.Sizeof(d)/unsafe.Sizeof(d.Init)); got != want {
		t.Errorf("%d symbols for %d functions", got, want)
	}
	var m management
	if got, want := len(m.symbols()), int(unsafe.Sizeof(m)/unsafe.Sizeof(m.Init)); got != want {
		t.Errorf("%d NVML symbols for %d functions", got, want)
	}
}
