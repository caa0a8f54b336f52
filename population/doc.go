// Package population keeps the parents of a run on a device: it regenerates
// candidates from them, adopts candidates as the next parents, restores a
// parent from its genome and exports one.
//
// Convention: a store holds only parents. A candidate's genotype exists while
// it is evaluated, in memory that the evaluator lends. Nothing is ever rebuilt
// from zeros: a slot without a parent is an error.
package population
