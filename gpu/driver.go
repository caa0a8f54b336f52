package gpu

import (
	"fmt"
	"os"
	"sync"
	"unsafe"
)

// driver is the table of CUDA driver functions that this package calls. The
// signatures are C's; a test puts its own functions here. See the CUDA driver
// API reference for each.
type driver struct {
	Init           func(flags uint32) Code
	GetVersion     func(version *int32) Code
	GetErrorName   func(code Code, name **byte) Code
	GetErrorString func(code Code, text **byte) Code

	DeviceGetCount     func(count *int32) Code
	DeviceGet          func(device *int32, ordinal int32) Code
	DeviceGetName      func(name *byte, size int32, device int32) Code
	DeviceGetAttribute func(value *int32, attribute Attribute, device int32) Code
	DeviceTotalMem     func(bytes *uint64, device int32) Code
	DeviceGetUUID      func(uuid *[16]byte, device int32) Code
	DeviceGetPCIBusID  func(id *byte, size int32, device int32) Code

	PrimaryCtxRetain  func(context *uintptr, device int32) Code
	PrimaryCtxRelease func(device int32) Code
	CtxSetCurrent     func(context uintptr) Code
	CtxSynchronize    func() Code

	MemGetInfo     func(free, total *uint64) Code
	MemAlloc       func(pointer *uint64, bytes uint64) Code
	MemFree        func(pointer uint64) Code
	MemHostAlloc   func(pointer *unsafe.Pointer, bytes uint64, flags uint32) Code
	MemFreeHost    func(pointer unsafe.Pointer) Code
	MemcpyHtoD     func(dst uint64, src unsafe.Pointer, bytes uint64, stream uintptr) Code
	MemcpyDtoH     func(dst unsafe.Pointer, src uint64, bytes uint64, stream uintptr) Code
	MemcpyDtoD     func(dst, src uint64, bytes uint64, stream uintptr) Code
	MemsetD8       func(dst uint64, value uint8, count uint64, stream uintptr) Code
	MemsetD32      func(dst uint64, value uint32, count uint64, stream uintptr) Code
	ModuleLoadData func(module *uintptr, image unsafe.Pointer) Code
	ModuleUnload   func(module uintptr) Code
	ModuleFunction func(function *uintptr, module uintptr, name string) Code

	FuncGetAttribute func(value *int32, attribute int32, function uintptr) Code
	FuncSetAttribute func(function uintptr, attribute, value int32) Code
	FuncGetParamInfo func(function uintptr, index uint64, offset, size *uint64) Code // nil before CUDA 12.4
	LaunchKernel     launchFunction
	Occupancy        func(blocks *int32, function uintptr, blockSize int32, shared uint64) Code

	StreamCreate       func(stream *uintptr, flags uint32) Code
	StreamDestroy      func(stream uintptr) Code
	StreamSynchronize  func(stream uintptr) Code
	StreamWaitEvent    func(stream, event uintptr, flags uint32) Code
	StreamBeginCapture func(stream uintptr, mode int32) Code
	StreamEndCapture   func(stream uintptr, graph *uintptr) Code
	EventCreate        func(event *uintptr, flags uint32) Code
	EventDestroy       func(event uintptr) Code
	EventRecord        func(event, stream uintptr) Code
	EventSynchronize   func(event uintptr) Code
	EventElapsedTime   func(milliseconds *float32, start, end uintptr) Code

	GraphInstantiate func(exec *uintptr, graph uintptr, flags uint64) Code
	GraphLaunch      func(exec, stream uintptr) Code
	GraphExecDestroy func(exec uintptr) Code
	GraphDestroy     func(graph uintptr) Code
}

// launchFunction is cuLaunchKernel.
type launchFunction func(function uintptr, gridX, gridY, gridZ, blockX, blockY, blockZ, shared uint32, stream uintptr, params, extra unsafe.Pointer) Code

// symbols names the library's function for each field of the table.
func (d *driver) symbols() []symbol {
	return []symbol{
		{"cuInit", &d.Init, required},
		{"cuDriverGetVersion", &d.GetVersion, required},
		{"cuGetErrorName", &d.GetErrorName, required},
		{"cuGetErrorString", &d.GetErrorString, required},
		{"cuDeviceGetCount", &d.DeviceGetCount, required},
		{"cuDeviceGet", &d.DeviceGet, required},
		{"cuDeviceGetName", &d.DeviceGetName, required},
		{"cuDeviceGetAttribute", &d.DeviceGetAttribute, required},
		{"cuDeviceTotalMem_v2", &d.DeviceTotalMem, required},
		{"cuDeviceGetUuid_v2", &d.DeviceGetUUID, optional},
		{"cuDeviceGetPCIBusId", &d.DeviceGetPCIBusID, required},
		{"cuDevicePrimaryCtxRetain", &d.PrimaryCtxRetain, required},
		{"cuDevicePrimaryCtxRelease_v2", &d.PrimaryCtxRelease, optional},
		{"cuCtxSetCurrent", &d.CtxSetCurrent, required},
		{"cuCtxSynchronize", &d.CtxSynchronize, required},
		{"cuMemGetInfo_v2", &d.MemGetInfo, required},
		{"cuMemAlloc_v2", &d.MemAlloc, required},
		{"cuMemFree_v2", &d.MemFree, required},
		{"cuMemHostAlloc", &d.MemHostAlloc, required},
		{"cuMemFreeHost", &d.MemFreeHost, required},
		{"cuMemcpyHtoDAsync_v2", &d.MemcpyHtoD, required},
		{"cuMemcpyDtoHAsync_v2", &d.MemcpyDtoH, required},
		{"cuMemcpyDtoDAsync_v2", &d.MemcpyDtoD, required},
		{"cuMemsetD8Async", &d.MemsetD8, required},
		{"cuMemsetD32Async", &d.MemsetD32, required},
		{"cuModuleLoadData", &d.ModuleLoadData, required},
		{"cuModuleUnload", &d.ModuleUnload, required},
		{"cuModuleGetFunction", &d.ModuleFunction, required},
		{"cuFuncGetAttribute", &d.FuncGetAttribute, required},
		{"cuFuncSetAttribute", &d.FuncSetAttribute, required},
		{"cuFuncGetParamInfo", &d.FuncGetParamInfo, optional},
		{"cuLaunchKernel", &d.LaunchKernel, required},
		{"cuOccupancyMaxActiveBlocksPerMultiprocessor", &d.Occupancy, required},
		{"cuStreamCreate", &d.StreamCreate, required},
		{"cuStreamDestroy_v2", &d.StreamDestroy, required},
		{"cuStreamSynchronize", &d.StreamSynchronize, required},
		{"cuStreamWaitEvent", &d.StreamWaitEvent, required},
		{"cuStreamBeginCapture_v2", &d.StreamBeginCapture, optional},
		{"cuStreamEndCapture", &d.StreamEndCapture, optional},
		{"cuEventCreate", &d.EventCreate, required},
		{"cuEventDestroy_v2", &d.EventDestroy, required},
		{"cuEventRecord", &d.EventRecord, required},
		{"cuEventSynchronize", &d.EventSynchronize, required},
		{"cuEventElapsedTime", &d.EventElapsedTime, required},
		{"cuGraphInstantiateWithFlags", &d.GraphInstantiate, optional},
		{"cuGraphLaunch", &d.GraphLaunch, optional},
		{"cuGraphExecDestroy", &d.GraphExecDestroy, optional},
		{"cuGraphDestroy", &d.GraphDestroy, optional},
	}
}

// symbol is one function of a library and the variable that receives it.
// Optional ones are missing in drivers that are too old anyway; the version
// check then says so, rather than a missing name.
type symbol struct {
	name     string
	function any
	need     need
}

type need bool

const (
	required need = true
	optional need = false
)

// MinimumCUDA is the oldest CUDA version of a driver that runs the kernel
// image: machine code of a CUDA major version needs a driver of that version.
const MinimumCUDA = 13000

// loaded opens the driver library once. A failure is remembered: a library
// does not appear while a program runs.
var loaded = sync.OnceValues(func() (*driver, error) {
	d := new(driver)
	if err := openLibrary("CUDA driver library", "libcuda.so.1", d.symbols()); err != nil {
		return nil, err
	}
	return d, d.start()
})

// start initialises the driver and checks its version.
func (d *driver) start() error {
	var version int32
	if code := d.GetVersion(&version); code != success {
		return d.unusable(NoDevice, code, "the driver does not tell its version")
	}
	if version < MinimumCUDA {
		return &UnusableError{Reason: DriverTooOld, Detail: "the NVIDIA driver" + installed() + " supports CUDA " + cudaVersion(version) +
			", this build needs " + cudaVersion(MinimumCUDA) + " (driver 580 or newer): update the driver"}
	}
	switch code := d.Init(0); code {
	case success:
		return nil
	case CodeNoDevice:
		return d.unusable(NoDevice, code, "the driver sees no GPU"+visibility())
	default:
		return d.unusable(NoDevice, code, "the driver does not start")
	}
}

// visibility says what to look at first when a GPU is missing: the variable
// that decides which ones the driver shows, if it is set, or the container.
func visibility() string {
	switch value, set := os.LookupEnv("CUDA_VISIBLE_DEVICES"); {
	case !set:
		return " (a container must be given them, as by docker run --gpus all)"
	case value == "":
		return " (CUDA_VISIBLE_DEVICES is set and empty, which hides every GPU: unset it)"
	default:
		return fmt.Sprintf(" (CUDA_VISIBLE_DEVICES=%s chooses and orders what it shows)", value)
	}
}

// installed is the installed driver's own version, if NVML knows.
func installed() string {
	version, err := DriverVersion()
	if err != nil {
		return ""
	}
	return " " + version
}
