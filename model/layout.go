package model

import "fmt"

// MaxDimension bounds every size in a network specification, so that sizes
// multiply without overflow and a slip of the keyboard is an error, not an
// allocation.
const MaxDimension = 1 << 20

// Orientation says how the product of a tensor's factors becomes the tensor.
type Orientation uint8

const (
	// Plain: W = A·B, W [Rows][Cols].
	Plain Orientation = iota
	// Transposed: W = (A·B)ᵀ, A·B [Rows][Cols]; the embedding, whose factors
	// are written hidden × vocabulary.
	Transposed
	// Convolution: A·B has Rows = kernel row·column·in and Cols = out; the
	// filter is W[o][i][r][c] = (A·B)[r + KR·(c + KC·i)][o] / 2
	// (the reference program halves convolutions: method 1.3).
	Convolution
)

// Tensor is one named parameter array of a network.
type Tensor struct {
	Name        string
	Shape       []int // as in the weight file
	Encoding    Encoding
	Orientation Orientation
	Rows, Cols  int // of A·B
	Offset      int // in the phenotype
	Parts       []Part
}

// Len returns the number of elements of the developed tensor.
func (t *Tensor) Len() int { return product(t.Shape) }

// Frozen reports whether the tensor never mutates (layer-norm scale and bias).
func (t *Tensor) Frozen() bool { return t.Parts[0].Frozen }

// Part is a contiguous run of the genotype: a dense tensor or one of its
// factors. An element starts at InitValue + InitStd·noise and mutates by
// MutationScale·noise.
type Part struct {
	Role          Role
	Shape         []int
	Offset        int    // in the genotype
	Stream        uint32 // the tensor word of the noise counter: 4·weight number + role
	InitValue     float32
	InitStd       float32
	MutationScale float32
	Frozen        bool
}

// Len returns the number of elements of the part.
func (p *Part) Len() int { return product(p.Shape) }

// Layout is the one offset table of a network, used by every device.
type Layout struct {
	Tensors   []Tensor
	Genotype  int // number of elements that evolve, frozen ones counted as the paper counts them
	Phenotype int // number of elements of the developed network
}

// Mutable returns the number of genotype elements that mutate.
func (l *Layout) Mutable() int {
	n := l.Genotype
	for i := range l.Tensors {
		if t := &l.Tensors[i]; t.Frozen() {
			n -= t.Len()
		}
	}
	return n
}

// Tensor returns the tensor of that name, or nil.
func (l *Layout) Tensor(name string) *Tensor {
	for i := range l.Tensors {
		if l.Tensors[i].Name == name {
			return &l.Tensors[i]
		}
	}
	return nil
}

// Of returns the tensor's slice of a phenotype vector.
func (t *Tensor) Of(phenotype []float32) []float32 {
	return phenotype[t.Offset : t.Offset+t.Len()]
}

// Of returns the part's slice of a genotype vector.
func (p *Part) Of(genotype []float32) []float32 {
	return genotype[p.Offset : p.Offset+p.Len()]
}

// weight describes a tensor before it has its place.
type weight struct {
	name        string
	shape       []int
	orientation Orientation
	rows, cols  int // of A·B
	encoding    Encoding
	denseStd    float64 // initial std of the dense encoding
	kaimingStd  float64 // mutation std of a dense part that starts at zero
	aStd, bStd  float64
}

// builder appends tensors to a layout; the first error sticks.
type builder struct {
	layout Layout
	rates  MutationRates
	err    error
}

func (b *builder) weight(w weight) {
	t := Tensor{Name: w.name, Shape: w.shape, Encoding: w.encoding, Orientation: w.orientation, Rows: w.rows, Cols: w.cols}
	if w.encoding.Kind == Dense {
		t.Parts = []Part{b.part(RoleW, w.shape, w.denseStd, w.denseStd*b.rates.Dense)}
	} else {
		k := w.encoding.Rank
		t.Parts = []Part{
			b.part(RoleA, []int{w.rows, k}, w.aStd, w.aStd*b.rates.Factor),
			b.part(RoleB, []int{k, w.cols}, w.bStd, w.bStd*b.rates.Factor),
		}
	}
	if w.encoding.Kind == Hybrid {
		t.Parts = append(t.Parts, b.part(RoleD, w.shape, 0, w.kaimingStd*b.rates.Dense))
	}
	b.add(t)
}

// bias appends a bias vector. It starts at zero unless initStd says otherwise
// and mutates as a vector of fan-in 1 does: std √2 × rate (method 2.5).
func (b *builder) bias(name string, n int, initStd float64) {
	p := b.part(RoleW, []int{n}, initStd, kaiming(1)*b.rates.Bias)
	b.add(Tensor{Name: name, Shape: []int{n}, Parts: []Part{p}})
}

// frozen appends a vector that keeps its initial value for ever.
func (b *builder) frozen(name string, n int, value float32) {
	p := Part{Role: RoleW, Shape: []int{n}, InitValue: value, Frozen: true}
	b.add(Tensor{Name: name, Shape: []int{n}, Parts: []Part{p}})
}

func (b *builder) part(role Role, shape []int, std, scale float64) Part {
	return Part{Role: role, Shape: shape, InitStd: float32(std), MutationScale: float32(scale)}
}

func (b *builder) add(t Tensor) {
	const limit = 1 << 31 // offsets travel to devices as int32
	number := uint32(len(b.layout.Tensors))
	t.Offset = b.layout.Phenotype
	b.layout.Phenotype += t.Len()
	for i := range t.Parts {
		p := &t.Parts[i]
		p.Offset = b.layout.Genotype
		p.Stream = 4*number + uint32(p.Role)
		b.layout.Genotype += p.Len()
		if b.err == nil && (b.layout.Genotype >= limit || b.layout.Phenotype >= limit) {
			b.err = fmt.Errorf("network: %s: more than 2^31 parameters: choose smaller sizes", t.Name)
		}
	}
	b.layout.Tensors = append(b.layout.Tensors, t)
}

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}
