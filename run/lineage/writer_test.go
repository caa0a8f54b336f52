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
