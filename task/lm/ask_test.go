package lm

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/evorank/evorank/kernels/develop"
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/model"
)

// referenceOf returns the network of the first founder.
func referenceOf(t *testing.T) *transformer.Network {
	l := testLayout(t)
	genotype, phenotype := make([]float32, l.Genotype), make([]float32, l.Phenotype)
	develop.Rebuild(genotype, l, model.Genome{founders(1)[0].Gene})
	develop.Phenotype(phenotype, genotype, l)
	return Bind(spec, l, genotype, phenotype)
}

// TestReadLosses: logits read off the losses are the reference's, up to a
// constant, and the same texts are drawn from them.
func TestReadLosses(t *testing.T) {
	for precision, tolerance := range map[string]float64{"fp64": 1e-12, "fp32": 1e-4} {
		checkReadLosses(t, newCPU(t, 2, precision), tolerance)
	}
}

// TestGPUReadLosses: on a GPU too, in each precision.
func TestGPUReadLosses(t *testing.T) {
	needGPU(t)
	for _, p := range precisions {
		e, err := NewCUDA(0, spec, testLayout(t), Data{Train: testStories(3, 1)}, p, 1)
		if err != nil {
			t.Fatal(err)
		}
		checkReadLosses(t, e, 40*Tolerance(p)) // a logit is a difference of sums, a loss a mean
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}

func checkReadLosses(t *testing.T, e interface {
	asker
	Restore(model.Slot, model.Genome) (model.Digest, error)
}, tolerance float64) {
	t.Helper()
	if _, err := e.Restore(0, model.Genome{founders(1)[0].Gene}); err != nil {
		t.Fatal(err)
	}
	reader := func() Reader {
		r, err := ReadLosses(context.Background(), e, spec.Vocab)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	n := referenceOf(t)
	got, want := reader(), ReadReference(n)
	for position, id := range []int32{1, 7, 0, 18, 3, 3} {
		g, err := got(id)
		if err != nil {
			t.Fatal(err)
		}
		w, _ := want(id)
		if len(g) != spec.Vocab {
			t.Fatalf("%d logits", len(g))
		}
		for i := range w {
			if d := (g[i] - g[0]) - (w[i] - w[0]); !(math.Abs(d) <= tolerance) {
				t.Errorf("%T, position %d, id %d: logit off by %g", e, position, i, d)
			}
		}
	}
	s := Sampling{Temperature: 1, MaxTokens: 20, EndOfText: 4, Seed: 3}
	a, err := Sample(reader(), []int32{5}, 0, s)
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := Sample(ReadReference(n), []int32{5}, 0, s); tolerance < 1e-3 && !slices.Equal(a, b) {
		t.Errorf("%T draws %v, the reference %v", e, a, b)
	}
}

// TestReadersRefuse: what scores no sequences, and weights that overflow.
func TestReadersRefuse(t *testing.T) {
	if _, err := ReadLosses(context.Background(), 3, 5); err == nil {
		t.Error("a number is read as an evaluator")
	}
	e := newCPU(t, 1, "fp32")
	l := testLayout(t)
	broken, phenotype := make([]float32, l.Genotype), make([]float32, l.Phenotype)
	for i := range broken {
		broken[i] = float32(math.Inf(1))
	}
	if err := e.Import(0, broken); err != nil {
		t.Fatal(err)
	}
	losses, err := ReadLosses(context.Background(), e, spec.Vocab)
	if err != nil {
		t.Fatal(err)
	}
	develop.Phenotype(phenotype, broken, l)
	for name, r := range map[string]Reader{"losses": losses, "the reference": ReadReference(Bind(spec, l, broken, phenotype))} {
		if text, err := Sample(r, nil, 0, Sampling{MaxTokens: 5}); err == nil {
			t.Errorf("infinite weights write %v, as %s read them", text, name)
		}
	}
}
