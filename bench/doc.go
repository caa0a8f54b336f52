// Package bench measures throughput: each case is checked against the float64
// reference first and timed then, and printed beside named baselines that run
// in the same invocation on the same machine.
//
// Convention: a rate counts scored tokens (targets), and the time is the whole
// way of a candidate: noise from its seed, development, and evaluation.
// Medians of several repetitions. Benchmarks are not tests.
package bench
