package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/evorank/evorank/run"
	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"
	"github.com/urfave/cli/v2"
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
	begun       time.Time

	sync.Mutex               // of what follows
	last       time.Time     // when something was shown
	latest     *run.Progress // of the last generation that was finished
	finished   time.Time     // when
	stage      run.Stage     // as it was last seen
	seen       time.Time     // when
	rate       float64       // units a second since the time before
	shown      bool
}

// The pauses between progress lines, rewritten or not, and between log lines
// about a generation that goes on.
const (
	rewriteEvery = 100 * time.Millisecond
	logEvery     = 5 * time.Second
	stageEvery   = 30 * time.Second
)

func newProgress(c *cli.Context, r *run.Run) *progress {
	p := &progress{
		out: c.App.ErrWriter, log: logger(c.App.ErrWriter), terminal: isTerminal(c.App.ErrWriter),
		quiet: c.Bool("quiet"), generations: r.Generations(), first: int(r.Generation()), begun: time.Now(), last: time.Now(),
	}
	if !p.quiet {
		p.log.Info().Str("dir", r.Dir()).Str("device", r.Device()).Int("parameters", r.Layout().Genotype).
			Int("population", r.Config().Search.Population).Int("generations", p.generations).Msg("training")
	}
	return p
}

// watch looks at the stage under way now and then, until stop is called.
func (p *progress) watch(r *run.Run) (stop func()) {
	if p.quiet {
		return func() {}
	}
	tick := time.NewTicker(500 * time.Millisecond)
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				if s, ok := r.Stage(); ok {
					p.underWay(s, r.Experiment().Task.Words())
				}
			}
		}
	}()
	return func() {
		tick.Stop()
		close(done)
		<-gone // nothing is shown any more
	}
}

// underWay shows how far a generation is that takes its time.
func (p *progress) underWay(s run.Stage, w run.Words) {
	p.Lock()
	defer p.Unlock()
	now := time.Now()
	if s.Generation == p.stage.Generation && s.Stage == p.stage.Stage && s.Units >= p.stage.Units {
		p.rate = float64(s.Units-p.stage.Units) / now.Sub(p.seen).Seconds()
	}
	p.stage, p.seen = s, now
	pause := stageEvery
	if p.terminal {
		pause = rewriteEvery
	}
	if now.Sub(p.last) < pause {
		return
	}
	p.last = now
	if !p.terminal {
		p.log.Info().Int("generation", int(s.Generation)).Str("stage", fmt.Sprintf("%d/%d", s.Stage, s.Stages)).
			Str(w.Cases, fmt.Sprintf("%d/%d", s.Done, s.Cases)).Str(w.Units+"/s", thousands(p.rate)).Msg("evaluating")
		return
	}
	p.rewrite("generation %d/%d  stage %d/%d  %d/%d %s  %s %s/s  %s  ETA %s", s.Generation, p.generations, s.Stage, s.Stages,
		s.Done, s.Cases, w.Cases, thousands(p.rate), w.Units, p.bestSoFar(w), p.left(now))
}

func (p *progress) bestSoFar(w run.Words) string {
	if p.latest == nil {
		return w.Score + " not known yet"
	}
	return fmt.Sprintf("%s best %.4f median %.4f", w.Score, p.latest.Best, p.latest.Median)
}

// left is the time until the last generation at the pace so far.
func (p *progress) left(now time.Time) string {
	if p.latest == nil {
		return "not known yet"
	}
	done := int(p.latest.Generation) - p.first
	left := p.finished.Sub(p.begun)/time.Duration(done)*time.Duration(p.generations-int(p.latest.Generation)) - now.Sub(p.finished)
	return max(0, left).Round(time.Second).String()
}

// generation shows one finished generation.
func (p *progress) generation(g run.Progress) {
	p.Lock()
	defer p.Unlock()
	now, final := time.Now(), int(g.Generation) == p.generations
	p.latest, p.finished = &g, now
	pause := logEvery
	if p.terminal {
		pause = rewriteEvery
	}
	if p.quiet || !final && now.Sub(p.last) < pause {
		return
	}
	p.last = now
	if !p.terminal {
		line := p.log.Info().Int("generation", int(g.Generation)).Str("best", fmt.Sprintf("%.4f", g.Best)).
			Str("median", fmt.Sprintf("%.4f", g.Median)).Str(g.Words().Units+"/s", thousands(g.UnitsPerSecond))
		if gpu := gpuLoad(g); gpu != "" {
			line = line.Str("gpu", gpu)
		}
		line.Str("eta", p.left(now)).Msg("evolved")
		return
	}
	gpu := gpuLoad(g)
	if gpu != "" {
		gpu = "  GPU " + gpu
	}
	p.rewrite("generation %d/%d  %s  %s %s/s%s  ETA %s", g.Generation, p.generations, p.bestSoFar(g.Words()), thousands(g.UnitsPerSecond), g.Words().Units, gpu, p.left(now))
}

// gpuLoad says how busy and how full the run's GPUs are; nothing without one.
func gpuLoad(g run.Progress) string {
	if g.GPUUtilisation == nil || g.GPUMemoryUsed == nil {
		return ""
	}
	return fmt.Sprintf("%.0f %%, %.1f GiB", *g.GPUUtilisation, float64(*g.GPUMemoryUsed)/(1<<30))
}

func (p *progress) rewrite(format string, args ...any) {
	p.shown = true
	fmt.Fprintf(p.out, "\r\x1b[K"+format, args...)
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

// fieldsOrder puts first what a log line is about; other fields follow.
var fieldsOrder = []string{"trial", "dir", "device", "parameters", "population", "generations", "generation", "stage", "best", "median"}

// logger writes plain log lines, coloured on a terminal unless NO_COLOR is set.
func logger(w io.Writer) zerolog.Logger {
	_, plain := os.LookupEnv("NO_COLOR")
	return zerolog.New(zerolog.ConsoleWriter{Out: w, NoColor: plain || !isTerminal(w), TimeFormat: time.TimeOnly, FieldsOrder: fieldsOrder}).With().Timestamp().Logger()
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// interruptible returns a context that the first SIGINT or SIGTERM cancels;
// after that the signals have their usual effect: the second one kills. It says
// so, for a step under way may take a while; what is left then, and how to go
// on, is the command's to tell.
func interruptible(c *cli.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(c.Context, os.Interrupt, syscall.SIGTERM)
	done := context.AfterFunc(ctx, func() {
		stop()
		if isTerminal(c.App.ErrWriter) {
			fmt.Fprintln(c.App.ErrWriter) // below the progress line
		}
		log := logger(c.App.ErrWriter)
		log.Info().Msg("stopping; the same again ends at once")
	})
	return ctx, func() {
		done()
		stop()
	}
}
