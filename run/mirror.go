package run

import (
	"slices"
	"sync"

	"github.com/evorank/evorank/evolve"
	"github.com/evorank/evorank/kernels/develop"
	"github.com/evorank/evorank/kernels/digest"
	"github.com/evorank/evorank/model"
)

// mirror holds the parents of a run on the host, beside the device that holds
// them for evaluation, so that their digests can be compared: two processors
// and two memories must agree on every bit. It follows the run at a distance:
// a parent is rebuilt from the nearest ancestor that was a parent when the
// mirror last looked, so each gene is added once, however many generations
// lie between two looks.
type mirror struct {
	layout *model.Layout
	held   []image
	spare  [][]float32 // memory of images that are no parents any more
}

// image is a parent as the host knows it.
type image struct {
	genome   model.Genome
	genotype []float32
	digest   model.Digest
}

// check rebuilds the parents of a state. The first one whose digest is not
// what the device said is an error.
func (m *mirror) check(s evolve.State) error {
	images := make([]image, len(s.Parents))
	kept := map[*image]bool{} // survivors of the last look
	var wait sync.WaitGroup
	for slot, p := range s.Parents {
		near := m.nearest(p.Genome)
		if near != nil && len(near.genome) == len(p.Genome) && !kept[near] {
			images[slot], kept[near] = *near, true
			continue
		}
		into := m.memory()
		wait.Go(func() { images[slot] = rebuilt(into, m.layout, near, p.Genome) })
	}
	wait.Wait()
	for i := range m.held {
		if h := &m.held[i]; !kept[h] {
			m.spare = append(m.spare, h.genotype)
		}
	}
	m.held = images
	for slot, p := range s.Parents {
		if got := images[slot].digest; got != p.Digest {
			return errorf(BadDevice, "individual %d, parent %d: the device holds a genotype with digest %s, this processor's has %s: the device, its memory or its driver computes wrongly, and nothing of this generation is kept", p.ID, slot, p.Digest, got)
		}
	}
	return nil
}

// nearest returns the image with the longest part of the genome, if there is one.
func (m *mirror) nearest(genome model.Genome) *image {
	var found *image
	for i := range m.held {
		h := &m.held[i]
		n := len(h.genome)
		if n > len(genome) || found != nil && n <= len(found.genome) || h.genome[n-1] != genome[n-1] {
			continue
		}
		if slices.Equal(h.genome, genome[:n]) {
			found = h
		}
	}
	return found
}

// memory returns room for a genotype.
func (m *mirror) memory() []float32 {
	if n := len(m.spare); n > 0 {
		into := m.spare[n-1]
		m.spare = m.spare[:n-1]
		return into
	}
	return make([]float32, m.layout.Genotype)
}

// rebuilt adds the genes that the near image lacks, or all of them.
func rebuilt(into []float32, layout *model.Layout, near *image, genome model.Genome) image {
	rest := genome
	if near != nil {
		copy(into, near.genotype)
		rest = genome[len(near.genome):]
	}
	develop.Rebuild(into, layout, rest)
	return image{genome, into, digest.Of(into)}
}
