package bench

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/kernels/vector"
	"github.com/evorank/evorank/model"
)

func TestSyntheticLengths(t *testing.T) {
	s := Synthetic(1000, 50)
	n, mean, square := float64(s.Len()), 0.0, 0.0
	for i := range s.Len() {
		targets := float64(len(s.At(i)) - 1)
		mean, square = mean+targets/n, square+targets*targets/n
	}
	if sd := math.Sqrt(square - mean*mean); !(math.Abs(mean-242) <= 3 && math.Abs(sd-118) <= 5) {
		t.Errorf("mean %.1f, sd %.1f, want about 242 and 118", mean, sd)
	}
}

// ofLengths packs stories of so many tokens.
func ofLengths(lengths ...int) transformer.Sequences {
	var all [][]int32
	for _, n := range lengths {
		all = append(all, make([]int32, n))
	}
	return transformer.Pack(all...)
}

func TestSpread(t *testing.T) {
	s := Spread(ofLengths(9, 2, 7, 4, 5, 3, 8, 6), 4)
	for i, want := range []int{3, 5, 7, 9} {
		if got := len(s.At(i)); got != want {
			t.Errorf("story %d has %d tokens, want %d", i, got, want)
		}
	}
}

// clock advances by a second with each look.
func clock() func() time.Time {
	now := time.Unix(0, 0)
	return func() time.Time { now = now.Add(time.Second); return now }
}

// TestLM times nothing of interest, but goes the whole way, check included.
func TestLM(t *testing.T) {
	o := Options{Individuals: 2, Threads: []int{1}, ISAs: []vector.ISA{vector.BestISA()}, Application: transformer.Auto, Repeat: 1, Now: clock()}
	rows, err := LM(context.Background(), PaperNetworks(40), Synthetic(3, 40), o, func(Row) {})
	if err != nil || len(rows) != 4 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	r := rows[0]
	if r.TokensPerSecond != float64(r.Tokens) || !(r.LargestError > 0 && r.ExponentialsPerSecond > 0 && r.FLOPPerSecond > 0) || len(r.losses) != 2 {
		t.Errorf("%+v", r)
	}
}

// wrong is an evaluator that is off by a little.
type wrong struct {
	evaluator
	by float64
}

func (w wrong) PerStory(ctx context.Context, c model.Candidate, cases model.Cases) ([]float64, error) {
	losses := make([]float64, cases.Count)
	for i := range losses {
		losses[i] = w.by
	}
	return losses, nil
}

// TestNothingWrongIsTimed: not even what is not a number.
func TestNothingWrongIsTimed(t *testing.T) {
	c := check{want: []float64{0, 0}}
	for _, by := range []float64{1e-3, math.NaN()} {
		row := Row{}
		if err := row.measure(context.Background(), wrong{by: by}, c, model.Transformer{}, ofLengths(3), 2e-5, Options{}); err == nil {
			t.Errorf("losses that are off by %v were timed", by)
		}
	}
}

// TestAffordable: the reference is not given more than it can do in a second.
func TestAffordable(t *testing.T) {
	stories := Synthetic(200, 40)
	for _, n := range append(PaperNetworks(40), SizedNetworks(64, 40)...) {
		some := affordable(n.Spec, stories)
		if flop := WorkOf(n.Spec, some).FLOP; flop > checkedFLOP || some.Len() < 1 {
			t.Errorf("%s: %d stories of %d FLOP", n.Name, some.Len(), flop)
		}
	}
	if some := affordable(SizedNetworks(1024, 40)[0].Spec, ofLengths(300, 7, 200)); some.Len() != 1 || len(some.At(0)) != 7 {
		t.Errorf("of a large network not just the shortest story is checked, but %d of them", some.Len())
	}
}

func TestSizedNetworksHaveLayouts(t *testing.T) {
	for _, hidden := range []int{2, 7, 32, 256, 1024} {
		for _, n := range SizedNetworks(hidden, 50) {
			if _, err := n.layout(); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestWorkOf by hand: one story of three targets, and the paper's figures.
func TestWorkOf(t *testing.T) {
	spec := model.Transformer{Hidden: 3, Heads: 2, HeadDim: 5, FFN: 7, Blocks: 1, Vocab: 11}
	w := WorkOf(spec, ofLengths(4))
	products := 3 * (3*3*10 + 10*3 + 2*3*7 + 3*11) // of three positions
	scores := 2 * (1 + 2 + 3)                      // two heads
	if want := (Work{3, int64(3*11 + scores), int64(2*products + 2*2*5*scores)}); w != want {
		t.Errorf("%+v, want %+v", w, want)
	}
	paper := WorkOf(PaperNetworks(2051)[0].Spec, Synthetic(1012, 2051))
	exponentials, flop := float64(paper.Exponentials)/float64(paper.Tokens), float64(paper.FLOP)/float64(paper.Tokens)
	if !(3700 <= exponentials && exponentials <= 4000 && 2e5 <= flop && flop <= 2.3e5) {
		t.Errorf("a token takes %.0f exponentials and %.0f FLOP, design.md has about 3850 and 0.21 million", exponentials, flop)
	}
}

func TestRatios(t *testing.T) {
	row := func(network, framework string, speed float64) Row {
		return Row{Network: network, Framework: framework, Individuals: 4, Stories: 2, TokensPerSecond: speed}
	}
	elsewhere := row("a", "PyTorch", 1000)
	elsewhere.Stories = 3
	coarser := row("a", "PyTorch", 1000)
	coarser.Precision = "fp16"
	ours := []Row{row("a", "evorank", 100), row("b", "evorank", 90)}
	theirs := []Row{row("a", "PyTorch", 25), row("a", "PyTorch", 10), row("b", "PyTorch", 90), row("a", "JAX", 0), elsewhere, coarser}
	ratios, mean := Ratios(ours, theirs)
	if len(ratios) != 2 || ratios[0].Times != 4 || ratios[1].Times != 1 {
		t.Errorf("%+v", ratios)
	}
	if len(mean) != 1 || !(math.Abs(mean["PyTorch"]-2) <= 1e-12) {
		t.Errorf("geometric means %v, want PyTorch's 2", mean)
	}
}

func TestUnpack(t *testing.T) {
	dir, err := unpack()
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	scripts := []string{"bench_common.py", "bench_gpu_common.py"}
	for _, f := range slices.Concat(cpuForms, gpuForms) {
		scripts = append(scripts, f.script)
	}
	for _, s := range scripts {
		if _, err := os.Stat(filepath.Join(dir, s)); err != nil {
			t.Error(err)
		}
	}
}
