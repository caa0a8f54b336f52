package main

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/image"
	"github.com/evorank/evorank/kernels/transformer"
)

// twoGPUs is a machine with an idle GPU that passes, and one without readings
// that fails.
func twoGPUs() surroundings {
	var s surroundings
	s.CPU.Name, s.CPU.Threads, s.Driver = "Some CPU", 8, "580.159.04"
	index, used, percent, watts := 3, uint64(3<<29), 97.0, 250.4
	s.GPUs = []device{
		{Card: gpu.Card{
			Info:  gpu.Info{Name: "Fake H200", Major: 9, MemoryBytes: 8 << 30, SharedPerBlock: 227 << 10, CUDA: "13.0", BusID: "0000:C1:00.0"},
			Index: &index,
			Reading: &gpu.Reading{MemoryUsedBytes: &used, UtilisationPct: &percent, PowerWatts: &watts,
				Processes: []gpu.Process{{PID: 42, UsedBytes: 1 << 30}, {PID: 43, UsedBytes: math.MaxUint64}}},
		}, Arch: "sm_90", Image: "sm_90", SelfTests: []selfTest{{Precision: transformer.FP16, Passed: true, Seconds: 0.213}}},
		{Card: gpu.Card{Info: gpu.Info{Ordinal: 1, Name: "Fake A100", Major: 8}, Note: "no management library"}, Image: "none"},
	}
	s.GPUs[1].SelfTests = []selfTest{{Precision: transformer.FP32, Error: "self-test: cuda:1, fp32: wrong loss"}}
	return s
}

func TestDevicesTable(t *testing.T) {
	var out strings.Builder
	twoGPUs().print(&out)
	for _, want := range []string{
		"cpu   Some CPU, 8 threads", "cuda  driver 580.159.04, CUDA 13.0",
		"cuda:0  Fake H200  sm_90  sm_90    3           8.0 GiB  1.5 GiB  97 %  –     250 W  –         –             2",
		"cuda:1  Fake A100  sm_80  none     –           0.0 GiB  –        –     –     –      –         –             –",
		"process 42 holds 1.0 GiB\n", "process 43\n", "no readings: no management library",
		"self-test fp16: 0.21 s, passed", "FAILED: self-test: cuda:1, fp32: wrong loss",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
}

func TestDevicesFailure(t *testing.T) {
	s := twoGPUs()
	if err := s.failure(); err == nil || err.Error() != "self-test: cuda:1, fp32: wrong loss" {
		t.Errorf("got %v", err)
	}
	s.GPUs = s.GPUs[:1]
	if err := s.failure(); err != nil {
		t.Error(err)
	}
}

func TestDevicesJSON(t *testing.T) {
	text, err := json.Marshal(twoGPUs())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"name":"Fake H200"`, `"nvml_index":3`, `"architecture":"sm_90"`, `"memory_used_bytes":1610612736`, `"kernel_image":"sm_90"`, `"pci_bus_id":"0000:C1:00.0"`,
		`"self_tests":[{"precision":"fp16","passed":true,"seconds":0.213}]`, `"reading_error":"no management library"`, `"error":"self-test: cuda:1`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is missing in %s", want, text)
		}
	}
}

// TestExamine: a GPU that there are kernels for passes every precision or says
// which it failed; another one is not tried, and no failure.
func TestExamine(t *testing.T) {
	if _, err := image.Manifest(); err != nil {
		t.Skip(err) // the tag nogpu
	}
	tried := 0
	test := func(ordinal int, p transformer.Precision) (time.Duration, error) {
		tried++
		if p == transformer.BF16 {
			return 0, errors.New("wrong loss")
		}
		return 170 * time.Millisecond, nil
	}
	hopper := examine(gpu.Card{Info: gpu.Info{Major: 9}}, test)
	if s := (surroundings{GPUs: []device{hopper}}); tried != 4 || len(hopper.SelfTests) != 4 || hopper.SelfTests[3] != (selfTest{Precision: transformer.FP16, Passed: true, Seconds: 0.17}) || s.failure() == nil || s.failure().Error() != "wrong loss" {
		t.Errorf("%d tests, %+v", tried, hopper)
	}
	turing := examine(gpu.Card{Info: gpu.Info{Major: 7, Minor: 5}}, test)
	s := surroundings{GPUs: []device{turing}}
	var out strings.Builder
	s.print(&out)
	text, err := json.Marshal(s)
	if tried != 4 || s.failure() != nil || err != nil || !strings.Contains(string(text), `"kernel_image":"none","self_tests":[]`) ||
		!strings.Contains(out.String(), "not tested: this program has no kernels for sm_75") {
		t.Errorf("%d tests, %v, %s, %s", tried, s.failure(), text, out.String())
	}
}

// TestDevices: without a GPU the reason is told, and it is no failure.
func TestDevices(t *testing.T) {
	out := must(t, "devices", "--json")
	var s surroundings
	if err := json.Unmarshal([]byte(out), &s); err != nil || s.CPU.Threads < 1 || s.GPUs == nil || (s.Unusable == "") != (len(s.GPUs) > 0) {
		t.Errorf("%s: %v", out, err)
	}
	if out := must(t, "devices"); !strings.Contains(out, "cpu ") || !strings.Contains(out, "cuda ") {
		t.Error(out)
	}
}
