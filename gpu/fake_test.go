package gpu

import (
	"fmt"
	"unsafe"
)

// fake is a driver and its one card in host memory, with every call in a list
// and any of them made to fail. Device addresses are host addresses.
type fake struct {
	driver
	calls   []string
	fail    map[string]Code // by name of the call
	count   int32
	version int32
	params  []uint64 // sizes of the parameters of every kernel
	memory  map[uint64][]byte
	current uintptr
	bus     []string // PCI bus ids by ordinal; none: all have the same
	names   []string
}

const fakeContext = 0xc0ffee

// call notes a call and returns the code it was told to fail with.
func (f *fake) call(name string) Code {
	f.calls = append(f.calls, name)
	return f.fail[name]
}

// inContext is call for functions that need the context.
func (f *fake) inContext(name string) Code {
	if f.current != fakeContext {
		return 201 // CUDA_ERROR_INVALID_CONTEXT
	}
	return f.call(name)
}

// text writes what a card is called: its own of the list, or what all have.
func (f *fake) text(dst *byte, n int32, list []string, device int32, otherwise string) {
	if i := int(device) - 100; i < len(list) {
		otherwise = list[i]
	}
	copy(unsafe.Slice(dst, n), otherwise+"\x00rest")
}

func newFake() *fake {
	f := &fake{fail: map[string]Code{}, count: 2, version: 13000, memory: map[uint64][]byte{}}
	f.driver = driver{
		Init:           func(uint32) Code { return f.call("Init") },
		GetVersion:     func(v *int32) Code { *v = f.version; return f.call("GetVersion") },
		GetErrorName:   func(c Code, s **byte) Code { *s = cText(fmt.Sprintf("CUDA_ERROR_%d", c)); return 0 },
		GetErrorString: func(c Code, s **byte) Code { *s = cText(fmt.Sprintf("failure %d", c)); return 0 },

		DeviceGetCount:    func(n *int32) Code { *n = f.count; return f.call("DeviceGetCount") },
		DeviceGet:         func(d *int32, ordinal int32) Code { *d = 100 + ordinal; return f.call("DeviceGet") },
		DeviceGetName:     func(s *byte, n, d int32) Code { f.text(s, n, f.names, d, "Fake 1"); return 0 },
		DeviceTotalMem:    func(n *uint64, _ int32) Code { *n = 8 << 30; return 0 },
		DeviceGetPCIBusID: func(s *byte, n, d int32) Code { f.text(s, n, f.bus, d, "0000:01:00.0"); return 0 },
		DeviceGetUUID:     func(u *[16]byte, _ int32) Code { u[0] = 0xab; return 0 },
		DeviceGetAttribute: func(v *int32, a Attribute, _ int32) Code {
			*v = map[Attribute]int32{CapabilityMajor: 9, CapabilityMinor: 0, Multiprocessors: 132, MaxSharedPerBlockOptin: 100 << 10}[a]
			return f.call("DeviceGetAttribute")
		},
		PrimaryCtxRetain:  func(c *uintptr, _ int32) Code { *c = fakeContext; return f.call("PrimaryCtxRetain") },
		PrimaryCtxRelease: func(int32) Code { return f.call("PrimaryCtxRelease") },
		CtxSetCurrent:     func(c uintptr) Code { f.current = c; return f.call("CtxSetCurrent") },
		CtxSynchronize:    func() Code { return f.inContext("CtxSynchronize") },
	}
	f.addMemory()
	f.addWork()
	return f
}

func (f *fake) addMemory() {
	f.MemGetInfo = func(free, total *uint64) Code { *free, *total = 3<<30, 8<<30; return f.inContext("MemGetInfo") }
	f.MemAlloc = func(p *uint64, n uint64) Code {
		if code := f.inContext("MemAlloc"); code != success {
			return code
		}
		b := make([]byte, n)
		*p = uint64(uintptr(unsafe.Pointer(&b[0])))
		f.memory[*p] = b
		return success
	}
	f.MemFree = func(p uint64) Code { delete(f.memory, p); return f.inContext("MemFree") }
	f.MemHostAlloc = func(p *unsafe.Pointer, n uint64, _ uint32) Code {
		b := make([]byte, n)
		*p = unsafe.Pointer(&b[0])
		return f.inContext("MemHostAlloc")
	}
	f.MemFreeHost = func(unsafe.Pointer) Code { return f.inContext("MemFreeHost") }
	f.MemcpyHtoD = func(dst uint64, src unsafe.Pointer, n uint64, _ uintptr) Code {
		copy(f.at(dst), unsafe.Slice((*byte)(src), n))
		return f.inContext("MemcpyHtoD")
	}
	f.MemcpyDtoH = func(dst unsafe.Pointer, src, n uint64, _ uintptr) Code {
		copy(unsafe.Slice((*byte)(dst), n), f.at(src))
		return f.inContext("MemcpyDtoH")
	}
	f.MemcpyDtoD = func(dst, src, n uint64, _ uintptr) Code {
		copy(f.at(dst)[:n], f.at(src))
		return f.inContext("MemcpyDtoD")
	}
	f.MemsetD8 = func(dst uint64, v uint8, n uint64, _ uintptr) Code {
		for i := range f.at(dst)[:n] {
			f.at(dst)[i] = v
		}
		return f.inContext("MemsetD8")
	}
}

// at returns the fake device memory from an address on.
func (f *fake) at(address uint64) []byte {
	for start, b := range f.memory {
		if address >= start && address < start+uint64(len(b)) {
			return b[address-start:]
		}
	}
	panic("fake: not device memory")
}

func (f *fake) addWork() {
	handle := func(name string) func(*uintptr, uint32) Code {
		return func(h *uintptr, _ uint32) Code { *h = 7; return f.inContext(name) }
	}
	one := func(name string) func(uintptr) Code { return func(uintptr) Code { return f.inContext(name) } }
	two := func(name string) func(uintptr, uintptr) Code {
		return func(uintptr, uintptr) Code { return f.inContext(name) }
	}
	f.StreamCreate, f.EventCreate = handle("StreamCreate"), handle("EventCreate")
	f.StreamDestroy, f.StreamSynchronize = one("StreamDestroy"), one("StreamSynchronize")
	f.EventDestroy, f.EventSynchronize = one("EventDestroy"), one("EventSynchronize")
	f.EventRecord, f.GraphLaunch = two("EventRecord"), two("GraphLaunch")
	f.StreamWaitEvent = func(uintptr, uintptr, uint32) Code { return f.inContext("StreamWaitEvent") }
	f.EventElapsedTime = func(ms *float32, _, _ uintptr) Code { *ms = 1.5; return f.inContext("EventElapsedTime") }
	f.StreamBeginCapture = func(uintptr, int32) Code { return f.inContext("StreamBeginCapture") }
	f.StreamEndCapture = func(_ uintptr, g *uintptr) Code { *g = 8; return f.inContext("StreamEndCapture") }
	f.GraphInstantiate = func(e *uintptr, _ uintptr, _ uint64) Code { *e = 9; return f.inContext("GraphInstantiate") }
	f.GraphExecDestroy, f.GraphDestroy = one("GraphExecDestroy"), one("GraphDestroy")

	f.ModuleLoadData = func(m *uintptr, _ unsafe.Pointer) Code { *m = 5; return f.inContext("ModuleLoadData") }
	f.ModuleUnload = one("ModuleUnload")
	f.ModuleFunction = func(k *uintptr, _ uintptr, _ string) Code { *k = 6; return f.inContext("ModuleFunction") }
	f.FuncGetAttribute = func(v *int32, a int32, _ uintptr) Code {
		*v = map[int32]int32{attributeMaxThreads: 256, attributeRegisters: 40, attributeSharedBytes: 1024}[a]
		return f.inContext("FuncGetAttribute")
	}
	f.FuncSetAttribute = func(uintptr, int32, int32) Code { return f.inContext("FuncSetAttribute") }
	f.FuncGetParamInfo = func(_ uintptr, i uint64, _, size *uint64) Code {
		if i >= uint64(len(f.params)) {
			return 1
		}
		*size = f.params[i]
		return f.inContext("FuncGetParamInfo")
	}
	f.LaunchKernel = func(_ uintptr, _, _, _, _, _, _, _ uint32, _ uintptr, _, _ unsafe.Pointer) Code {
		return f.inContext("LaunchKernel")
	}
	f.Occupancy = func(n *int32, _ uintptr, _ int32, _ uint64) Code { *n = 3; return f.inContext("Occupancy") }
}

func cText(s string) *byte { return &append([]byte(s), 0)[0] }
