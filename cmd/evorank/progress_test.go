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
