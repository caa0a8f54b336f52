package run

import (
	"strings"
	"testing"

	"github.com/evorank/evorank/configs"
	"github.com/evorank/evorank/evolve"
	"github.com/evorank/evorank/kernels/develop"
	"github.com/evorank/evorank/kernels/digest"
	"github.com/evorank/evorank/model"
)

// evolved follows parents over generations, carried gene by gene as a device
// does, with the digests that it would tell.
type evolved struct {
	layout  *model.Layout
	state   evolve.State
	vectors [][]float32
}

// advance replaces parents by children of random ones; some survive.
func (e *evolved) advance(n int) {
	s, g := evolve.State{Generation: e.state.Generation + 1}, e.state.Generation
	var vectors [][]float32
	for slot := range n {
		draw := model.Seed(5).Draw(model.PurposeChild, g, uint32(slot), 0)
		gene, vector, genome := model.Gene{Kind: model.GeneInit, Seed: model.SeedOf(draw), Multiplier: 1}, make([]float32, e.layout.Genotype), model.Genome(nil)
		if g > 0 {
			from := int(model.Below(draw, len(e.vectors)))
			gene.Kind, genome = model.GeneMutation, e.state.Parents[from].Genome
			if slot%3 == 0 {
				gene, from, genome = model.Gene{}, slot%len(e.vectors), e.state.Parents[slot%len(e.vectors)].Genome
			}
			copy(vector, e.vectors[from])
		}
		develop.Genotype(vector, vector, e.layout, gene)
		vectors = append(vectors, vector)
		s.Parents = append(s.Parents, evolve.Parent{ID: model.ID(slot), Genome: genome.With(gene), Digest: digest.Of(vector)})
	}
	e.state, e.vectors = s, vectors
}

func newEvolved(t testing.TB, settings ...string) *evolved {
	t.Helper()
	x, err := NewExperiment(config(t, settings...))
	if err != nil {
		t.Fatal(err)
	}
	return &evolved{layout: x.Layout}
}

// TestMirror: whatever survives and however rarely the mirror looks, it finds
// the digests of parents that were carried gene by gene; and a wrong one.
func TestMirror(t *testing.T) {
	for _, every := range []int{1, 3, 10} {
		e := newEvolved(t)
		m := &mirror{layout: e.layout}
		for g := 1; g <= 40; g++ {
			e.advance(2 + g%5)
			if g%every != 0 {
				continue
			}
			if err := m.check(e.state); err != nil {
				t.Fatalf("every %d, generation %d: %v", every, g, err)
			}
			if n := len(m.held) + len(m.spare); n > 12 {
				t.Fatalf("every %d, generation %d: memory for %d genotypes, of at most 6 parents before and 6 after", every, g, n)
			}
		}
		last := len(e.state.Parents) - 1
		e.state.Parents[last].Digest++
		if err := m.check(e.state); KindOf(err) != BadDevice || !strings.Contains(err.Error(), "computes wrongly") {
			t.Errorf("a wrong digest: %v", err)
		}
	}
}

// TestMirrorOfTwins: equal genomes, which no run has, do not share memory.
func TestMirrorOfTwins(t *testing.T) {
	e := newEvolved(t)
	e.advance(3)
	e.state.Parents[1] = e.state.Parents[0]
	m := &mirror{layout: e.layout}
	for range 3 {
		if err := m.check(e.state); err != nil {
			t.Fatal(err)
		}
	}
	if &m.held[0].genotype[0] == &m.held[1].genotype[0] {
		t.Error("twins share memory")
	}
}

// BenchmarkMirror is a generation's check at the paper's size: 16 parents, all
// but a few of them new.
func BenchmarkMirror(b *testing.B) {
	for _, name := range []string{"tinystories-factored", "tinystories-dense"} {
		b.Run(name, func(b *testing.B) {
			c, err := configs.Load(name, []string{"lm.data.text=", "lm.data.tokenizer=", "lm.data.corpus_stories=6", "lm.data.heldout_stories=3"})
			if err != nil {
				b.Fatal(err)
			}
			x, err := NewExperiment(c)
			if err != nil {
				b.Fatal(err)
			}
			e := &evolved{layout: x.Layout}
			m := &mirror{layout: x.Layout}
			for b.Loop() {
				b.StopTimer()
				e.advance(16)
				b.StartTimer()
				if err := m.check(e.state); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(x.Layout.Genotype), "elements")
		})
	}
}
