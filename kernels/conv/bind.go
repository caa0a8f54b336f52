package conv

import (
	"fmt"

	"github.com/evorank/evorank/model"
)

// Bind points a network's weights into a genotype and its phenotype, so that
// each is at hand developed and, where A·B is the whole weight, as factors. The
// vectors may change under it from candidate to candidate.
func Bind(policy model.ConvPolicy, layout *model.Layout, genotype, phenotype []float32) *Network {
	n := &Network{Policy: policy}
	for _, name := range layerNames(policy) {
		w, b := tensor(layout, name+".weight"), tensor(layout, name+".bias")
		l := Layer{Weight{W: w.Of(phenotype), Orientation: w.Orientation}, b.Of(phenotype)}
		if w.Encoding.Kind == model.Factored {
			l.Rank, l.A, l.B = w.Encoding.Rank, w.Parts[0].Of(genotype), w.Parts[1].Of(genotype)
		}
		n.Layers = append(n.Layers, l)
	}
	return n
}

// Ranks lists the ranks of the layers for NewPlan: 0 where A·B is not the whole
// weight.
func (n *Network) Ranks() []int {
	ranks := make([]int, len(n.Layers))
	for i := range n.Layers {
		ranks[i] = n.Layers[i].Rank
	}
	return ranks
}

// Undeveloped lists the tensors of the layout whose developed weights a plan
// does not read, so that they need not be made.
func (p Plan) Undeveloped(policy model.ConvPolicy) []string {
	var names []string
	for i, name := range layerNames(policy) {
		if p[i].Application == Factored {
			names = append(names, name+".weight")
		}
	}
	return names
}

// layerNames are the layers in the layout's words.
func layerNames(p model.ConvPolicy) []string {
	var names []string
	for i := range p.Layers {
		names = append(names, fmt.Sprintf("conv.%d", i))
	}
	return append(names, "hidden", "output")
}

func tensor(layout *model.Layout, name string) *model.Tensor {
	t := layout.Tensor(name)
	if t == nil {
		panic("conv: the layout has no " + name) // layouts come from model.ConvPolicy
	}
	return t
}
