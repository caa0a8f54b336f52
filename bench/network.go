package bench

import (
	"fmt"
	"math"

	"github.com/evorank/evorank/model"
)

// Network is a named size and encoding.
type Network struct {
	Name      string
	Mode      string // as the CPU baselines name it; "" where they have no such case
	Spec      model.Transformer
	Encodings model.TransformerEncodings
	Init      model.Initialisation
}

// PaperNetworks are the paper's sizes (method 1.5), for a vocabulary.
func PaperNetworks(vocab int) []Network {
	large := model.Transformer{Hidden: 32, Heads: 4, HeadDim: 4, FFN: 128, Blocks: 3, Vocab: vocab, Position: model.Rotary, RotaryDims: 4}
	small := large
	small.Hidden, small.FFN = 4, 16
	init := model.Initialisation{TallConstant: 1, EmbeddingStd: 1, DecoderBiasStd: math.Sqrt2}
	return []Network{
		{"dense", "dense", large, model.TransformerEncodings{}, init},
		{"factored 32/4", "factored-developed", large, ranks(32, 4), init},
		{"factored 4/1", "", large, ranks(4, 1), init},
		{"small dense", "", small, model.TransformerEncodings{}, init},
	}
}

// SizedNetworks are a dense and a factored network of that hidden size: heads
// of 32 (of 64 from 1,024 on), four times as many feed-forward units, three
// blocks, rank an eighth of the hidden size. The embedding's spread is such that logits stay of size 1.
func SizedNetworks(hidden, vocab int) []Network {
	head := min(hidden, 32)
	if hidden >= 1024 {
		head = 64
	}
	spec := model.Transformer{
		Hidden: hidden, Heads: hidden / head, HeadDim: head, FFN: 4 * hidden, Blocks: 3, Vocab: vocab,
		Position: model.Rotary, RotaryDims: min(hidden, 4) / 2 * 2,
	}
	init := model.Initialisation{TallConstant: 1, EmbeddingStd: 1 / math.Sqrt(float64(hidden)), DecoderBiasStd: math.Sqrt2}
	rank := max(1, hidden/8)
	return []Network{
		{fmt.Sprintf("dense %d", hidden), "", spec, model.TransformerEncodings{}, init},
		{fmt.Sprintf("factored %d", hidden), "", spec, ranks(rank, rank), init},
	}
}

func ranks(embedding, rest int) model.TransformerEncodings {
	e, r := model.Encoding{Kind: model.Factored, Rank: embedding}, model.Encoding{Kind: model.Factored, Rank: rest}
	return model.TransformerEncodings{Embedding: e, Attention: r, FeedForward: r}
}

// layout lays the network out with the paper's mutation rates.
func (n Network) layout() (*model.Layout, error) {
	l, err := n.Spec.Layout(n.Encodings, n.Init, model.MutationRates{Dense: 0.01, Factor: 0.1, Bias: 0.01})
	if err != nil {
		return nil, fmt.Errorf("bench: %s: %w", n.Name, err)
	}
	return l, nil
}

// founders are individuals made from seeds alone.
func founders(n int) []model.Candidate {
	out := make([]model.Candidate, n)
	for i := range out {
		out[i] = model.Candidate{Parent: model.NoParent, Gene: model.Gene{Kind: model.GeneInit, Seed: model.Seed(9000 + i), Multiplier: 1}}
	}
	return out
}
