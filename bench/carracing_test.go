package bench

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/evorank/evorank/task/carracing"
)

func recording(t *testing.T, name string) *carracing.Golden {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "task", "carracing", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	g, err := carracing.ReadGolden(f)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestDigestIsTheRealEnvironments: the constant comes from recordings of it.
func TestDigestIsTheRealEnvironments(t *testing.T) {
	trace, frames := recording(t, "trace-s0006-p000.bin.gz"), recording(t, "frames-s0006-p000.bin.gz")
	if got := digest(trace, frames); got != realDigest {
		t.Errorf("the recordings' digest is %s, the constant %s", got, realDigest)
	}
}

// TestCarRacing times nothing of interest, but goes the whole way, check
// included.
func TestCarRacing(t *testing.T) {
	var now time.Duration
	clock := func() time.Duration { now += time.Second; return now }
	o := Driving{Tracks: 2, Steps: 6, Repeat: 1, Threads: 2, Wall: clock, CPU: clock}
	rows, err := CarRacing(context.Background(), o, func(DrivingRow) {})
	if err != nil || len(rows) != 5+1+8 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, r := range rows {
		if r.PerSecond != float64(r.Count) || r.Count == 0 {
			t.Errorf("%+v", r)
		}
		if strings.HasPrefix(r.Case, "step") && !(r.Allocations <= 0.01) {
			t.Errorf("%s: %v allocations a step", r.Case, r.Allocations)
		}
	}
}

func TestReadGymnasium(t *testing.T) {
	rows, err := readGymnasium([]byte(`{"case":"64","count":100,"seconds":0.5,"version":"1.4.0"}`+"\n"), func(DrivingRow) {})
	if err != nil || len(rows) != 1 || rows[0].PerSecond != 200 || rows[0].Case != case64 {
		t.Errorf("%+v, %v", rows, err)
	}
	for _, bad := range []string{"hello\n", `{"case":"32"}` + "\n"} {
		if _, err := readGymnasium([]byte(bad), func(DrivingRow) {}); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
