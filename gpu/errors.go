package gpu

import (
	"errors"
	"fmt"
	"unsafe"
)

// Code is an error code of the CUDA driver (CUresult).
type Code int32

// The codes that this package or its callers react to.
const (
	success               Code = 0
	CodeOutOfMemory       Code = 2
	noDevice              Code = 100
	CodeDeviceUnavailable Code = 46
	codeNoBinary          Code = 209
	codeUnsupportedPTX    Code = 222
	codeInvalidImage      Code = 200
	CodeIllegalAddress    Code = 700
	CodeLaunchFailed      Code = 719
)

// deviceLost lists the codes after which a context answers nothing else any
// more, so that the process has to give the device up.
var deviceLost = map[Code]bool{
	46: true, 214: true, 220: true, 700: true, 702: true, 709: true, 710: true,
	713: true, 714: true, 715: true, 716: true, 717: true, 718: true, 719: true, 999: true,
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

// Lost reports whether an error means that the device can no longer be used by
// this process: a crashed kernel, a card that fell off the bus.
func Lost(err error) bool {
	var e *Error
	return errors.As(err, &e) && deviceLost[e.Code]
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

// describe returns the name and sentence that the driver has for a code.
func (d *driver) describe(code Code) (name, text string) {
	name, text = "unknown", "unknown error"
	var s *byte
	if d.GetErrorName(code, &s) == success && s != nil {
		name = goString(s)
	}
	if d.GetErrorString(code, &s) == success && s != nil {
		text = goString(s)
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
