package run

import (
	"errors"
	"fmt"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/task/lm"
)

// chooseCUDA checks that the selected GPUs can be opened. A task says what
// precision "auto" means to it; until then it is fp32.
func chooseCUDA(selection gpu.Selection, precision, application string) (Device, error) {
	if precision == "auto" || precision == "" {
		precision = string(transformer.FP32)
	}
	mode, err := transformer.ParsePrecision(precision)
	if err != nil {
		return Device{}, as(BadDevice, err)
	}
	apply, err := transformer.ParseApplication(application)
	if err != nil {
		return Device{}, as(BadConfig, err)
	}
	devices, err := selection.Open()
	if err != nil {
		return Device{}, as(BadDevice, err)
	}
	var gpus []gpu.Info
	for _, each := range devices {
		gpus = append(gpus, each.Info)
		err = errors.Join(err, each.Close())
	}
	if err != nil {
		return Device{}, as(BadDevice, err)
	}
	return cudaDevice(selection, gpus, mode, apply)
}

// cudaDevice describes GPUs, which must be of one kind, in a precision, and how
// they apply factored weights where their kernels can.
func cudaDevice(selection gpu.Selection, gpus []gpu.Info, mode transformer.Precision, apply transformer.Application) (Device, error) {
	first := gpus[0]
	var ordinals []int
	for _, each := range gpus {
		if each.Architecture() != first.Architecture() {
			return Device{}, errorf(BadDevice, "device: %s: cuda:%d is %s (%s) and cuda:%d is %s (%s): choose GPUs of one kind",
				selection, first.Ordinal, first.Name, first.Architecture(), each.Ordinal, each.Name, each.Architecture())
		}
		ordinals = append(ordinals, each.Ordinal)
	}
	return Device{
		Name: fmt.Sprintf("%s (%s, %s, %s)", selection, first.Name, first.Architecture(), mode),
		Kind: first.Architecture(), Precision: string(mode), CUDA: true, selection: selection, gpus: gpus,
		languageModel: func(spec model.Transformer, layout *model.Layout, data lm.Data, parents int) (languageEngine, error) {
			fleet, err := trustedFleet(ordinals, spec, layout, data, mode, parents)
			if err != nil {
				return nil, as(BadDevice, err)
			}
			fleet.SetApplication(apply)
			return fleet, nil
		},
	}, nil
}

// trustedFleet opens the GPUs and lets each pass the self-test.
func trustedFleet(ordinals []int, spec model.Transformer, layout *model.Layout, data lm.Data, mode transformer.Precision, parents int) (lm.Fleet, error) {
	fleet, err := lm.NewFleet(ordinals, spec, layout, data, mode, parents)
	if err != nil {
		return nil, err
	}
	if err := fleet.SelfTest(); err != nil {
		_ = fleet.Close() // the reason for giving up is err
		return nil, err
	}
	return fleet, nil
}

// onGPUs settles what the GPUs' choices depend on besides them: what precision
// auto means for the experiment's network and stories, and which weights are
// applied as factors.
func (t *LanguageModel) onGPUs(d Device, precision string, apply transformer.Application) (_ Device, err error) {
	if precision == "auto" {
		if d, err = cudaDevice(d.selection, d.gpus, t.fastPrecision(d.gpus), apply); err != nil {
			return d, err
		}
	}
	choice, err := transformer.ChooseGPU(t.Spec, transformer.Precision(d.Precision), d.gpus[0], sequences(t.Train).Longest())
	if err != nil {
		return d, as(BadDevice, err)
	}
	d.kernels = choice.String()
	d.Plan = transformer.GPUPlan(t.layout, t.Spec, choice, apply)
	return d, nil
}

// fastPrecision is what auto means on GPUs for the experiment's network and
// stories.
func (t *LanguageModel) fastPrecision(gpus []gpu.Info) transformer.Precision {
	return transformer.FastPrecision(t.Spec, gpus[0], sequences(t.Train).Longest())
}

// traffic returns the bytes that the engine has copied between host and
// device; a CPU copies none.
func traffic(e Engine) gpu.Traffic {
	if counted, ok := e.(interface{ Traffic() gpu.Traffic }); ok {
		return counted.Traffic()
	}
	return gpu.Traffic{}
}
