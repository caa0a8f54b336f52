package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/evorank/evorank/run"
	"github.com/evorank/evorank/study"
	"github.com/rs/zerolog"
	"github.com/urfave/cli/v2"
)

// studyProgress shows a study on standard error: a line for each trial under
// way and one for the whole, rewritten on a terminal, logged now and then
// otherwise.
type studyProgress struct {
	out             io.Writer
	log             zerolog.Logger
	terminal, quiet bool
	forecast        *study.Forecast
	trials, done    int
	running         []trialLine // in the order in which they began
	last            time.Time
	drawn           int // lines on the terminal
}

type trialLine struct {
	trial study.Trial
	now   *run.Progress
}

func newStudyProgress(c *cli.Context, states []study.State, parallel int) *studyProgress {
	p := &studyProgress{
		out: c.App.ErrWriter, log: logger(c.App.ErrWriter), terminal: isTerminal(c.App.ErrWriter), quiet: c.Bool("quiet"),
		forecast: study.NewForecast(states, parallel), trials: len(states),
	}
	for _, s := range states {
		if s.Done() {
			p.done++
		}
	}
	return p
}

// event takes note of what happened and shows it if it is time.
func (p *studyProgress) event(e study.Event) {
	switch {
	case e.Began:
		p.running = append(p.running, trialLine{trial: e.Trial})
	case e.Ended:
		p.ended(e)
	default:
		p.forecast.Observe(e.Trial, *e.Progress)
		for i := range p.running {
			if p.running[i].trial.Dir == e.Trial.Dir {
				p.running[i].now = e.Progress
			}
		}
	}
	pause := logEvery
	if p.terminal {
		pause = 100 * time.Millisecond
	}
	if now := time.Now(); !p.quiet && now.Sub(p.last) >= pause {
		p.last = now
		p.show()
	}
}

// ended forgets a trial and says how it ended, which stays on the screen.
func (p *studyProgress) ended(e study.Event) {
	var ended trialLine
	for i, l := range p.running {
		if l.trial.Dir == e.Trial.Dir {
			ended = l
			p.running = append(p.running[:i], p.running[i+1:]...)
			break
		}
	}
	if e.Err == nil {
		p.done++
	}
	if p.quiet || e.Err != nil { // the error is reported by the command
		return
	}
	p.erase()
	p.log.Info().Str("trial", e.Trial.String()).Str("best", ended.best()).Msgf("done, %d of %d", p.done, p.trials)
}

func (l trialLine) best() string {
	if l.now == nil {
		return "–"
	}
	return fmt.Sprintf("%.4f", l.now.Best)
}

// text is the line of one trial.
func (l trialLine) text() string {
	if l.now == nil {
		return fmt.Sprintf("%s: beginning", l.trial)
	}
	return fmt.Sprintf("%s: generation %d/%d  best %s  %s %s/s", l.trial, l.now.Generation, l.trial.Config.Generations, l.best(), thousands(l.now.UnitsPerSecond), l.now.Words().Units)
}

// whole is the line of the study.
func (p *studyProgress) whole() string {
	left, rest := p.forecast.Left()
	eta := "not known yet"
	if rest > 0 || left == 0 {
		eta = rest.Round(time.Second).String()
	}
	return fmt.Sprintf("study: %d of %d trials done, %d generations to go, ETA %s", p.done, p.trials, left, eta)
}

func (p *studyProgress) show() {
	var lines []string
	for _, l := range p.running {
		lines = append(lines, l.text())
	}
	lines = append(lines, p.whole())
	if !p.terminal {
		for _, l := range lines {
			p.log.Info().Msg(l)
		}
		return
	}
	p.erase()
	fmt.Fprintf(p.out, "\x1b[?7l%s\x1b[?7h\n", strings.Join(lines, "\n")) // cut at the edge: a wrapped line would count twice
	p.drawn = len(lines)
}

// erase removes the lines that are going to be written again.
func (p *studyProgress) erase() {
	if p.drawn > 0 {
		fmt.Fprintf(p.out, "\x1b[%dA\x1b[J", p.drawn)
	}
	p.drawn = 0
}

// end shows where the study stands at last.
func (p *studyProgress) end() {
	if !p.quiet {
		p.show()
	}
}
