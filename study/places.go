package study

import (
	"fmt"
	"slices"
	"strings"

	"github.com/evorank/evorank/gpu"
)

// Places says where trials run that run side by side, one trial a place at a
// time: device names as a config has them. A parallel of 0 means one trial for
// each GPU that the study's config names, and otherwise one.
//
// Where there are more GPUs than trials, each trial has several; where there
// are fewer, trials share them. A trial's results depend on neither.
func (s *Study) Places(parallel int) ([]string, error) {
	device := s.configs[0].Execution.Device
	for _, cfg := range s.configs {
		if cfg.Execution.Device != device {
			return make([]string, max(1, parallel)), nil // each where its config says
		}
	}
	ordinals, err := ordinalsOf(device)
	if err != nil {
		return nil, badConfig(err)
	}
	return spread(device, ordinals, parallel), nil
}

// ordinalsOf lists the GPUs that a device names, none for any other device.
func ordinalsOf(device string) ([]int, error) {
	if !strings.HasPrefix(device, "cuda") {
		return nil, nil // package run knows what other words mean
	}
	s, err := gpu.ParseSelection(device)
	if err != nil || !s.All {
		return s.Ordinals, err
	}
	infos, err := gpu.Devices()
	if err != nil {
		return nil, nil // package run says why there are none
	}
	all := make([]int, len(infos))
	for i := range all {
		all[i] = i
	}
	return all, nil
}

// spread deals GPUs out to parallel trials.
func spread(device string, ordinals []int, parallel int) []string {
	n := len(ordinals)
	if parallel == 0 {
		parallel = max(1, n)
	}
	if n < 2 {
		return slices.Repeat([]string{device}, parallel)
	}
	places := make([]string, parallel)
	for p := range places {
		s := gpu.Selection{CUDA: true, Ordinals: []int{ordinals[p%n]}}
		for i := p + parallel; i < n; i += parallel {
			s.Ordinals = append(s.Ordinals, ordinals[i])
		}
		places[p] = s.String()
	}
	return places
}

// Demand is the memory of a GPU that one trial takes, and that of the GPU.
type Demand struct{ Trial, Device int64 }

// share is the part of a GPU's memory that trials may take together; the
// driver and others need some, too.
const share = 0.9

// Fit leaves out the places at which a trial would not find the memory that it
// takes when it has its GPUs to itself: those trials run one after the other.
// It returns a word about each GPU on which fewer run than asked for.
func Fit(places []string, demand func(device string) (Demand, error)) (fit, notes []string, err error) {
	asked := map[string]int{}
	for _, device := range places {
		asked[device]++
	}
	room := map[string]int{}
	for _, device := range sortedKeys(asked) {
		room[device] = asked[device]
		if asked[device] == 1 || !strings.HasPrefix(device, "cuda") {
			continue
		}
		d, err := demand(device)
		if err != nil {
			return nil, nil, err
		}
		room[device] = min(asked[device], max(1, int(share*float64(d.Device)/float64(max(1, d.Trial)))))
		if room[device] < asked[device] {
			notes = append(notes, fmt.Sprintf("%s: %d trials at a time instead of %d: each takes %d MiB of the GPU's %d", device, room[device], asked[device], d.Trial>>20, d.Device>>20))
		}
	}
	for _, device := range places {
		if room[device] > 0 {
			room[device]--
			fit = append(fit, device)
		}
	}
	return fit, notes, nil
}
