package lm

import (
	"cmp"
	"context"
	"math"
	"slices"
	"testing"

	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/model"
)

// TestGPUGenerationHundredTimes: two generations of the paper's factored
// network, from the seeds to the digests of the survivors, are the same bits a
// hundred times.
func TestGPUGenerationHundredTimes(t *testing.T) {
	needGPU(t)
	times := 100
	if testing.Short() {
		times = 3
	}
	for _, p := range []transformer.Precision{transformer.FP16, transformer.BF16} {
		fleet := paperFleet(t, p)
		want, err := twoGenerations(fleet)
		if err != nil {
			t.Fatal(err)
		}
		for i := range times - 1 {
			got, err := twoGenerations(fleet)
			if err != nil {
				t.Fatal(err)
			}
			if !got.equal(want) {
				t.Fatalf("%s: time %d differs from the first", p, i+2)
			}
		}
		t.Logf("%s: %d times the same: best loss %v, first survivor %s", p, times, -slices.Max(want.fitness), want.digests[0])
	}
}

// paperFleet is one GPU with the paper's factored network.
func paperFleet(t *testing.T, p transformer.Precision) Fleet {
	t.Helper()
	spec := model.Transformer{Hidden: 32, Heads: 4, HeadDim: 4, FFN: 128, Blocks: 3, Vocab: 2051, Position: model.Rotary, RotaryDims: 4}
	enc := model.TransformerEncodings{Embedding: factoredBy(32), Attention: factoredBy(4), FeedForward: factoredBy(4)}
	l, err := spec.Layout(enc, model.Initialisation{TallConstant: 1, EmbeddingStd: 1, DecoderBiasStd: math.Sqrt2}, model.MutationRates{Dense: 0.01, Factor: 0.1, Bias: 0.01})
	if err != nil {
		t.Fatal(err)
	}
	f, err := NewFleet([]int{0}, spec, l, Data{Train: oddStories(spec.Vocab)}, p, 16)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// outcome is everything that comes down from a GPU in two generations.
type outcome struct {
	fitness []model.Fitness
	digests []model.Digest
}

// equal is false where a fitness is NaN: the same twice, but no result.
func (o outcome) equal(other outcome) bool {
	return slices.Equal(o.fitness, other.fitness) && slices.Equal(o.digests, other.digests)
}

// twoGenerations scores 128 founders, keeps the best 16, scores 112 children of
// them and keeps the best 16 of those.
func twoGenerations(f Fleet) (outcome, error) {
	const population, kept = 128, 16
	var all outcome
	candidates := founders(population)
	for generation := range 2 {
		fitness, err := f.Evaluate(context.Background(), candidates, model.Cases{Count: 9})
		if err != nil {
			return all, err
		}
		order := make([]int, len(fitness))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(fitness[j], fitness[i]) })
		var chosen []model.Candidate
		for _, i := range order[:kept] {
			chosen = append(chosen, candidates[i])
		}
		digests, err := f.Adopt(context.Background(), chosen)
		if err != nil {
			return all, err
		}
		all.fitness, all.digests = append(all.fitness, fitness...), append(all.digests, digests...)
		candidates = nil
		for i := range population - kept {
			candidates = append(candidates, model.Candidate{Parent: model.Slot(i % kept), Gene: model.Gene{Kind: model.GeneMutation, Seed: model.Seed(1000*generation + i), Multiplier: 1}})
		}
	}
	return all, nil
}
