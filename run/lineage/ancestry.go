package lineage

import (
	"cmp"
	"fmt"
	"io"
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

// Tail is where a run stands: what a resume needs.
type Tail struct {
	Header        Header
	Generation    model.Generation // the last complete one, 0 if there is none
	Records       []model.Record   // of that generation
	Parents       []Individual     // its selected ones, in slot order
	DeviceChanges []model.Generation
	Dropped       int64 // bytes of a block that a crash cut short
	end           int64 // of the last complete block
}

// ReadTail reads a whole log, checking every byte.
func ReadTail(path string) (*Tail, error) {
	r, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return r.tail()
}

// tail keeps the last generation back until the next one has come, because the
// genomes of a generation stand on the ancestry before it.
func (r *Reader) tail() (*Tail, error) {
	var before Ancestry
	var last []model.Record
	for {
		records, err := r.Next()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = r.in(before.Advance(last))
		}
		if err != nil {
			return nil, err
		}
		last = append(last[:0], records...)
	}
	t := &Tail{Header: r.header, Generation: r.last, Records: last, DeviceChanges: r.marks, Dropped: r.dropped, end: r.at}
	for i := range last {
		if last[i].Selected == model.Unselected {
			continue
		}
		genome, err := before.Genome(&last[i])
		if err != nil {
			return nil, r.in(err)
		}
		t.Parents = append(t.Parents, Individual{last[i], genome})
	}
	slices.SortStableFunc(t.Parents, func(a, b Individual) int { return cmp.Compare(a.Selected, b.Selected) })
	return t, nil
}

// Find returns an individual of any complete generation with its genome.
func Find(path string, generation model.Generation, id model.ID) (*Individual, error) {
	r, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return r.find(generation, id)
}

func (r *Reader) find(generation model.Generation, id model.ID) (*Individual, error) {
	var before Ancestry
	for {
		records, err := r.Next()
		if err == io.EOF {
			return nil, fmt.Errorf("lineage: %s: generation %d: the log holds generations 1 to %d", r.path, generation, r.last)
		}
		if err != nil {
			return nil, err
		}
		if r.last == generation {
			i := slices.IndexFunc(records, func(x model.Record) bool { return x.ID == id })
			if i < 0 {
				return nil, fmt.Errorf("lineage: %s: generation %d has no individual %d", r.path, generation, id)
			}
			genome, err := before.Genome(&records[i])
			return &Individual{records[i], genome}, r.in(err)
		}
		if err := before.Advance(records); err != nil {
			return nil, r.in(err)
		}
	}
}

// in names the file in an error.
func (r *Reader) in(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("lineage: %s: %w", r.path, err)
}
