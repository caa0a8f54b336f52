//go:build linux && (amd64 || arm64) && !nogpu

package gpu

import (
	"fmt"
	"path/filepath"
	"strings"

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
	handle, err := find(file)
	if err != nil {
		return &UnusableError{Reason: NoLibrary, Detail: fmt.Sprintf("the %s %s was not found (%v): install the NVIDIA driver, or give the container access to it", what, file, err)}
	}
	for _, s := range symbols {
		address, err := purego.Dlsym(handle, s.name)
		if err == nil {
			purego.RegisterFunc(s.function, address)
		} else if s.need == required {
			return &UnusableError{Reason: DriverTooOld, Detail: fmt.Sprintf("%s has no function %s: update the driver", file, s.name)}
		}
	}
	return nil
}

// find opens the library in the first folder that has it. The error is the
// loader's own word for its search path, or for a file that is there but broken.
func find(file string) (handle uintptr, err error) {
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
