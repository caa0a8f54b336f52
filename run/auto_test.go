package run

import (
	"strings"
	"testing"

	"github.com/evorank/evorank/gpu"
)

// TestAutomatic: the first GPU that has kernels, and nothing said of machines
// without one; what is there and does not work is named.
func TestAutomatic(t *testing.T) {
	old := gpu.Info{Ordinal: 0, Name: "T4", Major: 7, Minor: 5}
	hopper := gpu.Info{Ordinal: 1, Name: "H200", Major: 9}
	unusable := func(reason gpu.Reason, code gpu.Code) error {
		return &gpu.UnusableError{Reason: reason, Detail: "the driver says no", Code: code}
	}
	for _, c := range []struct {
		what      string
		gpus      []gpu.Info
		err       error
		precision string
		want      string
		note      []string
	}{
		{"a GPU", []gpu.Info{hopper}, nil, "auto", "cuda:1", nil},
		{"the second one", []gpu.Info{old, hopper}, nil, "fp16", "cuda:1", nil},
		{"an old one", []gpu.Info{old}, nil, "auto", "cpu", []string{"the CPU is used", "no kernels for cuda:0 (T4, sm_75)"}},
		{"float64", []gpu.Info{hopper}, nil, "fp64", "cpu", nil},
		{"none", nil, nil, "auto", "cpu", nil},
		{"no driver", nil, unusable(gpu.NoLibrary, 0), "auto", "cpu", nil},
		{"no support", nil, unusable(gpu.NotBuilt, 0), "auto", "cpu", nil},
		{"hidden", nil, unusable(gpu.NoDevice, 100), "auto", "cpu", nil},
		{"an old driver", nil, unusable(gpu.DriverTooOld, 0), "auto", "cpu", []string{"the CPU is used", "driver too old: the driver says no"}},
		{"a driver that does not start", nil, unusable(gpu.NoDevice, 803), "auto", "cpu", []string{"no device: the driver says no"}},
	} {
		name, note := automatic(c.gpus, c.err, c.precision)
		if name != c.want || (note == "") != (c.note == nil) {
			t.Errorf("%s: %s (%q), want %s", c.what, name, note, c.want)
		}
		for _, word := range c.note {
			if !strings.Contains(note, word) {
				t.Errorf("%s: %q lacks %q", c.what, note, word)
			}
		}
	}
}
