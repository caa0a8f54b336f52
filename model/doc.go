// Package model holds the vocabulary that every other package of evorank
// speaks: seeds, genes, genomes, candidates and fitness; the specifications of
// the networks; and the layout that says where each number of a network lives
// in the flat genotype vector that mutates and in the flat phenotype vector
// that is evaluated.
//
// Convention: vectors are float32, matrices are row-major, and every matrix is
// [outputs][inputs] (y = W·x + b), as in the weight files. Initial standard
// deviations and mutation scales are computed here, in float64, and rounded
// once to float32; nothing else in the program knows those formulas.
//
// Package model imports nothing of evorank, holds no state, reads no clock and
// draws no random number by itself.
package model
