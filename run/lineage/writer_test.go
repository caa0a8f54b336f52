package lineage

import (
	"bytes"
	"errors"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/evorank/evorank/model"
)

func TestWriterRefuses(t *testing.T) {
	s, path := example(), filepath.Join(t.TempDir(), "lineage.bin")
	s.write(t, path)
	before, _ := os.ReadFile(path)
	if _, err := Create(path, s.header); err == nil || !strings.Contains(err.Error(), path+": the file exists") {
		t.Errorf("a log was overwritten: %v", err)
	}
	if _, err := Create(path+"2", Header{}); err == nil {
		t.Error("a log without a population was created")
	}
	w, _, err := Continue(path)
	check(t, err)
	defer w.Close()
	last := s.generations[2]
	next := func(edit func(r []model.Record)) []model.Record {
		records := slices.Clone(last)
		for i := range records {
			records[i].Generation++
		}
		edit(records)
		return records
	}
	for name, records := range map[string][]model.Record{
		"old generation":  last,
		"small":           next(func([]model.Record) {})[:2],
		"order":           next(func(r []model.Record) { r[0], r[1] = r[1], r[0] }),
		"no id":           next(func(r []model.Record) { r[2].ID = 0 }),
		"kind":            next(func(r []model.Record) { r[2].Gene.Kind = 3 }),
		"slot":            next(func(r []model.Record) { r[2].Selected = -2 }),
		"infinite change": next(func(r []model.Record) { r[2].Gene.Multiplier = float32(math.Inf(1)) }),
	} {
		if err := w.Append(records); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("a refused generation changed the log")
	}
	check(t, w.Append(next(func([]model.Record) {})))
}

func TestDiskFull(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Skip("1 check skipped: no /dev/full")
	}
	defer full.Close()
	s := example()
	w := &Writer{path: "run/lineage.bin", file: full, header: s.header, end: headerSize}
	want := "lineage: run/lineage.bin: no space left on device: free some space and try again"
	for _, nobodyTries := range []bool{false, true} {
		if nobodyTries {
			w.file = nil
		}
		if err := w.Append(s.generations[0]); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// TestHalfWrittenIsTakenBack lets the kernel refuse the second half of a block.
func TestHalfWrittenIsTakenBack(t *testing.T) {
	s, path := example(), filepath.Join(t.TempDir(), "lineage.bin")
	w, err := Create(path, s.header)
	check(t, err)
	defer w.Close()
	check(t, w.Append(s.generations[0]))
	var limit unix.Rlimit
	check(t, unix.Getrlimit(unix.RLIMIT_FSIZE, &limit))
	signal.Ignore(unix.SIGXFSZ)
	defer signal.Reset(unix.SIGXFSZ)
	defer unix.Setrlimit(unix.RLIMIT_FSIZE, &limit)
	check(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: uint64(w.end) + 100, Max: limit.Max}))
	if err := w.Append(s.generations[1]); !errors.Is(err, unix.EFBIG) || !strings.HasPrefix(err.Error(), "lineage: "+path+": ") {
		t.Errorf("error %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() != w.end {
		t.Errorf("%d bytes are left, %v, want %d", info.Size(), err, w.end)
	}
}

// TestSyncBeside: Append does not wait for its own block's way to the disk,
// but for that of the block before.
func TestSyncBeside(t *testing.T) {
	s, path := example(), filepath.Join(t.TempDir(), "lineage.bin")
	w, err := Create(path, s.header)
	check(t, err)
	answers := make(chan error)
	w.sync = func() error { return <-answers }
	size := func() int64 {
		info, err := os.Stat(path)
		check(t, err)
		return info.Size()
	}
	check(t, w.Append(s.generations[0])) // nobody has answered
	first := size()
	if w.Last() != 0 || first <= headerSize {
		t.Errorf("generation %d is said to be on the disk, %d bytes are written", w.Last(), first)
	}
	early := make(chan bool)
	go func() {
		time.Sleep(20 * time.Millisecond) // for an Append that does not wait
		early <- size() != first
		answers <- nil
	}()
	written := make(chan error)
	go func() { written <- w.Append(s.generations[1]) }()
	if <-early {
		t.Error("generation 2 was written before generation 1 was on the disk")
	}
	check(t, <-written)
	if w.Last() != 1 {
		t.Errorf("generation %d is the last on the disk, want 1", w.Last())
	}

	go func() { answers <- unix.EIO }()
	err = w.Append(s.generations[2])
	if !errors.Is(err, unix.EIO) || !strings.HasPrefix(err.Error(), "lineage: "+path+": ") || w.Last() != 1 || size() != first {
		t.Errorf("error %v, generation %d is the last on the disk, %d bytes are left, want %d", err, w.Last(), size(), first)
	}
	if again := w.Flush(); again != err {
		t.Errorf("asked again: %v, want %v", again, err)
	}
	check(t, w.Close())
	reader, err := Open(path)
	check(t, err)
	defer reader.Close()
	records, err := reader.Next()
	check(t, err)
	if !sameRecords(records, s.generations[0]) {
		t.Errorf("%v is left, want generation 1", records)
	}
}

// TestCloseWaits: what was appended last is on the disk when Close returns, or
// Close says so.
func TestCloseWaits(t *testing.T) {
	for _, want := range []error{nil, unix.EIO} {
		s, path := example(), filepath.Join(t.TempDir(), "lineage.bin")
		w, err := Create(path, s.header)
		check(t, err)
		w.sync = func() error { return want }
		check(t, w.Append(s.generations[0]))
		if err := w.Close(); !errors.Is(err, want) {
			t.Errorf("error %v, want %v", err, want)
		}
	}
}
