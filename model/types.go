package model

import (
	"fmt"
	"strconv"
)

// Seed keys a counter-based random stream (Philox4x32-10). The noise of a gene
// is a pure function of its seed, the tensor and the element.
type Seed uint64

// ID names an individual within one run; founders are numbered from 1.
// The zero ID means "no parent".
type ID uint64

// Generation counts evaluated populations from 1 (the founders).
type Generation int

// Fitness is what selection maximises, a mean per case: minus the mean
// cross-entropy in nats for language models, the mean return for environments.
type Fitness float64

// Digest guards a genotype against faults (not against forgers): xxHash64 over
// the xxHash64 values of its 4 KiB chunks, little-endian.
type Digest uint64

// String returns the digest as 16 hexadecimal digits.
func (d Digest) String() string { return fmt.Sprintf("%016x", uint64(d)) }

// String returns the seed in decimal, as flags and configs take it.
func (s Seed) String() string { return strconv.FormatUint(uint64(s), 10) }

// GeneKind says what a gene does to the genotype.
type GeneKind uint8

const (
	// GeneNone stands for "unchanged": a survivor is its parent.
	GeneNone GeneKind = iota
	// GeneInit writes initial value + initial std × noise to every element.
	GeneInit
	// GeneMutation adds multiplier × mutation scale × noise to every element
	// that is not frozen.
	GeneMutation
)

// String returns the kind's name as the lineage prints it.
func (k GeneKind) String() string {
	switch k {
	case GeneNone:
		return "none"
	case GeneInit:
		return "init"
	case GeneMutation:
		return "mutation"
	}
	return fmt.Sprintf("gene kind %d", uint8(k))
}

// Gene is one step of an individual's history. A gene owns no numbers: they
// are regenerated from its seed wherever they are needed.
type Gene struct {
	Kind       GeneKind
	Seed       Seed
	Multiplier float32 // 1 in the paper's algorithm; of mutations only
}

// Genome is an individual's genes from its initialisation to now. The
// genotype is their exact float32 sum, in order.
type Genome []Gene

// With returns the genome extended by one gene, sharing nothing that a later
// With could overwrite. A survivor's GeneNone adds nothing.
func (g Genome) With(gene Gene) Genome {
	if gene.Kind == GeneNone {
		return g
	}
	return append(g[:len(g):len(g)], gene)
}

// Slot is a place among the parents that a device holds.
type Slot int32

// NoParent is the slot of a founder's parent.
const NoParent Slot = -1

// Candidate is what an evaluator is asked about: a parent it holds, and the
// gene that turns the parent into the individual.
type Candidate struct {
	Parent Slot // NoParent for founders
	Gene   Gene // GeneInit: a founder; GeneNone: the parent itself; GeneMutation: a child
}

// Cases is what candidates are evaluated on.
//
// A language model is evaluated on Count stories from First on, the same for
// all candidates. In an environment, candidate i plays Count episodes whose
// seeds are Episodes[i*Count : (i+1)*Count].
type Cases struct {
	First, Count int
	Episodes     []Seed
	Heldout      bool // stories that selection never sees
}

// Role is the part that a genotype array plays in its tensor.
type Role uint8

const (
	RoleW Role = iota // the tensor itself
	RoleA             // left factor
	RoleB             // right factor
	RoleD             // dense part of a hybrid, added to A·B
)

// String returns the role's suffix in weight files.
func (r Role) String() string { return [...]string{"W", "A", "B", "D"}[r] }
