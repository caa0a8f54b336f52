// Package lineagetest falsifies lineages for tests of what must notice.
package lineagetest

import (
	"errors"
	"io"
	"testing"

	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/run/lineage"
)

// Rewrite changes the last generation of a lineage, with right checksums: only
// somebody who computes again can tell.
func Rewrite(t testing.TB, path string, spoil func([]model.Record)) {
	t.Helper()
	last := lastOf(t, path)
	if err := lineage.TruncateAfter(path, last[0].Generation-1); err != nil {
		t.Fatal(err)
	}
	w, _, err := lineage.Continue(path)
	if err != nil {
		t.Fatal(err)
	}
	spoil(last)
	if err := errors.Join(w.Append(last), w.Close()); err != nil {
		t.Fatal(err)
	}
}

// lastOf returns the records of a lineage's last generation.
func lastOf(t testing.TB, path string) (last []model.Record) {
	t.Helper()
	r, err := lineage.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		records, err := r.Next()
		if err == io.EOF {
			return last
		}
		if err != nil {
			t.Fatal(err)
		}
		last = append(last[:0], records...)
	}
}
