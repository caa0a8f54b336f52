package run

import (
	"fmt"

	"github.com/evorank/evorank/kernels/develop"
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/run/lineage"
	"github.com/evorank/evorank/task/lm"
)

// Network is one transformer with its genotype: an individual of a run, or a
// weight file.
type Network struct {
	Spec     model.Transformer
	Layout   *model.Layout
	Genotype []float32
}

// Network rebuilds an individual from its genome.
func (a *Archive) Network(i lineage.Individual) (*Network, error) {
	x := a.Experiment
	n := &Network{Spec: x.Spec, Layout: x.Layout, Genotype: make([]float32, x.Layout.Genotype)}
	if len(i.Genome) == 0 {
		return nil, fmt.Errorf("run: %s: individual %d has no genome", a.Dir, i.ID)
	}
	develop.Rebuild(n.Genotype, x.Layout, i.Genome)
	return n, nil
}

// LoadNetwork reads a weight file, developed or as factors.
func LoadNetwork(path string) (*Network, error) {
	f, err := model.ReadSafetensors(path)
	if err != nil {
		return nil, as(BadData, err)
	}
	t, err := model.ImportTransformer(f, model.Initialisation{}, model.MutationRates{})
	if err != nil {
		return nil, as(BadData, fmt.Errorf("%s: %w", path, err))
	}
	return &Network{t.Transformer, t.Layout, t.Genotype}, nil
}

// Phenotype returns the developed weights.
func (n *Network) Phenotype() []float32 {
	dst := make([]float32, n.Layout.Phenotype)
	develop.Phenotype(dst, n.Genotype, n.Layout)
	return dst
}

// Export lays the network out as a weight file, developed or as factors.
func (n *Network) Export(factors bool) *model.TensorFile {
	if factors {
		return n.Layout.ExportGenotype(n.Genotype, n.Spec.Metadata())
	}
	return n.Layout.ExportPhenotype(n.Phenotype(), n.Spec.Metadata())
}

// Sample draws a text from the network, in float64 on the CPU.
func (n *Network) Sample(prompt []int32, index int, s lm.Sampling) []int32 {
	text, _ := lm.Sample(lm.ReadReference(n.bound()), prompt, index, s) // the reference does not fail
	return text
}

func (n *Network) bound() *transformer.Network {
	return lm.Bind(n.Spec, n.Layout, n.Genotype, n.Phenotype())
}
