package gpu

import (
	"errors"
	"strings"
	"testing"
)

// crowded makes a fake card of which only so many bytes are free.
func crowded(t *testing.T, bytes uint64) *Device {
	t.Helper()
	f, d, _ := opened(t)
	alloc, used := f.MemAlloc, uint64(0)
	f.MemAlloc = func(p *uint64, n uint64) Code {
		if used+n > bytes {
			return CodeOutOfMemory
		}
		used += n
		return alloc(p, n)
	}
	return d
}

// TestWithinMemory: work planned for memory that another program takes in the
// meantime is done in smaller pieces.
func TestWithinMemory(t *testing.T) {
	d := crowded(t, 1000)
	var budgets []uint64
	err := WithinMemory(6000, func(budget uint64) error {
		budgets = append(budgets, budget)
		_, err := Alloc[byte](d, "work", int(budget))
		return err
	})
	if err != nil || len(budgets) != 4 || budgets[3] != 750 {
		t.Errorf("%v, tried %v", err, budgets)
	}
	tooSmall := errors.New("an individual needs 2000 bytes")
	err = WithinMemory(6000, func(budget uint64) error {
		if budget < 2000 {
			return tooSmall
		}
		_, err := Alloc[byte](d, "work", int(budget))
		return err
	})
	if err != tooSmall {
		t.Errorf("no room at all: %v", err)
	}
	calls := 0
	if err := WithinMemory(6000, func(uint64) error { calls++; return tooSmall }); err != tooSmall || calls != 1 {
		t.Errorf("another error: %v after %d calls", err, calls)
	}
}

// TestPinnedMemoryIsNotTheDevices: when the host's memory is used up, work is
// not cut into pieces until they are said to be too small, but that is told.
func TestPinnedMemoryIsNotTheDevices(t *testing.T) {
	f, d, _ := opened(t)
	f.fail["MemHostAlloc"] = CodeOutOfMemory
	tries := 0
	err := WithinMemory(6000, func(uint64) error {
		tries++
		_, err := AllocPinned[byte](d, "candidates", 10)
		return err
	})
	if tries != 1 || err == nil || !strings.Contains(err.Error(), "allocate pinned host memory: candidates (10 bytes)") {
		t.Errorf("after %d tries: %v", tries, err)
	}
}

// TestNoRoom: needed, allowed, free and total, and what to do.
func TestNoRoom(t *testing.T) {
	var unusable *UnusableError
	err := crowded(t, 0).NoRoom("a network", 3<<20, 1<<20)
	if !errors.As(err, &unusable) || unusable.Reason != OutOfMemory {
		t.Fatalf("got %v", err)
	}
	for _, word := range []string{"a network needs 3.0 MiB on cuda:1", "1.0 MiB may be used", "3.0 GiB of 8.0 GiB are free", "end other programs"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q is missing in %q", word, err)
		}
	}
}
