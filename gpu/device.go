package gpu

import (
	"fmt"
	"runtime"
	"sync/atomic"
)

// Attribute is a number that the driver tells about a device (CUdevice_attribute).
type Attribute int32

// The attributes in Info, and the clock.
const (
	ClockRate              Attribute = 13 // kHz
	Multiprocessors        Attribute = 16
	L2Bytes                Attribute = 38
	CapabilityMajor        Attribute = 75
	CapabilityMinor        Attribute = 76
	MaxSharedPerBlockOptin Attribute = 97 // bytes
)

// Info describes a device; reading it makes no context.
type Info struct {
	Ordinal         int    `json:"ordinal"`
	Name            string `json:"name"`
	Major           int    `json:"major"` // compute capability
	Minor           int    `json:"minor"`
	Multiprocessors int    `json:"multiprocessors"`
	SharedPerBlock  int    `json:"shared_bytes_per_block"` // with opting in
	L2Bytes         int    `json:"l2_bytes"`
	MemoryBytes     uint64 `json:"memory_bytes"`
	BusID           string `json:"pci_bus_id"` // finds the same card in NVML, whatever the order of ordinals
	UUID            string `json:"uuid"`
	CUDA            string `json:"cuda"` // newest version that the driver supports
}

// Architecture returns the name that compilers use: sm_90.
func (i Info) Architecture() string { return fmt.Sprintf("sm_%d%d", i.Major, i.Minor) }

// Devices describes all devices that the driver shows to this process
// (CUDA_VISIBLE_DEVICES selects and orders them).
func Devices() ([]Info, error) {
	drv, err := loaded()
	if err != nil {
		return nil, err
	}
	return drv.devices()
}

func (d *driver) devices() ([]Info, error) {
	var n int32
	if code := d.DeviceGetCount(&n); code != success {
		return nil, d.unusable(NoDevice, code, "count devices")
	}
	infos := make([]Info, n)
	for i := range infos {
		var err error
		if infos[i], err = d.info(i); err != nil {
			return nil, err
		}
	}
	return infos, nil
}

// info describes one device.
func (d *driver) info(ordinal int) (Info, error) {
	info := Info{Ordinal: ordinal}
	var handle, version int32
	name, bus := make([]byte, 256), make([]byte, 64)
	var uuid [16]byte
	code := first(
		func() Code { return d.DeviceGet(&handle, int32(ordinal)) },
		func() Code { return d.DeviceGetName(&name[0], int32(len(name)), handle) },
		func() Code { return d.DeviceTotalMem(&info.MemoryBytes, handle) },
		func() Code { return d.DeviceGetPCIBusID(&bus[0], int32(len(bus)), handle) },
		func() Code { return d.DeviceGetUUID(&uuid, handle) },
		func() Code { return d.GetVersion(&version) },
		func() Code { return d.attribute(&info.Major, CapabilityMajor, handle) },
		func() Code { return d.attribute(&info.Minor, CapabilityMinor, handle) },
		func() Code { return d.attribute(&info.Multiprocessors, Multiprocessors, handle) },
		func() Code { return d.attribute(&info.SharedPerBlock, MaxSharedPerBlockOptin, handle) },
		func() Code { return d.attribute(&info.L2Bytes, L2Bytes, handle) },
	)
	info.Name, info.BusID, info.CUDA = cString(name), cString(bus), cudaVersion(version)
	info.UUID = fmt.Sprintf("GPU-%x-%x-%x-%x-%x", uuid[:4], uuid[4:6], uuid[6:8], uuid[8:10], uuid[10:])
	return info, d.check("describe device", fmt.Sprintf("cuda:%d", ordinal), code)
}

func (d *driver) attribute(value *int, a Attribute, handle int32) Code {
	var v int32
	code := d.DeviceGetAttribute(&v, a, handle)
	*value = int(v)
	return code
}

// first makes calls until one fails, and returns its code.
func first(calls ...func() Code) Code {
	for _, call := range calls {
		if code := call(); code != success {
			return code
		}
	}
	return success
}

// Device is an open device: its primary context is held until Close.
type Device struct {
	Info
	drv     *driver
	handle  int32
	context uintptr
	traffic traffic
}

// Open opens a device. The error is an *UnusableError with the reason, or an
// *Error if the driver cannot describe its devices.
func Open(ordinal int) (*Device, error) {
	drv, err := loaded()
	if err != nil {
		return nil, err
	}
	return drv.open(ordinal, explainMemory)
}

// open is Open on a given driver; explain adds numbers to "out of memory".
func (d *driver) open(ordinal int, explain func(busID string) string) (*Device, error) {
	infos, err := d.devices()
	if err != nil {
		return nil, err
	}
	if len(infos) == 0 {
		return nil, &UnusableError{Reason: NoDevice, Detail: "the driver sees no GPU" + visibility()}
	}
	if ordinal < 0 || ordinal >= len(infos) {
		return nil, &UnusableError{Reason: NoDevice, Detail: fmt.Sprintf("cuda:%d was asked for and the driver shows %d (cuda:0 to cuda:%d)%s", ordinal, len(infos), len(infos)-1, visibility())}
	}
	dev := &Device{Info: infos[ordinal], drv: d}
	code := first(
		func() Code { return d.DeviceGet(&dev.handle, int32(ordinal)) },
		func() Code { return d.PrimaryCtxRetain(&dev.context, dev.handle) },
	)
	switch code {
	case success:
		return dev, nil
	case CodeOutOfMemory:
		return nil, d.unusable(OutOfMemory, code, fmt.Sprintf("cuda:%d has no room for a context%s: end other programs on it or choose another GPU", ordinal, explain(dev.BusID)))
	case CodeDeviceUnavailable:
		return nil, d.unusable(Busy, code, fmt.Sprintf("cuda:%d is taken by another process or closed to this one%s", ordinal, explain(dev.BusID)))
	}
	return nil, d.unusable(NoContext, code, fmt.Sprintf("cuda:%d", ordinal))
}

// Close gives the device back. Everything made on it is gone with it.
func (d *Device) Close() error {
	return d.drv.check("close device", d.String(), d.drv.PrimaryCtxRelease(d.handle))
}

// String returns the device's name as flags take it: cuda:0.
func (d *Device) String() string { return fmt.Sprintf("cuda:%d", d.Ordinal) }

// do is the only way to functions that need a context: it pins the goroutine
// to its OS thread and makes the device's context current there first.
func (d *Device) do(op, thing string, calls ...func() Code) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	code := d.drv.CtxSetCurrent(d.context)
	if code == success {
		code = first(calls...)
	}
	return d.drv.check(op, thing, code)
}

// Attribute reads an attribute that Info does not have.
func (d *Device) Attribute(a Attribute) (int, error) {
	var value int
	code := d.drv.attribute(&value, a, d.handle)
	return value, d.drv.check("read attribute", fmt.Sprintf("%v, attribute %d", d, a), code)
}

// Memory returns the free and total bytes of the device.
func (d *Device) Memory() (free, total uint64, err error) {
	err = d.do("read memory", d.String(), func() Code { return d.drv.MemGetInfo(&free, &total) })
	return free, total, err
}

// Synchronize waits for everything on the device.
func (d *Device) Synchronize() error {
	return d.do("wait", d.String(), d.drv.CtxSynchronize)
}

// Traffic counts the bytes copied between host and device.
type Traffic struct {
	HostToDevice, DeviceToHost uint64
}

// Minus returns the bytes copied since an earlier reading.
func (t Traffic) Minus(earlier Traffic) Traffic {
	return Traffic{t.HostToDevice - earlier.HostToDevice, t.DeviceToHost - earlier.DeviceToHost}
}

type traffic struct{ up, down atomic.Uint64 }

// Traffic returns the bytes copied through this handle since Open, graph
// launches included. Kernel arguments and the image are not in it.
func (d *Device) Traffic() Traffic {
	return Traffic{d.traffic.up.Load(), d.traffic.down.Load()}
}
