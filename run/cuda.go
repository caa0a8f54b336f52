package run

import (
	"fmt"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/task/lm"
)

// chooseCUDA checks that the selected GPUs can be opened and are of one kind.
func chooseCUDA(selection gpu.Selection, precision string) (Device, error) {
	if precision == "auto" || precision == "" {
		precision = string(transformer.FP32)
	}
	mode, err := transformer.ParsePrecision(precision)
	if err != nil {
		return Device{}, as(BadDevice, err)
	}
	devices, err := selection.Open()
	if err != nil {
		return Device{}, as(BadDevice, err)
	}
	d := Device{Kind: devices[0].Architecture(), Precision: precision, CUDA: true}
	var ordinals []int
	for _, each := range devices {
		ordinals = append(ordinals, each.Ordinal)
		d.busIDs = append(d.busIDs, each.BusID)
		if each.Architecture() != d.Kind {
			err = errorf(BadDevice, "device: %s: %v is %s and %v is %s: choose GPUs of one kind", selection, devices[0], d.Kind, each, each.Architecture())
		}
	}
	d.Name = fmt.Sprintf("%s (%s, %s, %s)", selection, devices[0].Name, d.Kind, precision)
	for _, each := range devices {
		if closeErr := each.Close(); err == nil {
			err = closeErr
		}
	}
	d.languageModel = func(spec model.Transformer, layout *model.Layout, data lm.Data, parents int) (languageEngine, error) {
		fleet, err := trustedFleet(ordinals, spec, layout, data, mode, parents)
		if err != nil {
			return nil, as(BadDevice, err)
		}
		return fleet, nil
	}
	return d, err
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

// fastPrecision is what auto means for the experiment's network and stories on
// the first GPU.
func (t *LanguageModel) fastPrecision() transformer.Precision {
	infos, err := gpu.Devices()
	if err != nil || len(infos) == 0 {
		return transformer.FP32
	}
	s, longest := sequences(t.Train), 0
	for i := range s.Len() {
		longest = max(longest, len(s.At(i))-1)
	}
	return transformer.FastPrecision(t.Spec, infos[0], longest)
}

// traffic returns the bytes that the engine has copied between host and
// device; a CPU copies none.
func traffic(e Engine) gpu.Traffic {
	if counted, ok := e.(interface{ Traffic() gpu.Traffic }); ok {
		return counted.Traffic()
	}
	return gpu.Traffic{}
}
