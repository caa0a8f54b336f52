package model

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// Position says how a transformer knows the order of its tokens.
type Position string

const (
	Rotary     Position = "rotary"   // the first RotaryDims embedding features turn with the position, once
	Sinusoid   Position = "sinusoid" // additive sines and cosines
	NoPosition Position = "none"
)

// Transformer is a decoder-only, post-norm transformer with tied embedding
// and an output bias (method 3).
//
//	H hidden   D heads·head dim   F feed-forward   V vocabulary
type Transformer struct {
	Hidden, Heads, HeadDim, FFN, Blocks, Vocab int
	Position                                   Position
	RotaryDims                                 int // even, at most Hidden; 0 unless Position is Rotary
}

// TransformerEncodings chooses an encoding for each group of weights, and for
// single tensors by name.
type TransformerEncodings struct {
	Embedding, Attention, FeedForward Encoding
	// Tensors maps patterns (path.Match) of tensor names without ".weight",
	// such as "blocks.*.attn.o", to an encoding that overrides the group's.
	Tensors map[string]Encoding
}

// Validate reports the first size that makes no sense.
func (t Transformer) Validate() error {
	for _, d := range []struct {
		name  string
		value int
	}{{"hidden", t.Hidden}, {"heads", t.Heads}, {"head_dim", t.HeadDim}, {"ffn", t.FFN}, {"blocks", t.Blocks}, {"vocab", t.Vocab}} {
		if d.value < 1 || d.value > MaxDimension {
			return fmt.Errorf("transformer: %s: %d is not between 1 and %d", d.name, d.value, MaxDimension)
		}
	}
	switch t.Position {
	case Rotary:
		if t.RotaryDims < 2 || t.RotaryDims%2 != 0 || t.RotaryDims > t.Hidden {
			return fmt.Errorf("transformer: rotary_dims: %d is not an even number between 2 and hidden (%d)", t.RotaryDims, t.Hidden)
		}
	case Sinusoid, NoPosition:
		if t.RotaryDims != 0 {
			return fmt.Errorf("transformer: rotary_dims: %d has no meaning with position %s", t.RotaryDims, t.Position)
		}
	default:
		return fmt.Errorf("transformer: position: %q is none of rotary, sinusoid, none", t.Position)
	}
	return nil
}

// Layout places the transformer's tensors: embedding, decoder bias, then the
// blocks, each in the order of the forward pass.
func (t Transformer) Layout(enc TransformerEncodings, init Initialisation, rates MutationRates) (*Layout, error) {
	if err := t.Validate(); err != nil {
		return nil, err
	}
	choose, err := enc.chooser()
	if err != nil {
		return nil, err
	}
	b := &builder{rates: rates}
	linear := func(name string, m, n int, group Encoding) {
		b.weight(matrix(name+".weight", m, n, choose(name, group), init))
		b.bias(name+".bias", m, 0)
	}
	norm := func(name string) {
		b.frozen(name+".weight", t.Hidden, 1)
		b.frozen(name+".bias", t.Hidden, 0)
	}
	b.weight(t.embedding(choose("embed", enc.Embedding), init))
	b.bias("decoder.bias", t.Vocab, init.DecoderBiasStd)
	width := t.Heads * t.HeadDim
	for block := range t.Blocks {
		p := fmt.Sprintf("blocks.%d.", block)
		linear(p+"attn.q", width, t.Hidden, enc.Attention)
		linear(p+"attn.k", width, t.Hidden, enc.Attention)
		linear(p+"attn.v", width, t.Hidden, enc.Attention)
		linear(p+"attn.o", t.Hidden, width, enc.Attention)
		norm(p + "norm1")
		linear(p+"ffn.up", t.FFN, t.Hidden, enc.FeedForward)
		linear(p+"ffn.down", t.Hidden, t.FFN, enc.FeedForward)
		norm(p + "norm2")
	}
	if b.err == nil {
		b.err = enc.matched(b.layout.Tensors)
	}
	return &b.layout, b.err
}

// matched refuses a pattern that no weight has: it would change nothing.
func (enc TransformerEncodings) matched(tensors []Tensor) error {
	for _, pattern := range slices.Sorted(maps.Keys(enc.Tensors)) {
		if !slices.ContainsFunc(tensors, func(t Tensor) bool {
			name, isWeight := strings.CutSuffix(t.Name, ".weight")
			ok, _ := path.Match(pattern, name)
			return ok && isWeight && !t.Frozen()
		}) {
			return fmt.Errorf("encoding: tensors: %q is no weight of this network: want a name such as embed or blocks.*.attn.q", pattern)
		}
	}
	return nil
}

// embedding describes the [vocab][hidden] embedding. Its matrix is hidden ×
// vocab, one column per token, so a factored one is always the wide case.
// Dense, it is N(0, EmbeddingStd²) and not Kaiming (method 2.2).
func (t Transformer) embedding(e Encoding, init Initialisation) weight {
	w := matrix("embed.weight", t.Hidden, t.Vocab, e, init)
	w.shape = []int{t.Vocab, t.Hidden}
	w.orientation = Transposed
	w.denseStd = init.EmbeddingStd
	return w
}

// chooser returns the rule that picks a tensor's encoding, having checked that
// the overriding patterns are well formed and do not contradict each other in
// a way that depends on map order: the longest matching pattern wins.
func (enc TransformerEncodings) chooser() (func(name string, group Encoding) Encoding, error) {
	for pattern := range enc.Tensors {
		if _, err := path.Match(pattern, ""); err != nil {
			return nil, fmt.Errorf("encoding: tensors: %q: bad pattern", pattern)
		}
	}
	return func(name string, group Encoding) Encoding {
		best := ""
		for pattern := range enc.Tensors {
			longer := len(pattern) > len(best) || len(pattern) == len(best) && pattern > best
			if ok, _ := path.Match(pattern, name); ok && longer {
				best = pattern
			}
		}
		if best == "" {
			return group
		}
		return enc.Tensors[best]
	}, nil
}
