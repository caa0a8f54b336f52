//go:build linux && (amd64 || arm64) && !nogpu

package gpu

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"unsafe"

	"github.com/ebitengine/purego"
)

// folders where containers, WSL and toolkits put the driver's libraries when
// the loader's own search path does not have them.
var folders = []string{
	"", // the loader's search: LD_LIBRARY_PATH, the cache, the system's folders
	"/usr/lib/wsl/lib",
	"/usr/lib/x86_64-linux-gnu",
	"/usr/lib/aarch64-linux-gnu",
	"/usr/lib64",
	"/usr/local/nvidia/lib64",
	"/usr/local/nvidia/lib",
	"/usr/local/cuda/compat",
	"/run/opengl-driver/lib",
}

// openLibrary finds a shared library and binds its functions.
func openLibrary(what, file string, symbols []symbol) error {
	handle, err := find(file, folders)
	if err != nil {
		return &UnusableError{Reason: NoLibrary, Detail: fmt.Sprintf("the %s %s was not found (%v): install the NVIDIA driver, or give the container access to it", what, file, err)}
	}
	for _, s := range symbols {
		address, err := purego.Dlsym(handle, s.name)
		if err == nil {
			bind(s.function, address)
		} else if s.need == required {
			return &UnusableError{Reason: DriverTooOld, Detail: fmt.Sprintf("%s has no function %s: update the driver", file, s.name)}
		}
	}
	return nil
}

// bind makes the Go function call the C function. The signatures of the calls
// that are made for every launch are written out: reflection, which serves the
// rest, costs a microsecond or two (measured: 1.9 µs against 0.3 µs).
func bind(function any, address uintptr) {
	switch f := function.(type) {
	case *func(uintptr) Code:
		*f = func(a uintptr) Code {
			r, _, _ := purego.SyscallN(address, a)
			return Code(r)
		}
	case *func(a, b uintptr) Code:
		*f = func(a, b uintptr) Code {
			r, _, _ := purego.SyscallN(address, a, b)
			return Code(r)
		}
	case *launchFunction:
		*f = func(function uintptr, gridX, gridY, gridZ, blockX, blockY, blockZ, shared uint32, stream uintptr, params, extra unsafe.Pointer) Code {
			r, _, _ := purego.SyscallN(address, function, uintptr(gridX), uintptr(gridY), uintptr(gridZ),
				uintptr(blockX), uintptr(blockY), uintptr(blockZ), uintptr(shared), stream, uintptr(params), uintptr(extra))
			return Code(r)
		}
	default:
		purego.RegisterFunc(function, address)
	}
}

// find opens the library in the first folder that has it. The error is the
// loader's own word for its search path, or for a file that is there but broken.
// NOTE: the loader keeps that word per OS thread and is asked for it in a call
// of its own, so the goroutine must not move in between.
func find(file string, folders []string) (handle uintptr, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for _, folder := range folders {
		h, e := purego.Dlopen(filepath.Join(folder, file), purego.RTLD_NOW|purego.RTLD_LOCAL)
		if e == nil {
			return h, nil
		}
		if err == nil || !strings.Contains(e.Error(), "No such file") {
			err = e
		}
	}
	return 0, err
}
