package run

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/model"
)

// failing stands for a GPU: a sound engine until an adoption, and from then on
// one that lies about digests, changes its memory or fails each call.
type failing struct {
	Engine
	from      int // the adoption, counted from 1, that is the first to suffer
	lies      bool
	forgets   bool
	fails     error
	adoptions int
}

func (f *failing) broken() bool { return f.adoptions >= f.from }

func (f *failing) Evaluate(ctx context.Context, c []model.Candidate, cases model.Cases) ([]model.Fitness, error) {
	if f.fails != nil && f.adoptions+1 >= f.from {
		return nil, f.fails
	}
	return f.Engine.Evaluate(ctx, c, cases)
}

func (f *failing) Adopt(ctx context.Context, c []model.Candidate) ([]model.Digest, error) {
	f.adoptions++
	digests, err := f.Engine.Adopt(ctx, c)
	if err == nil && f.lies && f.broken() {
		digests[1] ^= 1 << 40
	}
	return digests, err
}

func (f *failing) Export(slot model.Slot) ([]float32, error) {
	genotype, err := f.Engine.Export(slot)
	if err == nil && f.forgets && f.broken() {
		genotype[7]++
	}
	return genotype, err
}

func (f *failing) Close() error {
	if err := f.Engine.Close(); err != nil {
		return err
	}
	return f.fails
}

// trainOn trains a run whose engine is taken for a GPU, and returns how it ended.
func trainOn(t *testing.T, f *failing, settings ...string) (dir string, err error) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "run")
	r, err := Create(config(t, settings...), "lm-quick", dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	f.Engine = r.engine
	r.engine, r.device.CUDA = f, true
	return dir, r.Train(context.Background(), func(Progress) {})
}

// checkStopped checks that a run failed, says so and how many generations are
// kept, and goes on from there as if nothing had happened.
func checkStopped(t *testing.T, dir string, err error, kept int, words ...string) {
	t.Helper()
	if err == nil || KindOf(err) != BadDevice || strings.Contains(err.Error(), "\n") {
		t.Fatalf("it ended with %v", err)
	}
	for _, word := range append(words, fmt.Sprintf("evorank resume %s goes on after generation %d", dir, kept)) {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q is missing in %q", word, err)
		}
	}
	m, readErr := readManifest(dir)
	if readErr != nil || m.Status != Failed || m.Generation != kept || m.Reason == "" {
		t.Errorf("run.json: %+v, %v", m, readErr)
	}
	r, resumeErr := Resume(dir, Options{})
	if resumeErr != nil {
		t.Fatal(resumeErr)
	}
	defer r.Close()
	if int(r.Generation()) != kept {
		t.Errorf("resumes after generation %d, want %d", r.Generation(), kept)
	}
	if err := r.Train(context.Background(), func(Progress) {}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(lineageOf(t, dir), lineageOf(t, train(t))) {
		t.Error("resumed, the lineage differs from that of a run that was left alone")
	}
}

// TestSoundDevice: a device that computes rightly passes every check.
func TestSoundDevice(t *testing.T) {
	dir, err := trainOn(t, &failing{from: 99})
	if err != nil || !bytes.Equal(lineageOf(t, dir), lineageOf(t, train(t))) {
		t.Errorf("it ended with %v", err)
	}
}

// TestLyingDevice: a wrong digest stops the run before the generation is kept,
// by default at once; never later than at the next check, checkpoint or end.
func TestLyingDevice(t *testing.T) {
	dir, err := trainOn(t, &failing{from: 5, lies: true})
	checkStopped(t, dir, err, 4, "generation 5: individual", "parent 1: the device holds a genotype with digest", "computes wrongly")
	for setting, generation := range map[string]string{
		"execution={check_every: 3, checkpoint_every: 0}": "generation 6: ",
		"execution={check_every: 0, checkpoint_every: 7}": "generation 7: ",
		"execution={check_every: 0, checkpoint_every: 0}": "generation 8: ",
	} {
		if _, err := trainOn(t, &failing{from: 5, lies: true}, setting); KindOf(err) != BadDevice || !strings.HasPrefix(err.Error(), generation) || !strings.Contains(err.Error(), "computes wrongly") {
			t.Errorf("%s: it ended with %v, want %s", setting, err, generation)
		}
	}
}

// TestForgetfulDevice: what a checkpoint reads back is what was adopted.
func TestForgetfulDevice(t *testing.T) {
	dir, err := trainOn(t, &failing{from: 6, forgets: true})
	if KindOf(err) != BadDevice || !strings.Contains(err.Error(), "checkpoint: generation 6: parent 0 has digest") {
		t.Errorf("it ended with %v", err)
	}
	if _, err := os.Stat(checkpointPath(dir, 6)); err == nil {
		t.Error("the checkpoint was written")
	}
}

// TestLostDevice: a driver's call that fails ends the run in one line with the
// call, the error's name and sentence, and how to go on.
func TestLostDevice(t *testing.T) {
	lost := &gpu.Error{Op: "wait for stream", Thing: "cuda:0", Code: gpu.CodeIllegalAddress, Name: "CUDA_ERROR_ILLEGAL_ADDRESS", Detail: "an illegal memory access was encountered"}
	full := &gpu.Error{Op: "allocate", Thing: "networks (2.0 GiB) on cuda:0", Code: gpu.CodeOutOfMemory, Name: "CUDA_ERROR_OUT_OF_MEMORY", Detail: "out of memory: 1.0 GiB of 8.0 GiB are free"}
	for _, c := range []struct {
		from  int
		fails error
		while string
	}{
		{1, lost, "generation 1: wait"}, {3, fmt.Errorf("devices: %w", lost), "generation 3: devices: wait"}, {6, full, "generation 6: allocate"},
		{5, lost, "generation 4: wait"}, // on the held-out stories, when generation 4 was kept already
	} {
		dir, err := trainOn(t, &failing{from: c.from, fails: c.fails})
		checkStopped(t, dir, err, c.from-1, c.while, c.fails.Error())
	}
}

// TestReadingsAreMeasuredOnly: a line has the readings that there are, and none
// on the CPU; TensorBoard gets the same.
func TestReadingsAreMeasuredOnly(t *testing.T) {
	keys := func(p Progress) map[string]any {
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var object map[string]any
		if err := json.Unmarshal(text, &object); err != nil {
			t.Fatal(err)
		}
		return object
	}
	p := summarise(lossWords, 1, []model.Record{{ID: 1, Fitness: -2}})
	for key := range keys(p) {
		if strings.HasPrefix(key, "gpu_") {
			t.Errorf("the CPU has a %s", key)
		}
	}
	if tags := p.gpuScalars(); len(tags) != 0 {
		t.Errorf("the CPU has %v", tags)
	}
	percent, bytes := 97.0, uint64(5<<30)
	p.GPUUtilisation, p.GPUMemoryUsed, p.HostToDeviceBytes = &percent, &bytes, 4096
	if k := keys(p); k["gpu_utilisation_percent"] != percent || k["gpu_memory_used_bytes"] != float64(bytes) || k["gpu_power_watts"] != nil {
		t.Errorf("%v", k)
	}
	tags := map[string]float32{}
	for _, s := range p.gpuScalars() {
		tags[s.Tag] = s.Value
	}
	if len(tags) != 4 || tags["gpu/utilisation_percent"] != 97 || tags["gpu/memory_used_bytes"] != 5<<30 || tags["traffic/host_to_device_bytes"] != 4096 {
		t.Errorf("%v", tags)
	}
}

// TestNoNVML: without NVML a run on a GPU says so once, and goes on.
func TestNoNVML(t *testing.T) {
	if _, err := gpu.DriverVersion(); err == nil {
		t.Skip("1 check skipped: this machine has NVML")
	}
	var notes []string
	r := &Run{device: Device{CUDA: true, gpus: []gpu.Info{{BusID: "0000:01:00.0"}}}, options: Options{Warn: func(text string) { notes = append(notes, text) }}}
	h := r.watchHardware()
	var p Progress
	h.tell(&p)
	h.close()
	if h != nil || p.GPUMemoryUsed != nil || len(notes) != 1 || !strings.Contains(notes[0], "libnvidia-ml.so.1") {
		t.Errorf("%v, %v", h, notes)
	}
}

// TestSelectedGPUs: the GPUs that were asked for decide kind, name and what
// auto means, not the first that the driver shows; they must be of one kind.
func TestSelectedGPUs(t *testing.T) {
	h200 := gpu.Info{Ordinal: 2, Name: "H200", Major: 9, SharedPerBlock: 232448}
	tiny := gpu.Info{Ordinal: 1, Name: "tiny", Major: 8, Minor: 6, SharedPerBlock: 1024} // no fast kernels fit
	selection := gpu.Selection{CUDA: true, Ordinals: []int{2}}
	d, err := cudaDevice(selection, []gpu.Info{h200}, "fp16", "auto")
	if err != nil || d.Name != "cuda:2 (H200, sm_90, fp16)" || d.Kind != "sm_90" || d.Precision != "fp16" || !d.CUDA {
		t.Errorf("%+v, %v", d, err)
	}
	selection.Ordinals = []int{2, 1}
	if _, err := cudaDevice(selection, []gpu.Info{h200, tiny}, "fp16", "auto"); KindOf(err) != BadDevice || !strings.Contains(err.Error(), "cuda:2 is H200 (sm_90) and cuda:1 is tiny (sm_86)") {
		t.Errorf("two kinds: %v", err)
	}
	x, err := NewExperiment(config(t))
	if err != nil {
		t.Fatal(err)
	}
	task := x.Task.(*LanguageModel)
	for want, info := range map[transformer.Precision]gpu.Info{transformer.FP16: h200, transformer.FP32: tiny} {
		if got := task.fastPrecision([]gpu.Info{info}); got != want {
			t.Errorf("auto on %s is %s, want %s", info.Name, got, want)
		}
	}
}

// TestDeviceKindNamesTheFactors: the weights that a GPU applies as factors
// decide bits, so they are part of its kind; the fused kernels have none.
func TestDeviceKindNamesTheFactors(t *testing.T) {
	h200 := gpu.Info{Name: "H200", Major: 9, SharedPerBlock: 232448}
	const small, wide = "lm.network.hidden=8", "lm.network={hidden: 520, heads: 2, head_dim: 30, ffn: 1030, blocks: 1}"
	const fused, hopper, tiled = "fp16, fused h8 kernels", "fp16, tiled kernels with wgmma: hidden 520, at most 32", "fp32, tiled kernels: "
	for _, c := range []struct{ network, precision, application, want, kernels string }{
		{wide, "auto", "auto", "sm_90 (fp16, plan mmffm)", hopper}, // attention is hybrid, the vocabulary small
		{wide, "auto", "factored", "sm_90 (fp16, plan mmfff)", hopper},
		{wide, "auto", "materialised", "sm_90 (fp16)", hopper},
		{wide, "fp32", "factored", "sm_90 (fp32, plan mmfff)", tiled},
		{small, "fp32", "factored", "sm_90 (fp32, plan mmfff)", tiled},
		{small, "fp32", "auto", "sm_90 (fp32)", tiled},
		{small, "auto", "factored", "sm_90 (fp16)", fused},
	} {
		x, err := NewExperiment(config(t, c.network, "execution={precision: "+c.precision+", application: "+c.application+"}"))
		if err != nil {
			t.Fatal(err)
		}
		mode := transformer.Precision(c.precision)
		if mode == "auto" {
			mode = transformer.FP32
		}
		apply := transformer.Application(c.application)
		d, err := cudaDevice(gpu.Selection{CUDA: true, Ordinals: []int{0}}, []gpu.Info{h200}, mode, apply)
		if err == nil {
			d, err = x.Task.(*LanguageModel).onGPUs(d, c.precision, apply)
		}
		if err != nil || d.bits() != c.want || d.selection.Ordinals == nil || d.languageModel == nil {
			t.Errorf("%s, %s, %s: %q, %v, want %q", c.network, c.precision, c.application, d.bits(), err, c.want)
		}
		if !strings.HasPrefix(d.kernels, c.kernels) {
			t.Errorf("%s, %s: kernels %q, want %q", c.network, c.precision, d.kernels, c.kernels)
		}
	}
}
