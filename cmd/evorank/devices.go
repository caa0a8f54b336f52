package main

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/image"
	"github.com/evorank/evorank/kernels/vector"
	"github.com/urfave/cli/v2"
)

func devicesCommand() *cli.Command {
	return &cli.Command{
		Name:  "devices",
		Usage: "show the processor and the GPUs that evorank could use, or why it cannot",
		Flags: []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print it as JSON"}},
		Action: func(c *cli.Context) error {
			d := lookAround()
			if c.Bool("json") {
				return printJSON(c, d)
			}
			d.print(c.App.Writer)
			return nil
		},
	}
}

// surroundings is what a machine has to compute with.
type surroundings struct {
	CPU struct {
		Name           string     `json:"name"`
		Threads        int        `json:"threads"`
		InstructionSet vector.ISA `json:"instruction_set"`
	} `json:"cpu"`
	Driver   string   `json:"driver,omitempty"`
	GPUs     []device `json:"gpus"`
	Unusable string   `json:"unusable,omitempty"` // why there is no GPU
}

// device is one GPU, what NVML reads of it, and the code that it would run.
type device struct {
	gpu.Info
	Reading *gpu.Reading `json:"reading,omitempty"`
	Image   string       `json:"kernel_image"`
}

func lookAround() surroundings {
	var s surroundings
	s.CPU.Name, s.CPU.Threads, s.CPU.InstructionSet = cpuName(), runtime.GOMAXPROCS(0), vector.BestISA()
	infos, err := gpu.Devices()
	if err == nil && len(infos) == 0 {
		err = errors.New("the driver sees no GPU")
	}
	if err != nil {
		s.Unusable = err.Error()
		return s
	}
	if version, err := gpu.DriverVersion(); err == nil {
		s.Driver = version
	}
	for _, info := range infos {
		d := device{Info: info, Image: image.Choice(info)}
		if monitor, err := gpu.OpenMonitor(info.BusID); err == nil {
			if reading, err := monitor.Read(); err == nil {
				d.Reading = &reading
			}
		}
		s.GPUs = append(s.GPUs, d)
	}
	return s
}

func (s surroundings) print(w io.Writer) {
	fmt.Fprintf(w, "cpu     %s, %d threads, %s\n", s.CPU.Name, s.CPU.Threads, s.CPU.InstructionSet)
	if s.Unusable != "" {
		fmt.Fprintf(w, "cuda    none: %s\n", s.Unusable)
		return
	}
	for _, d := range s.GPUs {
		fmt.Fprintf(w, "cuda:%d  %s, %s, %d multiprocessors, %.0f GiB, driver %s (CUDA %s), kernels %s\n",
			d.Ordinal, d.Name, d.Architecture(), d.Multiprocessors, float64(d.MemoryBytes)/(1<<30), s.Driver, d.CUDA, d.Image)
		if d.Reading != nil {
			fmt.Fprintf(w, "        %s\n", describeReading(*d.Reading))
		}
	}
}

// describeReading names what NVML told; what it did not tell is left out.
func describeReading(r gpu.Reading) string {
	var parts []string
	add := func(value *float64, format string) {
		if value != nil {
			parts = append(parts, fmt.Sprintf(format, *value))
		}
	}
	if r.MemoryUsedBytes != nil {
		parts = append(parts, fmt.Sprintf("%.1f GiB in use", float64(*r.MemoryUsedBytes)/(1<<30)))
	}
	add(r.UtilisationPct, "%.0f %% busy")
	add(r.TemperatureC, "%.0f °C")
	add(r.PowerWatts, "%.0f W")
	add(r.SMClockMHz, "%.0f MHz")
	add(r.MemoryClockMHz, "memory %.0f MHz")
	parts = append(parts, fmt.Sprintf("%d processes", len(r.Processes)))
	return strings.Join(parts, ", ")
}
