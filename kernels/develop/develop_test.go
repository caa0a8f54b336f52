package develop

import (
	"fmt"
	"math"
	"testing"

	"github.com/evorank/evorank/kernels/gputest"
	"github.com/evorank/evorank/kernels/noise"
	"github.com/evorank/evorank/model"
)

// testLayout is one network of odd tensors: every orientation and encoding, at
// sizes off the tiles of 64, ranks around the 16 in shared memory, one very
// wide product, vectors, frozen parts and zero scales.
func testLayout() *model.Layout {
	l := new(model.Layout)
	for i, c := range []struct {
		orientation model.Orientation
		shape       []int // of the tensor
		encoding    model.Encoding
	}{
		{model.Plain, []int{1, 1}, factored(1)},
		{model.Plain, []int{5, 3}, factored(2)},
		{model.Plain, []int{64, 64}, factored(16)},
		{model.Plain, []int{65, 63}, factored(17)},
		{model.Plain, []int{3, 20_011}, factored(5)},
		{model.Plain, []int{130, 70}, hybrid(33)},
		{model.Plain, []int{7, 9}, model.Encoding{}},
		{model.Plain, []int{4097}, model.Encoding{}},
		{model.Transposed, []int{2051, 32}, factored(32)},
		{model.Transposed, []int{67, 1}, factored(64)},
		{model.Transposed, []int{131, 66}, hybrid(3)},
		{model.Convolution, []int{32, 12, 4, 4}, factored(1)},
		{model.Convolution, []int{67, 5, 3, 2}, factored(4)},
		{model.Convolution, []int{3, 1, 8, 8}, hybrid(15)},
		{model.Convolution, []int{4, 3, 2, 2}, model.Encoding{}},
	} {
		add(l, i, c.orientation, c.shape, c.encoding)
	}
	l.Tensors[0].Parts[0].MutationScale = 0
	frozen := &l.Tensors[7].Parts[0]
	*frozen = model.Part{Shape: frozen.Shape, Offset: frozen.Offset, Stream: frozen.Stream, InitValue: 1, Frozen: true, MutationScale: 3}
	return l
}

func factored(k int) model.Encoding { return model.Encoding{Kind: model.Factored, Rank: k} }
func hybrid(k int) model.Encoding   { return model.Encoding{Kind: model.Hybrid, Rank: k} }

// add appends a tensor of that shape, with its parts.
func add(l *model.Layout, number int, o model.Orientation, shape []int, e model.Encoding) {
	t := model.Tensor{Name: fmt.Sprint(number), Shape: shape, Encoding: e, Orientation: o, Offset: l.Phenotype}
	l.Phenotype += t.Len()
	part := func(role model.Role, shape ...int) {
		p := model.Part{Role: role, Shape: shape, Offset: l.Genotype, Stream: uint32(4*number) + uint32(role), InitStd: 0.7, MutationScale: 0.0123}
		l.Genotype += p.Len()
		t.Parts = append(t.Parts, p)
	}
	switch {
	case e.Kind == model.Dense:
		part(model.RoleW, shape...)
	case o == model.Plain:
		t.Rows, t.Cols = shape[0], shape[1]
	case o == model.Transposed:
		t.Rows, t.Cols = shape[1], shape[0]
	case o == model.Convolution:
		t.Rows, t.Cols = shape[1]*shape[2]*shape[3], shape[0]
	}
	if e.Kind != model.Dense {
		part(model.RoleA, t.Rows, e.Rank)
		part(model.RoleB, e.Rank, t.Cols)
	}
	if e.Kind == model.Hybrid {
		part(model.RoleD, shape...)
	}
	l.Tensors = append(l.Tensors, t)
}

// device is one implementation: it makes the genotypes and phenotypes of
// candidates from parents, each vector on its own.
type device func(t *testing.T, l *model.Layout, parents [][]float32, candidates []model.Candidate) (genotypes, phenotypes [][]float32)

// onCPU runs the fast CPU functions on buffers full of NaN.
func onCPU(_ *testing.T, l *model.Layout, parents [][]float32, candidates []model.Candidate) (genotypes, phenotypes [][]float32) {
	for _, c := range candidates {
		g, p := poisoned(l.Genotype), poisoned(l.Phenotype)
		var parent []float32
		if c.Parent >= 0 {
			parent = parents[c.Parent]
		}
		Genotype(g, parent, l, c.Gene)
		Phenotype(p, g, l)
		genotypes, phenotypes = append(genotypes, g), append(phenotypes, p)
	}
	return genotypes, phenotypes
}

// onGPU runs the kernels, all candidates at once, on memory full of NaN.
func onGPU(t *testing.T, l *model.Layout, parents [][]float32, candidates []model.Candidate) (genotypes, phenotypes [][]float32) {
	s, m := gputest.Open(t)
	g, err := NewGPU(m, s, l)
	gputest.Check(t, err)
	packed := make([]Packed, len(candidates))
	gputest.Check(t, Pack(packed, candidates, len(parents)))
	var flat []float32
	for _, p := range parents {
		flat = append(flat, p...)
	}
	onDevice := gputest.Alloc[float32](t, s, len(candidates)*l.Genotype)
	developed := gputest.Alloc[float32](t, s, len(candidates)*l.Phenotype)
	gputest.Check(t, g.Genotypes(s, onDevice, gputest.Upload(t, s, flat), gputest.Upload(t, s, packed)))
	gputest.Check(t, g.Phenotypes(s, developed, onDevice, len(candidates)))
	allGenotypes, allPhenotypes := gputest.Read(t, s, onDevice), gputest.Read(t, s, developed)
	for i := range candidates {
		genotypes = append(genotypes, allGenotypes[i*l.Genotype:(i+1)*l.Genotype])
		phenotypes = append(phenotypes, allPhenotypes[i*l.Phenotype:(i+1)*l.Phenotype])
	}
	gputest.Check(t, g.Close())
	return genotypes, phenotypes
}

func poisoned(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(math.NaN())
	}
	return v
}

func TestCPU(t *testing.T) {
	for _, impl := range implementations() {
		t.Run(impl.name, func(t *testing.T) {
			defer func(chosen implementation) { vector = chosen }(vector)
			vector = impl
			conform(t, onCPU)
		})
	}
}

func TestGPU(t *testing.T) { conform(t, onGPU) }

// conform compares an implementation with the definition, element by element:
// founders, children with two multipliers, a parent unchanged.
func conform(t *testing.T, run device) {
	l := testLayout()
	parents := [][]float32{make([]float32, l.Genotype), make([]float32, l.Genotype)}
	for i, p := range parents {
		noise.Fill(p, model.Seed(100+i), 0, 0)
		for j := 0; j < len(p); j += 3 {
			p[j] = float32(math.Copysign(0, -1)) // sums of −0 keep their sign
		}
	}
	candidates := []model.Candidate{
		{Parent: model.NoParent, Gene: model.Gene{Kind: model.GeneInit, Seed: 1<<40 + 3}},
		{Parent: 1, Gene: model.Gene{Kind: model.GeneMutation, Seed: 4, Multiplier: 1}},
		{Parent: 0, Gene: model.Gene{Kind: model.GeneNone}},
		{Parent: 0, Gene: model.Gene{Kind: model.GeneMutation, Seed: 5, Multiplier: 0.3}},
		{Parent: 1, Gene: model.Gene{Kind: model.GeneMutation, Seed: 6, Multiplier: 0}},
	}
	genotypes, phenotypes := run(t, l, parents, candidates)
	for i, c := range candidates {
		want := genotypeByDefinition(l, parents, c)
		gputest.EqualBits(t, fmt.Sprintf("genotype of candidate %d", i), genotypes[i], want)
		for j := range l.Tensors {
			tensor := &l.Tensors[j]
			what := fmt.Sprintf("candidate %d, tensor %d %v %v", i, j, tensor.Shape, tensor.Encoding)
			gputest.EqualBits(t, what, tensor.Of(phenotypes[i]), tensorByDefinition(want, tensor))
		}
	}
}

func genotypeByDefinition(l *model.Layout, parents [][]float32, c model.Candidate) []float32 {
	g := make([]float32, l.Genotype)
	for _, t := range l.Tensors {
		for _, p := range t.Parts {
			for i := range p.Len() {
				z := noise.At(c.Gene.Seed, p.Stream, i)
				switch at := p.Offset + i; {
				case c.Gene.Kind == model.GeneInit:
					g[at] = p.InitValue + float32(p.InitStd*z)
				case c.Gene.Kind == model.GeneNone || p.Frozen || c.Gene.Multiplier*p.MutationScale == 0:
					g[at] = parents[c.Parent][at]
				default:
					g[at] = parents[c.Parent][at] + float32(float32(c.Gene.Multiplier*p.MutationScale)*z)
				}
			}
		}
	}
	return g
}

func tensorByDefinition(g []float32, t *model.Tensor) []float32 {
	w := make([]float32, t.Len())
	if t.Encoding.Kind == model.Dense {
		copy(w, t.Parts[0].Of(g))
		return w
	}
	a, b := t.Parts[0].Of(g), t.Parts[1].Of(g)
	for m := range t.Rows {
		for n := range t.Cols {
			sum := float32(a[m*t.Encoding.Rank] * b[n])
			for k := 1; k < t.Encoding.Rank; k++ {
				sum += float32(a[m*t.Encoding.Rank+k] * b[k*t.Cols+n])
			}
			at := m*t.Cols + n
			switch t.Orientation {
			case model.Transposed:
				at = n*t.Rows + m
			case model.Convolution: // m = r + KR·(c + KC·i), W[n][i][r][c]
				kr, kc := t.Shape[2], t.Shape[3]
				r, c, i := m%kr, m/kr%kc, m/kr/kc
				at = ((n*t.Shape[1]+i)*kr+r)*kc + c
				sum /= 2
			}
			w[at] = sum
		}
	}
	if t.Encoding.Kind == model.Hybrid {
		for i, d := range t.Parts[2].Of(g) {
			w[i] += d
		}
	}
	return w
}

// A rebuild of a whole genome on the GPU, in place, equals the CPU's.
func TestGPURebuild(t *testing.T) {
	s, m := gputest.Open(t)
	l := testLayout()
	g, err := NewGPU(m, s, l)
	gputest.Check(t, err)
	genome := model.Genome{{Kind: model.GeneInit, Seed: 9}}
	for i := range 50 {
		genome = genome.With(model.Gene{Kind: model.GeneMutation, Seed: model.Seed(i), Multiplier: 1})
	}
	want := poisoned(l.Genotype)
	Rebuild(want, l, genome)
	rebuilt := gputest.Alloc[float32](t, s, l.Genotype)
	gputest.Check(t, g.Rebuild(s, rebuilt, genome))
	gputest.EqualBits(t, "genotype", gputest.Read(t, s, rebuilt), want)
	gputest.Check(t, g.Close())
}

func TestPackRefusesSlotsWithoutParent(t *testing.T) {
	for _, c := range []model.Candidate{
		{Parent: 2, Gene: model.Gene{Kind: model.GeneMutation}},
		{Parent: model.NoParent, Gene: model.Gene{Kind: model.GeneNone}},
		{Parent: -7, Gene: model.Gene{Kind: model.GeneMutation}},
	} {
		if err := Pack(make([]Packed, 1), []model.Candidate{c}, 2); err == nil {
			t.Errorf("%+v: no error with 2 slots", c)
		}
	}
}

// A kind of gene that the kernels do not know is the caller's bug, as on the
// CPU, and no copy of the parent.
func TestPackKnowsItsGenes(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a gene of kind 77 was packed")
		}
	}()
	_ = Pack(make([]Packed, 1), []model.Candidate{{Gene: model.Gene{Kind: 77}}}, 1)
}

// The structs are what the kernels read.
func TestSizesOfSharedStructures(t *testing.T) {
	for name, sizes := range map[string][2]uintptr{
		"part": {size[part](), 24}, "partTile": {size[partTile](), 8}, "Packed": {size[Packed](), 16},
		"tensor": {size[tensor](), 44}, "tensorTile": {size[tensorTile](), 12},
	} {
		if sizes[0] != sizes[1] {
			t.Errorf("%s has %d bytes, the kernel's has %d", name, sizes[0], sizes[1])
		}
	}
}
