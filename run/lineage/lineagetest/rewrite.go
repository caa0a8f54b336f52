// Package lineagetest falsifies lineages for tests of what must notice.
package lineagetest

import (
	"errors"
	"testing"

	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/run/lineage"
)

// Rewrite changes the last generation of a lineage, with right checksums: only
// somebody who computes again can tell.
func Rewrite(t testing.TB, path string, spoil func([]model.Record)) {
	t.Helper()
	tail, err := lineage.ReadTail(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := lineage.TruncateAfter(path, tail.Generation-1); err != nil {
		t.Fatal(err)
	}
	w, _, err := lineage.Continue(path)
	if err != nil {
		t.Fatal(err)
	}
	spoil(tail.Records)
	if err := errors.Join(w.Append(tail.Records), w.Close()); err != nil {
		t.Fatal(err)
	}
}
