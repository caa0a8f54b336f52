package vector

import (
	"strings"
	"testing"
)

func TestParseISA(t *testing.T) {
	for _, isa := range InstructionSets() {
		if got, err := ParseISA(string(isa)); got != isa || err != nil {
			t.Errorf("%s: %s, %v", isa, got, err)
		}
	}
	if _, err := ParseISA("sse"); err == nil || !strings.Contains(err.Error(), "none of avx512, avx2, neon, generic") {
		t.Errorf("error %v", err)
	}
	if !BestISA().Supported() || !Generic.Supported() || ISA("sse").Supported() {
		t.Error("Supported does not fit")
	}
}

func TestForUnsupportedPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	For("sse")
}
