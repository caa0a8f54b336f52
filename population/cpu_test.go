package population

import (
	"slices"
	"testing"

	"github.com/evorank/evorank/kernels/develop"
	"github.com/evorank/evorank/kernels/digest"
	"github.com/evorank/evorank/model"
	"pgregory.net/rapid"
)

func layout(t testing.TB) *model.Layout {
	t.Helper()
	spec := model.Transformer{Hidden: 5, Heads: 2, HeadDim: 3, FFN: 7, Blocks: 1, Vocab: 11, Position: model.NoPosition}
	enc := model.TransformerEncodings{Embedding: model.Encoding{Kind: model.Hybrid, Rank: 2}, Attention: model.Encoding{Kind: model.Factored, Rank: 1}}
	l, err := spec.Layout(enc, model.Initialisation{TallConstant: 1, EmbeddingStd: 1, DecoderBiasStd: 1}, model.MutationRates{Dense: 0.01, Factor: 0.1, Bias: 0.01})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func founder(seed model.Seed) model.Candidate {
	return model.Candidate{Parent: model.NoParent, Gene: model.Gene{Kind: model.GeneInit, Seed: seed, Multiplier: 1}}
}

func child(slot model.Slot, seed model.Seed) model.Candidate {
	return model.Candidate{Parent: slot, Gene: model.Gene{Kind: model.GeneMutation, Seed: seed, Multiplier: 1}}
}

// TestThousandGenerations: a parent that was carried forward gene by gene for
// 1,000 generations equals, bit for bit, a rebuild from its whole genome.
func TestThousandGenerations(t *testing.T) {
	l := layout(t)
	s := NewCPU(l)
	if _, err := s.Adopt([]model.Candidate{founder(1), founder(2), founder(3)}); err != nil {
		t.Fatal(err)
	}
	genomes := []model.Genome{{founder(1).Gene}, {founder(2).Gene}, {founder(3).Gene}}
	var digests []model.Digest
	for g := range 1000 {
		draw := model.Seed(9).Draw(model.PurposeChild, model.Generation(g), 0, 0)
		from := model.Slot(model.Below(draw, 3))
		next := []model.Candidate{{Parent: from}, child(from, model.SeedOf(draw)), child((from+1)%3, model.SeedOf(draw)+1)}
		grown := make([]model.Genome, 3)
		for i, c := range next {
			grown[i] = genomes[c.Parent].With(c.Gene)
		}
		genomes = grown
		var err error
		if digests, err = s.Adopt(next); err != nil {
			t.Fatal(err)
		}
	}
	fresh := NewCPU(l)
	for slot, genome := range genomes {
		d, err := fresh.Restore(model.Slot(slot), genome)
		if err != nil {
			t.Fatal(err)
		}
		held, _ := s.Export(model.Slot(slot))
		rebuilt, _ := fresh.Export(model.Slot(slot))
		if d != digests[slot] || !slices.Equal(held, rebuilt) {
			t.Errorf("slot %d: %d genes: digest %s, rebuilt %s", slot, len(genome), digests[slot], d)
		}
	}
}

// TestAdoptReusesNoParent: whatever permutation is adopted, every slot gets
// the genotype that its candidate names among the old parents.
func TestAdoptReusesNoParent(t *testing.T) {
	l := layout(t)
	rapid.Check(t, func(t *rapid.T) {
		s := NewCPU(l)
		n := rapid.IntRange(1, 5).Draw(t, "parents")
		var founders []model.Candidate
		for i := range n {
			founders = append(founders, founder(model.Seed(i)))
		}
		if _, err := s.Adopt(founders); err != nil {
			t.Fatal(err)
		}
		var next []model.Candidate
		var want []model.Digest
		for range rapid.IntRange(1, 7).Draw(t, "children") {
			c := model.Candidate{Parent: model.Slot(rapid.IntRange(0, n-1).Draw(t, "slot"))}
			if rapid.Bool().Draw(t, "mutate") {
				c = child(c.Parent, 77)
			}
			genotype := make([]float32, l.Genotype)
			develop.Rebuild(genotype, l, model.Genome{founders[c.Parent].Gene}.With(c.Gene))
			next, want = append(next, c), append(want, digest.Of(genotype))
		}
		if got, err := s.Adopt(next); err != nil || !slices.Equal(got, want) {
			t.Fatalf("%v, %v, want %v", got, err, want)
		}
	})
}

func TestMissingParents(t *testing.T) {
	s := NewCPU(layout(t))
	dst := make([]float32, s.layout.Genotype)
	for _, c := range []model.Candidate{child(0, 1), {Parent: 2}, child(model.NoParent, 1), {Parent: 0, Gene: model.Gene{Kind: model.GeneInit}}} {
		if err := s.Genotype(dst, c); err == nil {
			t.Errorf("%+v was developed from nothing", c)
		}
	}
	if _, err := s.Restore(0, model.Genome{{Kind: model.GeneMutation}}); err == nil {
		t.Error("a genome without an initialisation was restored")
	}
	if _, err := s.Restore(3, model.Genome{founder(1).Gene}); err == nil {
		t.Error("a slot beyond the filled ones was restored")
	}
	if _, err := s.Adopt([]model.Candidate{founder(1), child(4, 2)}); err == nil {
		t.Error("adopted a child of nobody")
	}
	if _, err := s.Export(0); err == nil {
		t.Error("a failed adoption left parents behind")
	}
}
