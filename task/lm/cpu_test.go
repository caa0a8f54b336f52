package lm

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/evorank/evorank/kernels/develop"
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/kernels/vector"
	"github.com/evorank/evorank/model"
)

var spec = model.Transformer{Hidden: 6, Heads: 2, HeadDim: 3, FFN: 10, Blocks: 2, Vocab: 19, Position: model.Rotary, RotaryDims: 4}

func testLayout(t testing.TB) *model.Layout {
	t.Helper()
	enc := model.TransformerEncodings{
		Embedding: model.Encoding{Kind: model.Factored, Rank: 3}, Attention: model.Encoding{Kind: model.Hybrid, Rank: 2},
		FeedForward: model.Encoding{Kind: model.Factored, Rank: 1},
	}
	l, err := spec.Layout(enc, model.Initialisation{TallConstant: 1, EmbeddingStd: 1, DecoderBiasStd: 1}, model.MutationRates{Dense: 0.1, Factor: 0.3, Bias: 0.1})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// testStories makes n stories of 2 to 30 tokens.
func testStories(n int, seed model.Seed) transformer.Sequences {
	var all [][]int32
	for i := range n {
		draw := seed.Draw(model.PurposeSample, 0, uint32(i), 0)
		ids := []int32{1}
		for j := range 1 + model.Below(draw, 29) {
			ids = append(ids, int32(model.Below(seed.Draw(model.PurposeSample, 1, uint32(i), uint32(j)), spec.Vocab)))
		}
		all = append(all, ids)
	}
	return transformer.Pack(all...)
}

func newCPU(t testing.TB, threads int, precision string) *CPU {
	t.Helper()
	data := Data{Train: testStories(75, 1), Heldout: testStories(9, 2)}
	e, err := NewCPU(spec, testLayout(t), data, Options{Threads: threads, Precision: precision, Application: transformer.Auto, ISA: vector.BestISA()})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func founders(n int) []model.Candidate {
	out := make([]model.Candidate, n)
	for i := range out {
		out[i] = model.Candidate{Parent: model.NoParent, Gene: model.Gene{Kind: model.GeneInit, Seed: model.Seed(100 + i), Multiplier: 1}}
	}
	return out
}

// brood adopts three founders and returns survivors and children of them.
func brood(t testing.TB, e *CPU, n int) []model.Candidate {
	t.Helper()
	if _, err := e.Adopt(context.Background(), founders(3)); err != nil {
		t.Fatal(err)
	}
	out := []model.Candidate{{Parent: 0}, {Parent: 1}, {Parent: 2}}
	for i := 3; i < n; i++ {
		out = append(out, model.Candidate{Parent: model.Slot(i % 3), Gene: model.Gene{Kind: model.GeneMutation, Seed: model.Seed(i), Multiplier: 1}})
	}
	return out[:n]
}

// expected computes one candidate's fitness the long way: rebuild its genome,
// develop it, and average the reference's losses.
func expected(t testing.TB, l *model.Layout, c model.Candidate, s transformer.Sequences, stories []int) float64 {
	t.Helper()
	genome := model.Genome{founders(3)[max(0, c.Parent)].Gene}.With(c.Gene)
	if c.Parent == model.NoParent {
		genome = model.Genome{c.Gene}
	}
	genotype, phenotype := make([]float32, l.Genotype), make([]float32, l.Phenotype)
	develop.Rebuild(genotype, l, genome)
	develop.Phenotype(phenotype, genotype, l)
	r, sum := transformer.NewReference(Bind(spec, l, genotype, phenotype)), 0.0
	for _, i := range stories {
		sum += r.Loss(s.At(i))
	}
	return -sum / float64(len(stories))
}

func TestFitnessIsTheReferences(t *testing.T) {
	for precision, tolerance := range map[string]float64{
		"fp64": 1e-12, // the same losses, added up in another order
		"fp32": 2e-5,  // the bound that every story meets in float32
	} {
		e := newCPU(t, 2, precision)
		cs := brood(t, e, 7)
		all := model.Cases{First: 70, Count: 8} // wraps around after story 74
		got, err := e.Evaluate(context.Background(), cs, all)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range cs {
			want := expected(t, e.layout, c, e.data.Train, []int{70, 71, 72, 73, 74, 0, 1, 2})
			if !(math.Abs(float64(got[i])-want) <= tolerance) { // NaN too
				t.Errorf("%s: candidate %d: fitness %v, want %v", precision, i, got[i], want)
			}
		}
		held, err := e.Evaluate(context.Background(), cs[:1], model.Cases{Count: 9, Heldout: true})
		if want := expected(t, e.layout, cs[0], e.data.Heldout, []int{0, 1, 2, 3, 4, 5, 6, 7, 8}); err != nil || !(math.Abs(float64(held[0])-want) <= tolerance) {
			t.Errorf("%s: held-out fitness %v, want %v (%v)", precision, held, want, err)
		}
	}
}

// TestThreadsAndCompany: the same bits for any number of threads, and whoever
// else is evaluated in the same call.
func TestThreadsAndCompany(t *testing.T) {
	cases := model.Cases{Count: 75}
	one := newCPU(t, 1, "fp32")
	cs := brood(t, one, 11)
	want, err := one.Evaluate(context.Background(), cs, cases)
	if err != nil {
		t.Fatal(err)
	}
	for _, threads := range []int{2, 3, 8} {
		e := newCPU(t, threads, "fp32")
		brood(t, e, 3)
		got, err := e.Evaluate(context.Background(), cs, cases)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%d threads: %v (%v), want %v", threads, got, err, want)
		}
		for i, c := range cs {
			alone, err := e.Evaluate(context.Background(), []model.Candidate{c}, cases)
			if err != nil || alone[0] != want[i] {
				t.Errorf("%d threads: candidate %d alone: %v (%v), want %v", threads, i, alone, err, want[i])
			}
		}
	}
}

func TestPerStory(t *testing.T) {
	e := newCPU(t, 3, "fp64")
	cs := brood(t, e, 4)
	losses, err := e.PerStory(context.Background(), cs[3], model.Cases{First: 5, Count: 70})
	if err != nil {
		t.Fatal(err)
	}
	for i, got := range losses {
		if want := -expected(t, e.layout, cs[3], e.data.Train, []int{5 + i}); got != want {
			t.Fatalf("story %d: %v, want %v", 5+i, got, want)
		}
	}
}

func TestEvaluateErrors(t *testing.T) {
	e := newCPU(t, 2, "fp32")
	cs := brood(t, e, 3)
	for _, c := range []model.Cases{{Count: 0}, {Count: 76}, {First: -1, Count: 1}, {Count: 10, Heldout: true}} {
		if _, err := e.Evaluate(context.Background(), cs, c); err == nil {
			t.Errorf("%+v was evaluated", c)
		}
	}
	if _, err := e.Evaluate(context.Background(), []model.Candidate{{Parent: 3}}, model.Cases{Count: 1}); err == nil {
		t.Error("a child of nobody was evaluated")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := e.Evaluate(ctx, cs, model.Cases{Count: 75}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := newCPU(t, 1, "fp64").Evaluate(context.Background(), founders(2), model.Cases{Count: 3}); err != nil {
		t.Errorf("after an error elsewhere: %v", err)
	}
}

func TestSample(t *testing.T) {
	l := testLayout(t)
	genotype, phenotype := make([]float32, l.Genotype), make([]float32, l.Phenotype)
	develop.Rebuild(genotype, l, model.Genome{founders(1)[0].Gene})
	develop.Phenotype(phenotype, genotype, l)
	n := Bind(spec, l, genotype, phenotype)
	s := Sampling{Temperature: 1, MaxTokens: 40, EndOfText: 4, Seed: 3}
	sample := func(prompt []int32, index int, s Sampling) []int32 {
		text, err := Sample(ReadReference(n), prompt, index, s)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	a, b, other := sample([]int32{5}, 0, s), sample([]int32{5}, 0, s), sample([]int32{5}, 1, s)
	if !slices.Equal(a, b) || slices.Equal(a, other) {
		t.Errorf("sample 0 %v, again %v, sample 1 %v", a, b, other)
	}
	for _, label := range a {
		if label < 0 || label == 4 || int(label)+3 >= spec.Vocab {
			t.Errorf("label %d was drawn", label)
		}
	}
	greedy, top := s, s
	greedy.Temperature, top.TopK = 0, 1
	if g, k := sample(nil, 0, greedy), sample(nil, 7, top); !slices.Equal(g, k) {
		t.Errorf("temperature 0 gives %v, the likeliest of one %v", g, k)
	}
}
