package population

import (
	"fmt"
	"sync"

	"github.com/evorank/evorank/kernels/develop"
	"github.com/evorank/evorank/kernels/digest"
	"github.com/evorank/evorank/model"
)

// CPU holds parents in host memory. Its methods may be called from several
// goroutines as long as none of them changes the parents.
type CPU struct {
	layout  *model.Layout
	parents [][]float32 // [slot][Layout.Genotype]
	next    [][]float32 // the memory that Adopt fills
}

// NewCPU returns an empty store.
func NewCPU(layout *model.Layout) *CPU { return &CPU{layout: layout} }

// Genotype writes a candidate's genotype to dst [Layout.Genotype].
func (s *CPU) Genotype(dst []float32, c model.Candidate) error {
	parent, err := s.parent(c)
	if err != nil {
		return err
	}
	develop.Genotype(dst, parent, s.layout, c.Gene)
	return nil
}

// Adopt makes the candidates the parents, candidate i in slot i, and returns
// the digest of each genotype. On error the parents are as before.
func (s *CPU) Adopt(candidates []model.Candidate) ([]model.Digest, error) {
	s.next = fit(s.next, len(candidates), s.layout.Genotype)
	digests := make([]model.Digest, len(candidates))
	errs := make([]error, len(candidates))
	var wait sync.WaitGroup
	for slot, c := range candidates {
		wait.Go(func() {
			errs[slot] = s.Genotype(s.next[slot], c)
			digests[slot] = digest.Of(s.next[slot])
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	s.parents, s.next = s.next, s.parents
	return digests, nil
}

// Restore rebuilds the parent in a slot from its whole genome and returns its
// digest. Slots are restored in order.
func (s *CPU) Restore(slot model.Slot, genome model.Genome) (model.Digest, error) {
	if err := checkRestore(slot, genome, len(s.parents)); err != nil {
		return 0, err
	}
	s.parents = fit(s.parents, max(len(s.parents), int(slot)+1), s.layout.Genotype)
	develop.Rebuild(s.parents[slot], s.layout, genome)
	return digest.Of(s.parents[slot]), nil
}

// Import puts a genotype from elsewhere into a slot, as Restore does.
func (s *CPU) Import(slot model.Slot, genotype []float32) error {
	if err := checkImport(slot, genotype, len(s.parents), s.layout); err != nil {
		return err
	}
	s.parents = fit(s.parents, max(len(s.parents), int(slot)+1), s.layout.Genotype)
	copy(s.parents[slot], genotype)
	return nil
}

// Export returns a copy of the genotype in a slot.
func (s *CPU) Export(slot model.Slot) ([]float32, error) {
	dst := make([]float32, s.layout.Genotype)
	return dst, s.Genotype(dst, model.Candidate{Parent: slot})
}

// parent returns the genotype that the candidate starts from, nil for founders.
func (s *CPU) parent(c model.Candidate) ([]float32, error) {
	founder := c.Gene.Kind == model.GeneInit
	if founder && c.Parent == model.NoParent {
		return nil, nil
	}
	if founder || c.Parent < 0 || int(c.Parent) >= len(s.parents) {
		return nil, fmt.Errorf("develop: candidate with gene %s: slot %d holds no parent (%d are filled)", c.Gene.Kind, c.Parent, len(s.parents))
	}
	return s.parents[c.Parent], nil
}

// checkRestore refuses a genome that would be built from nothing, and a slot
// that would leave a gap.
func checkRestore(slot model.Slot, genome model.Genome, filled int) error {
	if len(genome) == 0 || genome[0].Kind != model.GeneInit {
		return fmt.Errorf("restore: slot %d: the genome does not begin with an initialisation", slot)
	}
	if slot < 0 || int(slot) > filled {
		return fmt.Errorf("restore: slot %d: only %d slots are filled", slot, filled)
	}
	return nil
}

func checkImport(slot model.Slot, genotype []float32, filled int, layout *model.Layout) error {
	if len(genotype) != layout.Genotype {
		return fmt.Errorf("import: slot %d: %d elements, want %d", slot, len(genotype), layout.Genotype)
	}
	if slot < 0 || int(slot) > filled {
		return fmt.Errorf("import: slot %d: only %d slots are filled", slot, filled)
	}
	return nil
}

// fit returns n vectors of that length, reusing what is there.
func fit(vectors [][]float32, n, length int) [][]float32 {
	for len(vectors) < n {
		vectors = append(vectors, make([]float32, length))
	}
	return vectors[:n]
}
