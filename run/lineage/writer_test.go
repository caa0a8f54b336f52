package lineage

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

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
	w, tail, err := Continue(path)
	check(t, err)
	defer w.Close()
	next := func(edit func(r []model.Record)) []model.Record {
		records := slices.Clone(tail.Records)
		for i := range records {
			records[i].Generation++
		}
		edit(records)
		return records
	}
	for name, records := range map[string][]model.Record{
		"old generation":  tail.Records,
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
	s := example()
	w := &Writer{path: "run/lineage.bin", file: full, header: s.header, end: headerSize}
	defer w.Close()
	want := "lineage: run/lineage.bin: no space left on device: free some space and try again"
	for range 2 { // the second time it is not even tried
		if err := w.Append(s.generations[0]); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
