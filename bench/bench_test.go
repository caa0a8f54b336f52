package bench

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/kernels/vector"
)

func TestSyntheticLengths(t *testing.T) {
	s := Synthetic(1000, 50)
	n, mean, square := float64(s.Len()), 0.0, 0.0
	for i := range s.Len() {
		targets := float64(len(s.At(i)) - 1)
		mean, square = mean+targets/n, square+targets*targets/n
	}
	if sd := math.Sqrt(square - mean*mean); math.Abs(mean-242) > 3 || math.Abs(sd-118) > 5 {
		t.Errorf("mean %.1f, sd %.1f, want about 242 and 118", mean, sd)
	}
}

func TestSpread(t *testing.T) {
	var all [][]int32
	for _, n := range []int{9, 2, 7, 4, 5, 3, 8, 6} {
		all = append(all, make([]int32, n))
	}
	s := Spread(transformer.Pack(all...), 4)
	for i, want := range []int{3, 5, 7, 9} {
		if got := len(s.At(i)); got != want {
			t.Errorf("story %d has %d tokens, want %d", i, got, want)
		}
	}
}

// TestLM times nothing of interest, but goes the whole way, check included.
func TestLM(t *testing.T) {
	clock := time.Unix(0, 0)
	o := Options{Individuals: 2, Threads: []int{1}, ISAs: []vector.ISA{vector.BestISA()}, Application: transformer.Auto, Repeat: 1,
		Now: func() time.Time { clock = clock.Add(time.Second); return clock }}
	rows, err := LM(context.Background(), PaperNetworks(40), Synthetic(3, 40), o, func(Row) {})
	if err != nil || len(rows) != 4 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if r := rows[0]; r.TokensPerSecond != float64(r.Tokens) || r.LargestError == 0 {
		t.Errorf("%+v", r)
	}
}

func TestUnpack(t *testing.T) {
	dir, err := unpack()
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for _, b := range baselines {
		if _, err := os.Stat(filepath.Join(dir, b.script)); err != nil {
			t.Error(err)
		}
	}
}
