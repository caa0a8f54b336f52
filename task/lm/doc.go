// Package lm is the language-model task: candidates become transformers, and
// their fitness is minus the mean over stories of the per-story mean
// cross-entropy in nats (method 3.2).
//
// Convention: an evaluator binds the task to a device and holds both the
// stories and the parents there; only candidates come in and only fitness goes
// out. Results do not depend on the number of threads.
package lm
