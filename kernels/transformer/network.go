package transformer

import (
	"fmt"

	"github.com/evorank/evorank/model"
)

// Shape is the network's specification.
type Shape = model.Transformer

// Matrix is one weight in whichever forms are at hand, row-major. A linear
// layer computes y = W x + bias with
//
//	W [Outputs][Inputs]   or   W = A·B   or   W = A·B + D
//	A [Outputs][Rank]   B [Rank][Inputs]   D [Outputs][Inputs]
//
// If W is there, it must equal what the factors give. The embedding is
// W [V][H], and its factors are in the other orientation: A [H][Rank],
// B [Rank][V], D [H][V], with W = (A·B + D)ᵀ.
type Matrix struct {
	Outputs, Inputs, Rank int
	W, A, B, D            []float32
}

// Block is one layer of the network.
type Block struct {
	Q, K, V, O, Up, Down                           Matrix
	QBias, KBias, VBias, OBias, UpBias, DownBias   []float32
	Norm1Weight, Norm1Bias, Norm2Weight, Norm2Bias []float32
}

// Network is a transformer's weights. Outputs and Inputs of Embed are V and H.
type Network struct {
	Shape       Shape
	Embed       Matrix
	DecoderBias []float32 // [V]
	Blocks      []Block
}

// Sequences are token ids, packed: sequence i is IDs[Start[i]:Start[i+1]], of
// length 2 or more. Each token but the first is a target.
type Sequences struct {
	IDs   []int32
	Start []int32
}

// Len is the number of sequences.
func (s Sequences) Len() int { return len(s.Start) - 1 }

// At returns sequence i.
func (s Sequences) At(i int) []int32 { return s.IDs[s.Start[i]:s.Start[i+1]] }

// Targets is the number of scored tokens of sequences [from, to).
func (s Sequences) Targets(from, to int) int {
	return int(s.Start[to]-s.Start[from]) - (to - from)
}

// Longest is the number of scored tokens of the longest sequence.
func (s Sequences) Longest() int {
	longest := 0
	for i := range s.Len() {
		longest = max(longest, s.Targets(i, i+1))
	}
	return longest
}

// Pack returns the sequences in packed form.
func Pack(sequences ...[]int32) Sequences {
	s := Sequences{Start: []int32{0}}
	for _, ids := range sequences {
		s.IDs = append(s.IDs, ids...)
		s.Start = append(s.Start, int32(len(s.IDs)))
	}
	return s
}

// Check reports the first tensor whose length does not fit the shape.
func (n *Network) Check() error {
	s := n.Shape
	if err := s.Validate(); err != nil {
		return err
	}
	if len(n.Blocks) != s.Blocks {
		return fmt.Errorf("network: %d blocks, want %d", len(n.Blocks), s.Blocks)
	}
	if err := n.Embed.check("embed", s.Vocab, s.Hidden, s.Hidden, s.Vocab); err != nil {
		return err
	}
	if len(n.DecoderBias) != s.Vocab {
		return fmt.Errorf("network: decoder bias: %d numbers, want %d", len(n.DecoderBias), s.Vocab)
	}
	for i := range n.Blocks {
		if err := n.Blocks[i].check(s); err != nil {
			return fmt.Errorf("network: block %d: %w", i, err)
		}
	}
	return nil
}

func (b *Block) check(s Shape) error {
	h, d, f := s.Hidden, s.Heads*s.HeadDim, s.FFN
	for _, l := range []struct {
		name            string
		m               *Matrix
		bias            []float32
		outputs, inputs int
	}{{"q", &b.Q, b.QBias, d, h}, {"k", &b.K, b.KBias, d, h}, {"v", &b.V, b.VBias, d, h},
		{"o", &b.O, b.OBias, h, d}, {"up", &b.Up, b.UpBias, f, h}, {"down", &b.Down, b.DownBias, h, f}} {
		if err := l.m.check(l.name, l.outputs, l.inputs, l.outputs, l.inputs); err != nil {
			return err
		}
		if len(l.bias) != l.outputs {
			return fmt.Errorf("%s bias: %d numbers, want %d", l.name, len(l.bias), l.outputs)
		}
	}
	for _, p := range [][]float32{b.Norm1Weight, b.Norm1Bias, b.Norm2Weight, b.Norm2Bias} {
		if len(p) != h {
			return fmt.Errorf("norm: %d numbers, want %d", len(p), h)
		}
	}
	return nil
}

// check compares a weight with its sizes; its factors multiply to m × n.
func (w *Matrix) check(name string, outputs, inputs, m, n int) error {
	if w.Outputs != outputs || w.Inputs != inputs {
		return fmt.Errorf("%s: %d × %d, want %d × %d", name, w.Outputs, w.Inputs, outputs, inputs)
	}
	if w.W == nil && w.A == nil {
		return fmt.Errorf("%s: neither developed nor factored", name)
	}
	for _, t := range []struct {
		part   string
		data   []float32
		length int
	}{{"W", w.W, outputs * inputs}, {"A", w.A, m * w.Rank}, {"B", w.B, w.Rank * n}, {"D", w.D, m * n}} {
		absent := t.data == nil && (t.part == "W" || t.part == "D" || w.A == nil)
		if len(t.data) != t.length && !absent {
			return fmt.Errorf("%s.%s: %d numbers, want %d", name, t.part, len(t.data), t.length)
		}
	}
	return nil
}
