package lineage

import (
	"fmt"
	"slices"

	"github.com/evorank/evorank/model"
)

// Ancestry follows the genomes of the living while generations go by. Genomes
// share their beginnings, and those of the extinct are forgotten, so that the
// memory is at most survivors × generations genes.
//
// The zero value stands before generation 1.
type Ancestry struct {
	living map[model.ID]*ancestor // the selected of the last generation
}

// ancestor is the last gene of a genome, with the genes before it.
type ancestor struct {
	gene   model.Gene
	before *ancestor
}

// inherited returns what a record of the generation that follows builds on:
// nothing for a founder, its own genes for a survivor, its parent's for a child.
func (a *Ancestry) inherited(r *model.Record) (*ancestor, error) {
	switch r.Gene.Kind {
	case model.GeneInit:
		if r.Parent != 0 {
			return nil, fmt.Errorf("generation %d: individual %d: a founder with parent %d", r.Generation, r.ID, r.Parent)
		}
		return nil, nil
	case model.GeneNone:
		if n := a.living[r.ID]; n != nil {
			return n, nil
		}
		return nil, fmt.Errorf("generation %d: individual %d: survived without having been selected", r.Generation, r.ID)
	}
	if n := a.living[r.Parent]; n != nil {
		return n, nil
	}
	return nil, fmt.Errorf("generation %d: individual %d: parent %d was not selected", r.Generation, r.ID, r.Parent)
}

// Genome returns the genome of an individual of the generation that follows
// the last one advanced over.
func (a *Ancestry) Genome(r *model.Record) (model.Genome, error) {
	last, err := a.inherited(r)
	if err != nil {
		return nil, err
	}
	var g model.Genome
	for n := last; n != nil; n = n.before {
		g = append(g, n.gene)
	}
	slices.Reverse(g)
	return g.With(r.Gene), nil
}

// Advance takes the next generation, all of its records, and keeps those that
// were selected. On an error nothing changes.
func (a *Ancestry) Advance(records []model.Record) error {
	living := map[model.ID]*ancestor{}
	for i := range records {
		r := &records[i]
		n, err := a.inherited(r)
		if err != nil {
			return err
		}
		if r.Selected == model.Unselected {
			continue
		}
		if r.Gene.Kind != model.GeneNone {
			n = &ancestor{r.Gene, n}
		}
		living[r.ID] = n
	}
	a.living = living
	return nil
}

// Individual is one record with the genome that belongs to it.
type Individual struct {
	model.Record
	Genome model.Genome
}
