// Package levels computes the losses that a language model's loss is read
// against: what is left to guess when a prediction knows nothing, only how
// frequent each token is, or only the token before.
//
// Its one convention: a story is the ids that the model sees, start token
// first; every id but the first is a target, and a level is averaged exactly
// as the loss is (the mean over a story's targets, then the mean over
// stories), in nats. A story without a target carries no weight.
//
// It never looks at a model: the levels are facts about the data alone.
package levels
