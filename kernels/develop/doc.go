// Package develop turns seeds into networks: Genotype regenerates an
// individual from its parent and one gene, Phenotype multiplies the factors
// out.
//
// Convention: both are defined to the last bit, so that every device makes the
// same numbers. The noise is package noise's; every product and every sum is
// rounded to float32 by itself (no fused multiply-add); a dot product adds its
// terms in the order of the rank.
//
// The package never decides what to develop, and never starts from anything
// but a parent's genotype or a founder's gene.
package develop
