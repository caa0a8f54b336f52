package model

import (
	"fmt"
	"math"
	"slices"
)

// Weight files hold a network in one of two forms: developed, one array per
// tensor under its name; or as the genotype, where a factored tensor's name
// carries its parts "name.A" and "name.B", and a hybrid's also "name.D" (shaped
// as the developed tensor is). Dense tensors are the same in both. The
// embedding's factors are hidden × vocabulary although the embedding itself is
// [vocab][hidden]; a convolution's are [kernel·kernel·in][k] and [k][out]
// (see Orientation).

// ExportGenotype lays a genotype out as a weight file that ImportGenotype
// reads back bit for bit. The arrays share the genotype's memory.
func (l *Layout) ExportGenotype(genotype []float32, metadata map[string]string) *TensorFile {
	f := &TensorFile{Metadata: metadata}
	for i := range l.Tensors {
		t := &l.Tensors[i]
		for j := range t.Parts {
			p := &t.Parts[j]
			f.Tensors = append(f.Tensors, NamedTensor{t.partName(p.Role), p.Shape, p.Of(genotype)})
		}
	}
	return f
}

// ExportPhenotype lays a developed network out as a weight file. The arrays
// share the phenotype's memory.
func (l *Layout) ExportPhenotype(phenotype []float32, metadata map[string]string) *TensorFile {
	f := &TensorFile{Metadata: metadata}
	for i := range l.Tensors {
		t := &l.Tensors[i]
		f.Tensors = append(f.Tensors, NamedTensor{t.Name, t.Shape, t.Of(phenotype)})
	}
	return f
}

// ImportGenotype gathers a genotype from a weight file whose arrays are
// exactly the layout's parts, in any order, all numbers finite. Errors name
// the array.
func (l *Layout) ImportGenotype(f *TensorFile) ([]float32, error) {
	arrays := f.byName()
	parts := 0
	for i := range l.Tensors {
		t := &l.Tensors[i]
		for j := range t.Parts {
			p := &t.Parts[j]
			if err := checkArray(arrays, t.partName(p.Role), p.Shape); err != nil {
				return nil, fmt.Errorf("weights: %w", err)
			}
			parts++
		}
	}
	if parts != len(f.Tensors) {
		return nil, fmt.Errorf("weights: %s: the network has no such tensor", l.surplus(f))
	}
	// Only now is the layout's size known to be that of arrays that exist.
	genotype := make([]float32, l.Genotype)
	for i := range l.Tensors {
		t := &l.Tensors[i]
		for j := range t.Parts {
			p := &t.Parts[j]
			copy(p.Of(genotype), arrays[t.partName(p.Role)].Data)
		}
	}
	return genotype, nil
}

// partName returns the name of a part in weight files.
func (t *Tensor) partName(r Role) string {
	if r == RoleW {
		return t.Name
	}
	return t.Name + "." + r.String()
}

func (f *TensorFile) byName() map[string]*NamedTensor {
	arrays := make(map[string]*NamedTensor, len(f.Tensors))
	for i := range f.Tensors {
		arrays[f.Tensors[i].Name] = &f.Tensors[i]
	}
	return arrays
}

func checkArray(arrays map[string]*NamedTensor, name string, shape []int) error {
	a := arrays[name]
	if a == nil {
		return fmt.Errorf("%s: missing", name)
	}
	if !slices.Equal(a.Shape, shape) {
		return fmt.Errorf("%s: shape %v where the metadata and the other tensors ask for %v", name, a.Shape, shape)
	}
	for i, v := range a.Data {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return fmt.Errorf("%s: element %d is %v: weights must be finite", name, i, v)
		}
	}
	return nil
}

// surplus returns the first array of f that is no part of the layout.
func (l *Layout) surplus(f *TensorFile) string {
	known := map[string]bool{}
	for i := range l.Tensors {
		for _, p := range l.Tensors[i].Parts {
			known[l.Tensors[i].partName(p.Role)] = true
		}
	}
	for _, a := range f.Tensors {
		if !known[a.Name] {
			return fmt.Sprintf("%q", a.Name)
		}
		known[a.Name] = false // a second array of that name is one too many
	}
	return ""
}

// encodingIn reads a tensor's encoding off the arrays that stand for it.
// Shapes beyond the rank are ImportGenotype's business.
func encodingIn(arrays map[string]*NamedTensor, name string) (Encoding, error) {
	a := arrays[name+".A"]
	if arrays[name] != nil {
		return Encoding{}, nil
	}
	if a == nil {
		return Encoding{}, fmt.Errorf("weights: %s: missing, and so is %s.A", name, name)
	}
	if len(a.Shape) != 2 || a.Shape[1] < 1 || a.Shape[1] > MaxDimension {
		return Encoding{}, fmt.Errorf("weights: %s.A: shape %v is not that of a left factor [outputs, rank]", name, a.Shape)
	}
	if arrays[name+".D"] != nil {
		return Encoding{Hybrid, a.Shape[1]}, nil
	}
	return Encoding{Factored, a.Shape[1]}, nil
}
