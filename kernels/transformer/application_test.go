package transformer

import (
	"testing"

	"github.com/evorank/evorank/model"
)

// TestApplicationOf: what is said of a tensor is what the loader does with it.
func TestApplicationOf(t *testing.T) {
	spec := Shape{Hidden: 32, Heads: 4, HeadDim: 4, FFN: 128, Blocks: 1, Vocab: 300, Position: model.Rotary, RotaryDims: 4}
	seen := map[Application]int{}
	for _, rank := range []int{1, 4, 8, 9, 12, 16, 24, 28, 31} {
		e := model.Encoding{Kind: model.Factored, Rank: rank}
		layout, err := spec.Layout(model.TransformerEncodings{Embedding: e, Attention: e, FeedForward: e}, model.Initialisation{}, model.MutationRates{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range layout.Tensors {
			tensor := &layout.Tensors[i]
			w := Matrix{Outputs: tensor.Rows, Inputs: tensor.Cols, Rank: rank, A: []float32{}, B: []float32{}}
			if tensor.Name == "embed.weight" {
				w.Outputs, w.Inputs = spec.Vocab, spec.Hidden
			}
			if tensor.Encoding.Kind != model.Factored {
				w.A = nil
			}
			for _, a := range applications {
				said, done := a.Of(tensor), (&loader{application: a}).factored(&w)
				if (said == Factored) != done || (said == "") != (w.A == nil) {
					t.Errorf("%s of rank %d, %s: %q, the loader factors: %v", tensor.Name, rank, a, said, done)
				}
				if a == Auto {
					seen[said]++
				}
			}
		}
	}
	if seen[Factored] < 10 || seen[Materialised] < 10 {
		t.Errorf("one-sided choices: %v", seen)
	}
}
