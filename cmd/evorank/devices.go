package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/image"
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/kernels/vector"
	"github.com/evorank/evorank/task/lm"
	"github.com/urfave/cli/v2"
)

func devicesCommand() *cli.Command {
	return &cli.Command{
		Name:  "devices",
		Usage: "show the processor and the GPUs that evorank could use, and test each GPU; or why there is none",
		Description: "Every GPU evaluates a small population in each precision, and is compared with the\n" +
			"processor, as at the start of a run. A GPU that fails makes the exit code 4; one that\n" +
			"there are no kernels for is not tested.",
		Flags: []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print it as JSON"}},
		Action: func(c *cli.Context) error {
			s := lookAround(lm.SelfTest)
			if !c.Bool("json") {
				s.print(c.App.Writer)
			} else if err := printJSON(c, s); err != nil {
				return err
			}
			return withCode(exitDevice, s.failure())
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

// device is one GPU, the code that it would run, and how it did in the test.
type device struct {
	gpu.Card
	Arch      string     `json:"architecture"`
	Image     string     `json:"kernel_image"`
	SelfTests []selfTest `json:"self_tests"`
}

// selfTest is the result in one precision.
type selfTest struct {
	Precision transformer.Precision `json:"precision"`
	Passed    bool                  `json:"passed"`
	Seconds   float64               `json:"seconds"`
	Error     string                `json:"error,omitempty"`
}

// tester is what a GPU must pass, and how long that took.
type tester func(ordinal int, p transformer.Precision) (time.Duration, error)

// lookAround describes the machine.
func lookAround(test tester) surroundings {
	s := surroundings{GPUs: []device{}} // an empty list in JSON, not null
	s.CPU.Name, s.CPU.Threads, s.CPU.InstructionSet = cpuName(), runtime.GOMAXPROCS(0), vector.BestISA()
	cards, err := gpu.Cards()
	if err != nil {
		s.Unusable = err.Error()
		return s
	}
	if version, err := gpu.DriverVersion(); err == nil {
		s.Driver = version
	}
	for _, card := range cards {
		s.GPUs = append(s.GPUs, examine(card, test))
	}
	return s
}

// examine tests a GPU in every precision, if there are kernels for it.
func examine(card gpu.Card, test tester) device {
	d := device{Card: card, Arch: card.Architecture(), Image: image.Choice(card.Info), SelfTests: []selfTest{}}
	if !d.supported() {
		return d
	}
	for _, p := range []transformer.Precision{transformer.FP32, transformer.TF32, transformer.BF16, transformer.FP16} {
		taken, err := test(card.Ordinal, p)
		result := selfTest{Precision: p, Passed: err == nil, Seconds: taken.Seconds()}
		if err != nil {
			result.Error = err.Error()
		}
		d.SelfTests = append(d.SelfTests, result)
	}
	return d
}

// supported tells whether the program has code for the GPU.
func (d device) supported() bool { return d.Image != "none" }

// failure is the first self-test that failed, as an error.
func (s surroundings) failure() error {
	for _, d := range s.GPUs {
		for _, t := range d.SelfTests {
			if !t.Passed {
				return errors.New(t.Error)
			}
		}
	}
	return nil
}

func (s surroundings) print(w io.Writer) {
	fmt.Fprintf(w, "cpu   %s, %d threads, %s\n", s.CPU.Name, s.CPU.Threads, s.CPU.InstructionSet)
	if s.Unusable != "" {
		fmt.Fprintf(w, "cuda  none: %s\n", s.Unusable)
		return
	}
	fmt.Fprintf(w, "cuda  driver %s, CUDA %s\n\n", cmp.Or(s.Driver, "not told"), s.GPUs[0].CUDA)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "device\tname\tarch\tkernels\tnvidia-smi\tmemory\tin use\tbusy\ttemp\tpower\tSM clock\tmemory clock\tprocesses")
	for _, d := range s.GPUs {
		fmt.Fprintln(table, strings.Join(d.row(), "\t"))
	}
	table.Flush()
	for _, d := range s.GPUs {
		d.printDetails(w)
	}
}

// row is the device's line of the table; what NVML did not tell is a dash.
func (d device) row() []string {
	const none = "–"
	index, r := none, gpu.Reading{}
	if d.Index != nil {
		index = fmt.Sprint(*d.Index)
	}
	if d.Reading != nil {
		r = *d.Reading
	}
	number := func(x *float64, unit string) string {
		if x == nil {
			return none
		}
		return fmt.Sprintf("%.0f %s", *x, unit)
	}
	used, processes := none, none
	if r.MemoryUsedBytes != nil {
		used = gibibytes(*r.MemoryUsedBytes)
	}
	if r.Processes != nil {
		processes = fmt.Sprint(len(r.Processes))
	}
	return []string{
		fmt.Sprintf("cuda:%d", d.Ordinal), d.Name, d.Architecture(), d.Image, index, gibibytes(d.MemoryBytes), used,
		number(r.UtilisationPct, "%"), number(r.TemperatureC, "°C"), number(r.PowerWatts, "W"),
		number(r.SMClockMHz, "MHz"), number(r.MemoryClockMHz, "MHz"), processes,
	}
}

// printDetails adds what does not fit a row.
func (d device) printDetails(w io.Writer) {
	fmt.Fprintf(w, "\ncuda:%d  %d multiprocessors, %d KiB of shared memory a block, PCI %s, %s\n",
		d.Ordinal, d.Multiprocessors, d.SharedPerBlock>>10, d.BusID, d.UUID)
	if d.Note != "" {
		fmt.Fprintf(w, "        no readings: %s\n", d.Note)
	}
	if d.Reading != nil {
		for _, p := range d.Reading.Processes {
			fmt.Fprintf(w, "        process %d%s\n", p.PID, usedBy(p))
		}
	}
	if !d.supported() {
		fmt.Fprintf(w, "        not tested: this program has no kernels for %s\n", d.Arch)
	}
	for _, t := range d.SelfTests {
		result := "passed"
		if !t.Passed {
			result = "FAILED: " + t.Error
		}
		fmt.Fprintf(w, "        self-test %s: %.2f s, %s\n", t.Precision, t.Seconds, result)
	}
}

// usedBy says how much memory a process holds, if the system tells.
func usedBy(p gpu.Process) string {
	if p.UsedBytes == math.MaxUint64 {
		return ""
	}
	return " holds " + gibibytes(p.UsedBytes)
}

func gibibytes(n uint64) string { return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30)) }
