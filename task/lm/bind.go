package lm

import (
	"fmt"

	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/model"
)

// Bind points a network's weights into a genotype and its phenotype, so that
// each weight is at hand both developed and, where it has them, as factors.
// The vectors may change under it from candidate to candidate.
func Bind(spec model.Transformer, layout *model.Layout, genotype, phenotype []float32) *transformer.Network {
	b := binder{layout, genotype, phenotype}
	n := &transformer.Network{Shape: spec, Embed: b.matrix("embed.weight"), DecoderBias: b.vector("decoder.bias")}
	for i := range spec.Blocks {
		p := fmt.Sprintf("blocks.%d.", i)
		linear := func(name string) (transformer.Matrix, []float32) {
			return b.matrix(p + name + ".weight"), b.vector(p + name + ".bias")
		}
		var block transformer.Block
		block.Q, block.QBias = linear("attn.q")
		block.K, block.KBias = linear("attn.k")
		block.V, block.VBias = linear("attn.v")
		block.O, block.OBias = linear("attn.o")
		block.Up, block.UpBias = linear("ffn.up")
		block.Down, block.DownBias = linear("ffn.down")
		block.Norm1Weight, block.Norm1Bias = b.vector(p+"norm1.weight"), b.vector(p+"norm1.bias")
		block.Norm2Weight, block.Norm2Bias = b.vector(p+"norm2.weight"), b.vector(p+"norm2.bias")
		n.Blocks = append(n.Blocks, block)
	}
	return n
}

type binder struct {
	layout              *model.Layout
	genotype, phenotype []float32
}

func (b binder) tensor(name string) *model.Tensor {
	t := b.layout.Tensor(name)
	if t == nil {
		panic("lm: the layout has no " + name) // layouts come from model.Transformer
	}
	return t
}

func (b binder) vector(name string) []float32 { return b.tensor(name).Of(b.phenotype) }

// matrix offers the factors only where A·B is the whole weight.
func (b binder) matrix(name string) transformer.Matrix {
	t := b.tensor(name)
	m := transformer.Matrix{Outputs: t.Shape[0], Inputs: t.Shape[1], W: t.Of(b.phenotype)}
	if t.Encoding.Kind == model.Factored {
		m.Rank = t.Encoding.Rank
		m.A, m.B = t.Parts[0].Of(b.genotype), t.Parts[1].Of(b.genotype)
	}
	return m
}
