package run

import (
	"fmt"

	"github.com/evorank/evorank/kernels/develop"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/run/lineage"
)

// Network is one network with its genotype: an individual of a run, or a weight
// file.
type Network struct {
	Spec     Spec
	Layout   *model.Layout
	Genotype []float32
}

// Spec is what a network is: a model.Transformer or a model.ConvPolicy.
type Spec interface {
	// Metadata describes it in a weight file.
	Metadata() map[string]string
}

// Transformer returns the specification of a language model. Texts are for
// nobody else.
func (n *Network) Transformer() (model.Transformer, error) {
	if t, ok := n.Spec.(model.Transformer); ok {
		return t, nil
	}
	return model.Transformer{}, errorf(BadData, "network: it is no language model: it reads no text")
}

// Policy returns the specification of a policy. Episodes are for nobody else.
func (n *Network) Policy() (model.ConvPolicy, error) {
	if p, ok := n.Spec.(model.ConvPolicy); ok {
		return p, nil
	}
	return model.ConvPolicy{}, errorf(BadData, "network: it is no policy: it plays no episodes")
}

// Network rebuilds an individual from its genome.
func (a *Archive) Network(i lineage.Individual) (*Network, error) {
	n := a.Experiment.Task.Network()
	n.Genotype = make([]float32, n.Layout.Genotype)
	if len(i.Genome) == 0 {
		return nil, fmt.Errorf("run: %s: individual %d has no genome", a.Dir, i.ID)
	}
	develop.Rebuild(n.Genotype, n.Layout, i.Genome)
	return &n, nil
}

// LoadNetwork reads a weight file, developed or as factors.
func LoadNetwork(path string) (*Network, error) {
	f, err := model.ReadSafetensors(path)
	if err != nil {
		return nil, as(BadData, err)
	}
	n, err := importNetwork(f)
	if err != nil {
		return nil, as(BadData, fmt.Errorf("%s: %w", path, err))
	}
	return n, nil
}

// importNetwork reads the network that the file's description speaks of.
func importNetwork(f *model.TensorFile) (*Network, error) {
	for key, read := range networks {
		if _, ok := f.Metadata[key]; ok {
			return read(f)
		}
	}
	return nil, fmt.Errorf("weights: metadata: it describes neither a transformer (hidden, heads, …) nor a policy (kernels, strides, …): docs/weights.md lists the keys")
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
