package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/evorank/evorank/kernels/image/manifest"
)

// A report as the assembler writes it, with a kernel that spills.
const report = `ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'clean' for 'sm_90'
ptxas info    : Function properties for clean
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 32 registers, used 1 barriers, 4096 bytes smem
ptxas info    : Compiling entry function 'spilling' for 'sm_90'
ptxas info    : Function properties for spilling
    8 bytes stack frame, 12 bytes spill stores, 16 bytes spill loads
ptxas info    : Function properties for helper
    24 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 128 registers, used 0 barriers
`

func TestParseResources(t *testing.T) {
	got := parseResources(report)
	want := []resources{
		{target: "sm_90", kernel: "clean", registers: 32, shared: 4096},
		{target: "sm_90", kernel: "spilling", registers: 128, stack: 32, spillStores: 12, spillLoads: 16},
	}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestSpillsFail(t *testing.T) {
	var table strings.Builder
	err := printResources(&table, map[string]string{"sm_90": report})
	if err == nil || !strings.Contains(err.Error(), "sm_90 spilling") || strings.Contains(err.Error(), "clean") {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(table.String(), "clean") {
		t.Errorf("the table lacks a kernel:\n%s", table.String())
	}
	clean, _, _ := strings.Cut(report, "ptxas info    : Compiling entry function 'spilling'")
	if err := printResources(&table, map[string]string{"sm_90": clean}); err != nil {
		t.Errorf("no spills: %v", err)
	}
}

// Every difference between a fresh build and the committed files is found.
func TestCheckFindsDifferences(t *testing.T) {
	t.Chdir(t.TempDir())
	image := []byte("image")
	fresh := func() manifest.Manifest {
		return manifest.Manifest{
			Compiler: "nvcc 13.0.88", Flags: []string{"-O3"}, Sources: "aa", Image: manifest.Digest(image),
			Code: []manifest.Code{{Target: "sm_80", SHA256: "bb"}, {Target: "compute_80", SHA256: "cc"}},
		}
	}
	if err := os.MkdirAll("kernels/image", 0o755); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(fresh())
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{imageFile: image, manifestFile: text} {
		if err := write(name, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := check(fresh(), image); err != nil {
		t.Errorf("no difference: %v", err)
	}
	for want, change := range map[string]func(*manifest.Manifest){
		"compiler":   func(m *manifest.Manifest) { m.Flags = []string{"-O2"} },
		"sources":    func(m *manifest.Manifest) { m.Sources = "ab" },
		"sm_80":      func(m *manifest.Manifest) { m.Code[0].SHA256 = "bc" },
		"compute_80": func(m *manifest.Manifest) { m.Code[1].SHA256 = "cd" },
		"targets":    func(m *manifest.Manifest) { m.Code = m.Code[:1] },
	} {
		m := fresh()
		change(&m)
		if err := check(m, image); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s changed: got %v", want, err)
		}
	}
	if err := check(fresh(), []byte("other")); err == nil || !strings.Contains(err.Error(), "image") {
		t.Errorf("other image: got %v", err)
	}
}
