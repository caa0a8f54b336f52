package main

import (
	"strings"
	"testing"
	"time"

	"github.com/evorank/evorank/run"
)

// TestProgressShowsTheGPU: on a terminal and in a log, where there is one.
func TestProgressShowsTheGPU(t *testing.T) {
	percent, bytes := 97.4, uint64(13<<28)
	with := run.Progress{Generation: 3, GPUUtilisation: &percent, GPUMemoryUsed: &bytes}
	for _, terminal := range []bool{true, false} {
		var out strings.Builder
		p := progress{out: &out, log: logger(&out), terminal: terminal, generations: 9, begun: time.Now()}
		p.generation(with)
		if !strings.Contains(out.String(), "97 %, 3.2 GiB") {
			t.Errorf("terminal %v: %q", terminal, out.String())
		}
		out.Reset()
		p.last = time.Time{}
		p.generation(run.Progress{Generation: 4})
		if text := strings.ToLower(out.String()); text == "" || strings.Contains(text, "gpu") {
			t.Errorf("terminal %v, no GPU: %q", terminal, text)
		}
	}
}

// TestProgressShowsTheStage: what a generation that takes minutes is at, with
// the rate since the last look, what is known of the scores, and the time left.
func TestProgressShowsTheStage(t *testing.T) {
	var out strings.Builder
	now := time.Now()
	p := progress{out: &out, log: logger(&out), terminal: true, generations: 9, begun: now.Add(-time.Hour)}
	w := run.Words{Score: "return", Cases: "episodes", Units: "env steps"}
	p.underWay(run.Stage{Generation: 1, Stage: 1, Stages: 2, Done: 3, Cases: 512, Units: 100}, w)
	if want := "generation 1/9  stage 1/2  3/512 episodes  0 env steps/s  return not known yet  ETA not known yet"; !strings.Contains(out.String(), want) {
		t.Errorf("%q, want %q", out.String(), want)
	}
	p.latest, p.finished = &run.Progress{Generation: 4, Scores: run.Scores{Best: 12.5, Median: 3}}, now
	p.stage = run.Stage{Generation: 5, Stage: 2, Units: 1000}
	p.seen, p.last = now.Add(-10*time.Second), time.Time{}
	out.Reset()
	p.underWay(run.Stage{Generation: 5, Stage: 2, Stages: 2, Done: 90, Cases: 128, Units: 31000}, w)
	for _, want := range []string{"generation 5/9  stage 2/2  90/128 episodes  3k env steps/s", "return best 12.5000 median 3.0000", "ETA 1h1"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q lacks %q", out.String(), want)
		}
	}
}
