package gpu

import (
	"fmt"
	"unsafe"
)

// Code is an error code of the CUDA driver (CUresult).
type Code int32

// The codes that this package or its callers react to.
const (
	success               Code = 0
	CodeOutOfMemory       Code = 2
	CodeNoDevice          Code = 100
	CodeDeviceUnavailable Code = 46
	codeNoBinary          Code = 209
	codeInvalidPTX        Code = 218
	codeNoPTXCompiler     Code = 221
	codeUnsupportedPTX    Code = 222
	codeInvalidImage      Code = 200
	CodeIllegalAddress    Code = 700
	CodeLaunchFailed      Code = 719
)

// deviceLost lists the codes after which a context answers nothing else any
// more, so that the process has to give the device up.
var deviceLost = map[Code]bool{
	214: true, 220: true, 700: true, 702: true, 709: true, 710: true,
	714: true, 715: true, 716: true, 717: true, 718: true, 719: true, 999: true,
}

// cannotRun lists the codes that say that a device has no use for an image.
var cannotRun = map[Code]bool{codeInvalidImage: true, codeNoBinary: true, codeInvalidPTX: true, codeNoPTXCompiler: true, codeUnsupportedPTX: true}

// advice is what to do about a code, where the driver's sentence leaves that
// open; what the codes mean is in the driver API reference (CUresult).
var advice = map[Code]string{
	34:  "libcuda.so.1 is the toolkit's stub: take its folder out of LD_LIBRARY_PATH, so that the driver's own is found",
	802: "on a machine with NVSwitch, start nvidia-fabricmanager",
	803: "the kernel module and libcuda.so.1 are of different drivers: reboot, or reload the module",
	804: "the toolkit's compatibility library does not serve this GPU: take cuda/compat out of LD_LIBRARY_PATH",
	805: "the MPS control daemon does not answer: start it, or unset CUDA_MPS_PIPE_DIRECTORY",
}

// Error is a driver call that failed.
type Error struct {
	Op     string // what was tried: "allocate", "launch"
	Thing  string // on what: a buffer's or kernel's name, a device
	Code   Code
	Name   string // CUDA_ERROR_…
	Detail string // the driver's sentence, and what to do where we know it
}

// Error returns operation, thing and cause in one line.
func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s: %s (%s, CUDA error %d)", e.Op, e.Thing, e.Detail, e.Name, e.Code)
}

// Reason says why there is no usable GPU.
type Reason string

// The reasons, as they appear in messages and JSON.
const (
	NotBuilt     Reason = "built without GPU support"
	NoLibrary    Reason = "no driver library"
	DriverTooOld Reason = "driver too old"
	NoDevice     Reason = "no device"
	Busy         Reason = "device busy"
	NoContext    Reason = "device does not open"
	OutOfMemory  Reason = "out of memory"
	Architecture Reason = "unsupported architecture"
)

// UnusableError says that a GPU was asked for and cannot be used.
type UnusableError struct {
	Reason Reason
	Detail string
	Code   Code // the driver's, 0 if it was not asked
}

// Error returns "no usable GPU: reason: detail".
func (e *UnusableError) Error() string {
	if e.Reason == NotBuilt {
		return "no usable GPU: " + e.Detail
	}
	return fmt.Sprintf("no usable GPU: %s: %s", e.Reason, e.Detail)
}

// unusable makes an UnusableError that ends with the driver's own words.
func (d *driver) unusable(reason Reason, code Code, detail string) error {
	name, text := d.describe(code)
	return &UnusableError{Reason: reason, Code: code, Detail: fmt.Sprintf("%s: %s (%s, CUDA error %d)", detail, text, name, code)}
}

// check turns a driver call's code into an error, or nil.
func (d *driver) check(op, thing string, code Code) error {
	if code == success {
		return nil
	}
	name, text := d.describe(code)
	return &Error{Op: op, Thing: thing, Code: code, Name: name, Detail: text}
}

// describe returns the name and sentence that the driver has for a code, and
// what to do where we know it.
func (d *driver) describe(code Code) (name, text string) {
	name, text = "unknown", "unknown error"
	var s *byte
	if d.GetErrorName(code, &s) == success && s != nil {
		name = goString(s)
	}
	if d.GetErrorString(code, &s) == success && s != nil {
		text = goString(s)
	}
	if hint, known := advice[code]; known {
		text += ": " + hint
	} else if deviceLost[code] {
		text += ": the GPU answers nothing more to this program; nvidia-smi and the kernel's log (Xid) say whether it is well"
	}
	return name, text
}

// goString copies a C string.
func goString(s *byte) string {
	n := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(s), n)) != 0 {
		n++
	}
	return string(unsafe.Slice(s, n))
}

// cString returns the text before the first zero byte.
func cString(buffer []byte) string {
	for i, b := range buffer {
		if b == 0 {
			return string(buffer[:i])
		}
	}
	return string(buffer)
}

// cudaVersion writes 13000 as 13.0.
func cudaVersion(v int32) string { return fmt.Sprintf("%d.%d", v/1000, v%1000/10) }
