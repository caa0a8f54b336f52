//go:build linux && (amd64 || arm64) && !nogpu

package gpu

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// someLibrary is the path of the C library that this process has loaded.
func someLibrary(t *testing.T) string {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	must(t, err)
	path := regexp.MustCompile(`/\S*libc[.-]\S*so\S*`).FindString(string(maps))
	if path == "" {
		t.Skip("1 check skipped: no C library is loaded")
	}
	return path
}

// TestLibraryIsFound: in the first folder that has it, past folders that do
// not exist or lack it; a file that is no library is named rather than one
// that is missing.
func TestLibraryIsFound(t *testing.T) {
	empty, good, broken := t.TempDir(), t.TempDir(), t.TempDir()
	const file = "libevorank-test.so.1"
	must(t, os.Symlink(someLibrary(t), filepath.Join(good, file)))
	must(t, os.WriteFile(filepath.Join(broken, file), []byte("no library"), 0o666))
	if _, err := find(file, []string{"", "/nowhere", empty, good}); err != nil {
		t.Errorf("in the last of four places: %v", err)
	}
	if _, err := find(file, []string{"", broken, good}); err != nil {
		t.Errorf("after a broken one: %v", err)
	}
	if _, err := find(file, []string{"", empty}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("nowhere: %v", err)
	}
	if _, err := find(file, []string{"", empty, broken, "/nowhere"}); err == nil || !strings.Contains(err.Error(), broken) {
		t.Errorf("broken: %v", err)
	}
}

// TestLibraryErrorIsNotLost: however many goroutines ask and move between
// threads, each is told why.
func TestLibraryErrorIsNotLost(t *testing.T) {
	var lost atomic.Int64
	var wait sync.WaitGroup
	for range 16 {
		wait.Go(func() {
			for range 500 {
				if _, err := find("libevorank-no-such.so.1", folders); err == nil || err.Error() == "" {
					lost.Add(1)
				}
			}
		})
	}
	wait.Wait()
	if n := lost.Load(); n > 0 {
		t.Errorf("%d of 8000 errors say nothing", n)
	}
}

// TestLibraryPlaces: the loader's own search comes first; WSL, containers and
// the toolkit's compatibility package have theirs.
func TestLibraryPlaces(t *testing.T) {
	if folders[0] != "" {
		t.Errorf("%q is searched before the loader's places", folders[0])
	}
	for _, place := range []string{"/usr/lib/wsl/lib", "/usr/local/nvidia/lib64", "/usr/local/cuda/compat"} {
		if !slices.Contains(folders, place) {
			t.Errorf("%s is not searched", place)
		}
	}
}

// TestLibraryWithoutAFunction: a function that is needed and missing means that
// the driver is too old, and is named; one that may be missing stays nil; the
// others can be called.
func TestLibraryWithoutAFunction(t *testing.T) {
	var pid func() int32
	var none func() Code
	path := someLibrary(t)
	must(t, openLibrary("C library", path, []symbol{{"getpid", &pid, required}, {"evorank_no_such_function", &none, optional}}))
	if pid() != int32(os.Getpid()) || none != nil {
		t.Errorf("process id %d, want %d", pid(), os.Getpid())
	}
	err := openLibrary("C library", path, []symbol{{"evorank_no_such_function", &none, required}})
	var unusable *UnusableError
	if !errors.As(err, &unusable) || unusable.Reason != DriverTooOld || !strings.Contains(err.Error(), "evorank_no_such_function") {
		t.Errorf("got %v", err)
	}
	err = openLibrary("CUDA driver library", "libevorank-no-such.so.1", nil)
	if !errors.As(err, &unusable) || unusable.Reason != NoLibrary || !strings.Contains(err.Error(), "libevorank-no-such.so.1") || !strings.Contains(err.Error(), "give the container access") {
		t.Errorf("got %v", err)
	}
}
