//go:build !nogpu

package image

import (
	"encoding/binary"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/image/manifest"
)

func read(t *testing.T) manifest.Manifest {
	t.Helper()
	m, err := Manifest()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Whoever changes a kernel rebuilds the image.
func TestImageIsBuiltFromTheseSources(t *testing.T) {
	digest, err := manifest.SourceDigest(os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	if m := read(t); m.Sources != digest {
		t.Errorf("kernel sources have the digest %s, the image was built from %s: run make kernels", digest, m.Sources)
	}
}

func TestImageIsTheOneInTheManifest(t *testing.T) {
	if got, want := manifest.Digest(fatbin), read(t).Image; got != want {
		t.Errorf("the image has the digest %s, the manifest says %s", got, want)
	}
	if len(fatbin) > 4<<20 {
		t.Errorf("the image has %d bytes, want at most 4 MiB", len(fatbin))
	}
	if magic := binary.LittleEndian.Uint32(fatbin); magic != 0xba55ed50 {
		t.Errorf("the image begins with %08x, not as a fat binary", magic)
	}
}

// A device without code is refused before the driver is asked.
func TestLoadRefusesOtherArchitectures(t *testing.T) {
	_, err := Load(&gpu.Device{Info: gpu.Info{Name: "Old", Major: 7}}, "")
	var unusable *gpu.UnusableError
	if !errors.As(err, &unusable) || unusable.Reason != gpu.Architecture || !strings.Contains(err.Error(), "cuda:0 (Old, sm_70)") {
		t.Errorf("got %v", err)
	}
}

func TestImageHasEveryArchitecture(t *testing.T) {
	var got []string
	for _, c := range read(t).Code {
		got = append(got, c.Target[:len(c.Target)-len(suffix(c.Target))])
	}
	for _, want := range []string{"sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120", "compute_80"} {
		if !slices.Contains(got, want) {
			t.Errorf("no code for %s in %v", want, got)
		}
	}
}

// suffix is the a of sm_90a.
func suffix(target string) string {
	if target[len(target)-1] == 'a' {
		return "a"
	}
	return ""
}

func TestChoice(t *testing.T) {
	for want, info := range map[string]gpu.Info{
		"sm_89": {Major: 8, Minor: 9},
		"none":  {Major: 7, Minor: 5},
		"compute_80 (PTX, compiled by the driver)": {Major: 13, Minor: 0},
	} {
		if got := Choice(info); got != want {
			t.Errorf("%s: got %q, want %q", info.Architecture(), got, want)
		}
	}
}
