package run

import (
	"crypto/sha256"
	"fmt"
	"runtime"
	"testing"
)

// TestLineageStays: the bytes of a small language model's lineage, computed by
// the float64 reference, are what they were when runs were first kept.
func TestLineageStays(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("1 lineage skipped: the last bits of the library's exp are another processor's")
	}
	const plain, fused = "cd6fa43e00ea8bb2075b8a8134b9024c6b802cf6d50a8e7e6764c72dc555eeab", // fused: GOAMD64=v3
		"dc29d49dc6b6e37db29894b0f6ea7b5f9616221de302063fa5b76b10faa6be6f"
	got := fmt.Sprintf("%x", sha256.Sum256(lineageOf(t, train(t, "execution.precision=fp64"))))
	if got != plain && got != fused {
		t.Errorf("%s, it was %s", got, plain)
	}
}
