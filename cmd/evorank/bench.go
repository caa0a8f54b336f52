package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/evorank/evorank/bench"
	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/image"
	"github.com/urfave/cli/v2"
)

func benchCommand() *cli.Command {
	return &cli.Command{
		Name:  "bench",
		Usage: "check, then time: throughput beside named baselines",
		Subcommands: []*cli.Command{
			benchLMCommand(), benchNoiseCommand(), benchDevelopCommand(), benchTransferCommand(), benchPrecisionCommand(), benchCarRacingCommand(),
		},
	}
}

// place is where a benchmark runs: the processor, or GPUs whose ceilings have
// been measured.
type place struct {
	selection gpu.Selection
	infos     []gpu.Info // of the GPUs
	card      bench.Card
}

// choosePlace resolves --device as training does, without a run.
func choosePlace(c *cli.Context) (place, error) {
	name := c.String("device")
	if name == "" || name == "auto" {
		name = "cpu"
		if infos, err := gpu.Devices(); err == nil && len(infos) > 0 {
			name = "cuda"
		}
	}
	selection, err := gpu.ParseSelection(name)
	if err != nil {
		return place{}, usageError(err)
	}
	p := place{selection: selection}
	devices, err := selection.Open()
	for _, d := range devices {
		p.infos, p.card.Ordinals = append(p.infos, d.Info), append(p.card.Ordinals, d.Ordinal)
		if closeErr := d.Close(); err == nil {
			err = closeErr
		}
	}
	if err == nil && selection.CUDA {
		p.card.Ceilings, err = bench.MeasureCeilings(p.card.Ordinals[0])
	}
	return p, withCode(exitDevice, err)
}

// title prints what a report must say of where it was made.
func (p place) title(c *cli.Context, what string) {
	w := c.App.Writer
	if c.Bool("json") {
		return
	}
	fmt.Fprintf(w, "evorank %s, %s\n", version(), what)
	if !p.selection.CUDA {
		fmt.Fprintf(w, "cpu     %s, %d threads\n\n", cpuName(), runtime.GOMAXPROCS(0))
		return
	}
	driver, err := gpu.DriverVersion()
	if err != nil {
		driver = "of unknown version"
	}
	for _, info := range p.infos {
		fmt.Fprintf(w, "cuda:%d  %s, %s, %d multiprocessors, driver %s (CUDA %s), kernels %s%s\n", info.Ordinal, info.Name,
			info.Architecture(), info.Multiprocessors, driver, info.CUDA, image.Choice(info), clocks(info))
	}
	r := p.card.Ceilings
	fmt.Fprintf(w, "ceilings measured now: %s exponentials/s, %s float32 FLOP/s, %s tensor FLOP/s (mma.sync, 16 bit), %s B/s copied on the device\n\n",
		metric(r.Exponentials), metric(r.FMA), metric(r.Tensor), metric(r.CopyBytes))
}

// clocks says how fast the card runs just now.
func clocks(info gpu.Info) string {
	m, err := gpu.OpenMonitor(info.BusID)
	if err != nil {
		return ""
	}
	r, err := m.Read()
	if err != nil || r.SMClockMHz == nil || r.MemoryClockMHz == nil {
		return ""
	}
	return fmt.Sprintf(", %.0f MHz, memory %.0f MHz", *r.SMClockMHz, *r.MemoryClockMHz)
}

// metric writes a number with three digits and a unit's prefix.
func metric(x float64) string {
	for _, unit := range []string{"", "k", "M", "G", "T"} {
		if x < 999.5 {
			return fmt.Sprintf("%.3g%s", x, unit)
		}
		x /= 1000
	}
	return fmt.Sprintf("%.3gP", x)
}

// column is one of a line's columns, if it has something to say.
func column(there bool, format string, args ...any) string {
	if !there {
		return ""
	}
	return fmt.Sprintf(format, args...)
}

func threadsText(n int) string {
	if n == 0 {
		return "          "
	}
	return fmt.Sprintf("%2d threads", n)
}

// repeatClock is the flag --repeat.
func repeatClock(c *cli.Context) (bench.Clock, error) {
	if c.Int("repeat") < 1 {
		return bench.Clock{}, usagef("bench: --repeat %d: want at least 1", c.Int("repeat"))
	}
	return bench.Clock{Repeat: c.Int("repeat"), Now: time.Now}, nil
}

// wholeNumbers reads a flag's comma-separated numbers of at least one.
func wholeNumbers(c *cli.Context, flag string) ([]int, error) {
	var numbers []int
	for _, word := range strings.Split(c.String(flag), ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || n < 1 {
			return nil, usagef("bench: --%s %q: want numbers of at least 1, separated by commas", flag, c.String(flag))
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

func threadsFlag() cli.Flag {
	return &cli.IntSliceFlag{Name: "threads", Usage: "of the CPU; to be repeated (default: 1, and all cores)"}
}

// threadNumbers is the flag --threads: by default one, and all cores.
func threadNumbers(c *cli.Context) ([]int, error) {
	threads := c.IntSlice("threads")
	for _, n := range threads {
		if n < 1 {
			return nil, usagef("bench: --threads %d: want at least 1", n)
		}
	}
	if len(threads) == 0 {
		threads = []int{1}
		if n := runtime.GOMAXPROCS(0); n > 1 {
			threads = append(threads, n)
		}
	}
	return threads, nil
}

// benchContext ends with Ctrl-C: there is nothing to resume.
func benchContext(c *cli.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(c.Context, os.Interrupt, syscall.SIGTERM)
}
