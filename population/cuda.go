package population

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/develop"
	"github.com/evorank/evorank/kernels/digest"
	"github.com/evorank/evorank/model"
)

// CUDA holds parents in the memory of one GPU. Only seeds and slots go up and
// only digests come down. All its work goes through one stream; one goroutine
// at a time uses it.
type CUDA struct {
	layout   *model.Layout
	stream   *gpu.Stream
	develop  *develop.GPU
	digest   *digest.GPU
	parents  gpu.Buffer[float32] // [capacity][Layout.Genotype]
	next     gpu.Buffer[float32] // the memory that Adopt fills
	chosen   gpu.Buffer[develop.Packed]
	packed   gpu.Pinned[develop.Packed]
	slots    int // filled
	capacity int
}

// NewCUDA allocates a store for up to capacity parents.
func NewCUDA(m *gpu.Module, s *gpu.Stream, layout *model.Layout, capacity int) (*CUDA, error) {
	p := &CUDA{layout: layout, stream: s, capacity: capacity}
	var errs [6]error
	p.develop, errs[0] = develop.NewGPU(m, s, layout)
	p.digest, errs[1] = digest.NewGPU(m, s.Device(), layout.Genotype, capacity)
	p.parents, errs[2] = gpu.Alloc[float32](s.Device(), "parents", capacity*layout.Genotype)
	p.next, errs[3] = gpu.Alloc[float32](s.Device(), "next parents", capacity*layout.Genotype)
	p.chosen, errs[4] = gpu.Alloc[develop.Packed](s.Device(), "adopted candidates", capacity)
	p.packed, errs[5] = gpu.AllocPinned[develop.Packed](s.Device(), "adopted candidates", capacity)
	if err := cmp.Or(errs[:]...); err != nil { // where memory is short the first says it all
		_ = p.Close() // the reason for giving up is err
		return nil, err
	}
	return p, nil
}

// Close frees the device memory.
func (p *CUDA) Close() error {
	errs := []error{p.parents.Free(), p.next.Free(), p.chosen.Free(), p.packed.Free()}
	if p.develop != nil {
		errs = append(errs, p.develop.Close())
	}
	if p.digest != nil {
		errs = append(errs, p.digest.Close())
	}
	return errors.Join(errs...)
}

// Slots returns how many parents there are.
func (p *CUDA) Slots() int { return p.slots }

// Phenotypes develops candidates in device memory, in stream order, to genotypes
// [n][G] and phenotypes [n][F].
func (p *CUDA) Phenotypes(s *gpu.Stream, phenotypes, genotypes gpu.Buffer[float32], candidates gpu.Buffer[develop.Packed]) error {
	if err := p.develop.Genotypes(s, genotypes, p.parents, candidates); err != nil {
		return err
	}
	return p.develop.Phenotypes(s, phenotypes, genotypes, candidates.Len())
}

// Adopt makes the candidates the parents, candidate i in slot i, and returns
// the digest of each genotype. On error the parents are as before.
func (p *CUDA) Adopt(candidates []model.Candidate) ([]model.Digest, error) {
	n := len(candidates)
	if n > p.capacity {
		return nil, fmt.Errorf("adopt: %d parents in a store for %d", n, p.capacity)
	}
	if err := develop.Pack(p.packed.Values(), candidates, p.slots); err != nil {
		return nil, err
	}
	digests, err := p.adopt(n)
	if err != nil {
		_ = p.stream.Synchronize() // so that nothing reads the packed candidates any more; the reason for giving up is err
		return nil, err
	}
	p.parents, p.next, p.slots = p.next, p.parents, n
	return digests, nil
}

// adopt makes the next parents of the n packed candidates.
func (p *CUDA) adopt(n int) ([]model.Digest, error) {
	chosen, next := p.chosen.Slice(0, n), p.next.Slice(0, n*p.layout.Genotype)
	if err := gpu.Upload(p.stream, chosen, p.packed.Slice(0, n)); err != nil {
		return nil, err
	}
	if err := p.develop.Genotypes(p.stream, next, p.parents, chosen); err != nil {
		return nil, err
	}
	return p.digest.Of(p.stream, next)
}

// Restore rebuilds the parent in a slot from its whole genome and returns its
// digest. Slots are restored in order; one that fails is not filled.
func (p *CUDA) Restore(slot model.Slot, genome model.Genome) (model.Digest, error) {
	if err := checkRestore(slot, genome, p.slots); err != nil {
		return 0, err
	}
	vector, err := p.room(slot)
	if err != nil {
		return 0, err
	}
	if err := p.develop.Rebuild(p.stream, vector, genome); err != nil {
		return 0, err
	}
	digests, err := p.digest.Of(p.stream, vector)
	if err != nil {
		return 0, err
	}
	p.slots = max(p.slots, int(slot)+1)
	return digests[0], nil
}

// Import puts a genotype from elsewhere into a slot, as Restore does.
func (p *CUDA) Import(slot model.Slot, genotype []float32) error {
	if err := checkImport(slot, genotype, p.slots, p.layout); err != nil {
		return err
	}
	vector, err := p.room(slot)
	if err != nil {
		return err
	}
	if err := gpu.Write(p.stream, vector, genotype); err != nil {
		return err
	}
	p.slots = max(p.slots, int(slot)+1)
	return nil
}

// Export returns a copy of the genotype in a slot.
func (p *CUDA) Export(slot model.Slot) ([]float32, error) {
	if slot < 0 || int(slot) >= p.slots {
		return nil, fmt.Errorf("export: slot %d holds no parent (%d are filled)", slot, p.slots)
	}
	genotype := make([]float32, p.layout.Genotype)
	return genotype, gpu.Read(p.stream, genotype, p.vector(slot))
}

// room returns the vector of a slot that is about to be written, the first
// free one included.
func (p *CUDA) room(slot model.Slot) (gpu.Buffer[float32], error) {
	if int(slot) >= p.capacity {
		return gpu.Buffer[float32]{}, fmt.Errorf("restore: slot %d in a store for %d parents", slot, p.capacity)
	}
	return p.vector(slot), nil
}

func (p *CUDA) vector(slot model.Slot) gpu.Buffer[float32] {
	return p.parents.Slice(int(slot)*p.layout.Genotype, (int(slot)+1)*p.layout.Genotype)
}
