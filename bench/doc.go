// Package bench measures throughput: each case is checked against a reference
// first and timed then, and printed beside named baselines that run in the
// same invocation on the same machine.
//
// Convention: a rate counts scored tokens (targets), and the time is the whole
// way of a candidate: noise from its seed, development, and evaluation.
// Medians of several repetitions. What a rate could be at most is measured in
// the same run (kernels/ceiling). Benchmarks are not tests, and read no clock
// but the one they are given.
package bench
