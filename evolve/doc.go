// Package evolve holds the search: strategies, selection, reproduction and the
// loop that drives an evaluator through the generations.
//
// Convention: a strategy is a pair of pure functions over a State. Ask says
// which candidates to evaluate next, Tell takes their scores and says which of
// them become the parents. Every random choice comes from the run's
// counter-based stream, so a State and a seed determine all that follows.
//
// Weights never come here: seeds go to the Evaluator, fitness comes back.
// The package reads no clock and touches no file or device.
package evolve
