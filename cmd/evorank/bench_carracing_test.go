package main

import (
	"strings"
	"testing"
)

func TestBenchCarRacing(t *testing.T) {
	out := must(t, "bench", "carracing", "--tracks", "1", "--steps", "3", "--repeat", "1", "--threads", "1")
	for _, want := range []string{"step, observation 64×64", "reset, no pictures", "lock step of 8", "dense, driving", "rank 1, answers alone"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	for args, says := range map[string]string{
		"--tracks 0": "want at least 1",
		"--steps 1":  "want at least 2",
		"--python none --tracks 1 --steps 2 --repeat 1": "Gymnasium",
	} {
		code, _, errs := call(t, "", append([]string{"bench", "carracing"}, strings.Fields(args)...)...)
		if code == exitDone || !strings.Contains(errs, says) || strings.Count(errs, "\n") != 1 {
			t.Errorf("bench carracing %s: exit %d, %q", args, code, errs)
		}
	}
}
