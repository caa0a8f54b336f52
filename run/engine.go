package run

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/conv"
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/kernels/vector"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/task/carracing"
	"github.com/evorank/evorank/task/lm"
)

// languageEngine is an engine of stories.
type languageEngine interface {
	Engine
	// PerStory returns a candidate's loss on each of the cases' stories.
	PerStory(context.Context, model.Candidate, model.Cases) ([]float64, error)
}

var (
	_ languageEngine = (*lm.CPU)(nil)
	_ languageEngine = lm.Fleet(nil)
)

// Device is where a run is evaluated. Kind is part of the run's identity:
// equal kinds give equal bits.
type Device struct {
	Name, Kind, Precision string
	CUDA                  bool
	Threads               int // of the CPU
	// Note is what the user should know about how "auto" was resolved.
	Note string
	// Plan is how the network's layers are computed, where that is chosen and
	// decides bits; then it counts as part of the kind.
	Plan string
	// kernels says which kernels evaluate the network, and why, if CUDA.
	kernels string
	// selection and gpus say which GPUs, if CUDA.
	selection gpu.Selection
	gpus      []gpu.Info
	// languageModel binds the task to the device, with room for that many parents.
	languageModel func(spec model.Transformer, layout *model.Layout, data lm.Data, parents int) (languageEngine, error)
	// driver binds CarRacing; nil where it does not run.
	driver func(model.ConvPolicy, *model.Layout, carracing.Options, carracing.Limits) (*carracing.CPU, error)
}

// bits names what decides them.
func (d Device) bits() string {
	if d.Plan == "" {
		return fmt.Sprintf("%s (%s)", d.Kind, d.Precision)
	}
	return fmt.Sprintf("%s (%s, plan %s)", d.Kind, d.Precision, d.Plan)
}

// EnvironmentISA names the variable that forces an instruction set.
const EnvironmentISA = "EVORANK_CPU"

// ChooseDevice resolves "auto", the first GPU that there are kernels for or else
// the CPU, and checks that the device can be used. A GPU that was asked for by
// name and is not usable is an error, never the CPU.
func ChooseDevice(name, precision, application string, threads int) (Device, error) {
	if !slices.Contains([]string{"", "auto", "fp64", "fp32", "tf32", "bf16", "fp16"}, precision) {
		return Device{}, errorf(BadConfig, "precision: %q is none of auto, fp64, fp32, tf32, bf16, fp16", precision)
	}
	note := ""
	if name == "auto" || name == "" {
		gpus, err := gpu.Devices()
		name, note = automatic(gpus, err, precision)
	}
	selection, err := gpu.ParseSelection(name)
	if err != nil {
		return Device{}, as(BadConfig, err)
	}
	if selection.CUDA {
		return chooseCUDA(selection, precision, application)
	}
	d, err := chooseCPU(precision, application, threads)
	d.Note = note
	return d, err
}

func chooseCPU(precision, application string, threads int) (Device, error) {
	isa := vector.BestISA()
	if forced := os.Getenv(EnvironmentISA); forced != "" {
		var err error
		if isa, err = vector.ParseISA(forced); err != nil {
			return Device{}, as(BadDevice, fmt.Errorf("device: %s: %w", EnvironmentISA, err))
		}
	}
	apply, err := transformer.ParseApplication(application)
	if err != nil {
		return Device{}, as(BadConfig, err)
	}
	d := Device{Kind: string(isa), Precision: precision, Threads: threads}
	switch precision {
	case "auto", "":
		d.Precision = "fp32"
	case "fp32":
	case "fp64":
		d.Kind = "reference"
	case "tf32", "bf16", "fp16":
		return Device{}, errorf(BadDevice, "precision: %s: the CPU has fp32 and fp64", precision)
	}
	if threads == 0 {
		d.Threads = runtime.GOMAXPROCS(0)
	}
	d.Name = fmt.Sprintf("cpu (%s, %d threads, %s)", d.Kind, d.Threads, d.Precision)
	options := lm.Options{Threads: d.Threads, Precision: d.Precision, Application: apply, ISA: isa}
	d.languageModel = func(spec model.Transformer, layout *model.Layout, data lm.Data, _ int) (languageEngine, error) {
		return lm.NewCPU(spec, layout, data, options)
	}
	d.driver = func(p model.ConvPolicy, layout *model.Layout, env carracing.Options, limits carracing.Limits) (*carracing.CPU, error) {
		return carracing.NewCPU(p, layout, carracing.Evaluation{
			Threads: d.Threads, Precision: d.Precision, Application: conv.Application(application), ISA: isa, Environment: env, Limits: limits,
		})
	}
	return d, nil
}
