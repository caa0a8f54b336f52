package gpu

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"
)

// Module is a kernel image loaded on a device.
type Module struct {
	dev    *Device
	handle uintptr
	name   string
	image  []byte // NOTE: kept, because a driver that loads lazily may read it later
}

// Load loads a fat binary, of which the driver takes the machine code for the
// device or compiles the PTX. The name is for error messages.
func (d *Device) Load(name string, image []byte) (*Module, error) {
	if len(image) == 0 {
		return nil, fmt.Errorf("load kernels: %s: the image is empty", name)
	}
	m := &Module{dev: d, name: name, image: image}
	err := d.do("load kernels", name, func() Code { return d.drv.ModuleLoadData(&m.handle, unsafe.Pointer(&image[0])) })
	var e *Error
	if errors.As(err, &e) && cannotRun[e.Code] {
		return nil, d.drv.unusable(Architecture, e.Code, fmt.Sprintf("%v (%s, %s) cannot run %s", d, d.Name, d.Architecture(), name))
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

// Close unloads the module; its kernels may not be used any more.
func (m *Module) Close() error {
	return m.dev.do("unload kernels", m.name, func() Code { return m.dev.drv.ModuleUnload(m.handle) })
}

// Kernel is a function of a module with what the driver knows about it.
type Kernel struct {
	Name       string
	Registers  int // per thread
	LocalBytes int // per thread: spills and stack
	Shared     int // static shared memory, bytes
	MaxThreads int // per block, given the registers

	dev      *Device
	function uintptr
	params   []int // sizes in bytes; nil if the driver cannot tell

	mu            sync.Mutex
	sharedAllowed int // dynamic shared memory that a launch may ask for as it is
}

// Function attributes (CUfunction_attribute).
const (
	attributeMaxThreads       = 0
	attributeSharedBytes      = 1
	attributeLocalBytes       = 3
	attributeRegisters        = 4
	attributeMaxDynamicShared = 8
)

// Kernel looks up a kernel by its name in the image.
func (m *Module) Kernel(name string) (*Kernel, error) {
	drv := m.dev.drv
	k := &Kernel{Name: name, dev: m.dev}
	read := func(value *int, attribute int32) func() Code {
		return func() Code {
			var v int32
			code := drv.FuncGetAttribute(&v, attribute, k.function)
			*value = int(v)
			return code
		}
	}
	err := m.dev.do("find kernel", name+" in "+m.name,
		func() Code { return drv.ModuleFunction(&k.function, m.handle, name) },
		read(&k.MaxThreads, attributeMaxThreads),
		read(&k.Shared, attributeSharedBytes),
		read(&k.LocalBytes, attributeLocalBytes),
		read(&k.Registers, attributeRegisters),
	)
	if err == nil {
		err = m.dev.do("read parameters", name, k.readParams)
	}
	if err != nil {
		return nil, err
	}
	k.sharedAllowed = 48<<10 - k.Shared // static and dynamic together, unless more is opted in to
	return k, nil
}

// readParams asks for parameter after parameter until there is none.
func (k *Kernel) readParams() Code {
	const invalidValue Code = 1
	if k.dev.drv.FuncGetParamInfo == nil {
		return success
	}
	k.params = []int{}
	for {
		var offset, size uint64
		switch code := k.dev.drv.FuncGetParamInfo(k.function, uint64(len(k.params)), &offset, &size); code {
		case success:
			k.params = append(k.params, int(size))
		case invalidValue:
			return success
		default:
			return code
		}
	}
}

// Occupancy returns how many blocks of that many threads and bytes of dynamic
// shared memory run on a multiprocessor at a time.
func (k *Kernel) Occupancy(threads, shared int) (int, error) {
	var blocks int32
	if err := k.allowShared(shared); err != nil {
		return 0, err
	}
	err := k.dev.do("read occupancy", k.Name, func() Code {
		return k.dev.drv.Occupancy(&blocks, k.function, int32(threads), uint64(shared))
	})
	return int(blocks), err
}

// allowShared opts in to more than 48 KiB of shared memory.
func (k *Kernel) allowShared(shared int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if shared <= k.sharedAllowed {
		return nil
	}
	if limit := k.dev.SharedPerBlock; shared+k.Shared > limit {
		return fmt.Errorf("launch: %s: %d bytes of shared memory a block, %v allows %d", k.Name, shared+k.Shared, k.dev, limit)
	}
	err := k.dev.do("allow shared memory", k.Name, func() Code {
		return k.dev.drv.FuncSetAttribute(k.function, attributeMaxDynamicShared, int32(shared))
	})
	if err == nil {
		k.sharedAllowed = shared
	}
	return err
}
