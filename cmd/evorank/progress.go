package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/evorank/evorank/run"
	"github.com/rs/zerolog"
	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"
)

// progress shows a run on standard error: one line that is rewritten on a
// terminal, a log line now and then otherwise.
type progress struct {
	out         io.Writer
	log         zerolog.Logger
	terminal    bool
	quiet       bool
	generations int
	first       int // generation that this process began with
	begun, last time.Time
	shown       bool
}

// logEvery is the pause between progress lines that are not rewritten.
const logEvery = 5 * time.Second

func newProgress(c *cli.Context, r *run.Run) *progress {
	p := &progress{
		out: c.App.ErrWriter, log: logger(c.App.ErrWriter), terminal: isTerminal(c.App.ErrWriter),
		quiet: c.Bool("quiet"), generations: r.Generations(), first: int(r.Generation()), begun: time.Now(),
	}
	if !p.quiet {
		p.log.Info().Str("dir", r.Dir()).Str("device", r.Device()).Int("parameters", r.Layout().Genotype).
			Int("population", r.Config().Search.Population).Int("generations", p.generations).Msg("training")
	}
	return p
}

// generation shows one finished generation.
func (p *progress) generation(g run.Progress) {
	now, final := time.Now(), int(g.Generation) == p.generations
	pause := logEvery
	if p.terminal {
		pause = 100 * time.Millisecond
	}
	if p.quiet || !final && now.Sub(p.last) < pause {
		return
	}
	p.last = now
	done := int(g.Generation) - p.first
	left := now.Sub(p.begun) / time.Duration(done) * time.Duration(p.generations-int(g.Generation))
	if !p.terminal {
		line := p.log.Info().Int("generation", int(g.Generation)).Str("best", fmt.Sprintf("%.4f", g.Best)).
			Str("median", fmt.Sprintf("%.4f", g.Median)).Str(g.Words().Units+"/s", thousands(g.UnitsPerSecond))
		if load := gpuLoad(g); load != "" {
			line = line.Str("gpu", load)
		}
		line.Str("eta", left.Round(time.Second).String()).Msg("evolved")
		return
	}
	p.shown = true
	load := gpuLoad(g)
	if load != "" {
		load = "  GPU " + load
	}
	fmt.Fprintf(p.out, "\r\x1b[Kgeneration %d/%d  %s best %.4f median %.4f  %s %s/s%s  ETA %s",
		g.Generation, p.generations, g.Words().Score, g.Best, g.Median, thousands(g.UnitsPerSecond), g.Words().Units, load, left.Round(time.Second))
}

// gpuLoad says how busy the GPUs are and how much of their memory is used, or
// nothing if that is not known.
func gpuLoad(g run.Progress) string {
	if g.GPUUtilisation == nil || g.GPUMemoryUsed == nil {
		return ""
	}
	return fmt.Sprintf("%.0f %%, %s", *g.GPUUtilisation, gibibytes(*g.GPUMemoryUsed))
}

// end leaves the cursor on a fresh line.
func (p *progress) end() {
	if p.shown {
		fmt.Fprintln(p.out)
	}
}

// thousands prints a rate with three digits and k, M or G.
func thousands(x float64) string {
	for _, unit := range []string{"", "k", "M"} {
		if x < 1000 {
			return fmt.Sprintf("%.3g%s", x, unit)
		}
		x /= 1000
	}
	return fmt.Sprintf("%.3gG", x)
}

// logger writes plain log lines, coloured on a terminal unless NO_COLOR is set.
func logger(w io.Writer) zerolog.Logger {
	_, plain := os.LookupEnv("NO_COLOR")
	return zerolog.New(zerolog.ConsoleWriter{Out: w, NoColor: plain || !isTerminal(w), TimeFormat: time.TimeOnly}).With().Timestamp().Logger()
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// interruptible returns a context that the first SIGINT or SIGTERM cancels;
// after that the signals have their usual effect: the second one kills. It says
// so, for a step under way may take a while.
func interruptible(c *cli.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(c.Context, os.Interrupt, syscall.SIGTERM)
	done := context.AfterFunc(ctx, func() {
		stop()
		log := logger(c.App.ErrWriter)
		log.Info().Msg("stopping, resumable; the same again ends at once")
	})
	return ctx, func() {
		done()
		stop()
	}
}
