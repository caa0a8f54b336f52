package gpu

import (
	"errors"
	"reflect"
	"slices"
	"testing"
)

func TestParseSelection(t *testing.T) {
	good := []struct {
		text, canonical string
		want            Selection
	}{
		{"cpu", "cpu", Selection{}},
		{"cuda", "cuda:0", Selection{CUDA: true, Ordinals: []int{0}}},
		{"cuda:2", "cuda:2", Selection{CUDA: true, Ordinals: []int{2}}},
		{"cuda:1,0", "cuda:1,0", Selection{CUDA: true, Ordinals: []int{1, 0}}},
		{"cuda:all", "cuda:all", Selection{CUDA: true, All: true}},
	}
	for _, c := range good {
		got, err := ParseSelection(c.text)
		if err != nil || !reflect.DeepEqual(got, c.want) || got.String() != c.canonical {
			t.Errorf("%q: got %+v (%v), %v", c.text, got, got, err)
		}
	}
	for _, text := range []string{"", "gpu", "CUDA", "cuda:", "cuda:-1", "cuda:x", "cuda:0,", "cuda:0,0", "cpu:0", "cuda:all,0", "cuda: 1"} {
		if got, err := ParseSelection(text); err == nil {
			t.Errorf("%q: got %+v, want an error", text, got)
		}
	}
}

func TestOpenAllOrNothing(t *testing.T) {
	f := newFake()
	opened := func(ordinal int) (*Device, error) { return f.open(ordinal, func(string) string { return "" }) }
	devices, err := openAll([]int{1, 0}, opened)
	if err != nil || len(devices) != 2 || devices[0].Ordinal != 1 {
		t.Fatalf("got %v, %v", devices, err)
	}
	f.calls = nil
	_, err = openAll([]int{0, 1, 5}, opened)
	var unusable *UnusableError
	released := slices.DeleteFunc(slices.Clone(f.calls), func(c string) bool { return c != "PrimaryCtxRelease" })
	if !errors.As(err, &unusable) || len(released) != 2 {
		t.Errorf("got %v, released %d devices, want an error and 2", err, len(released))
	}
}
