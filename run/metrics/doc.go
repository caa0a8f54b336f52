// Package metrics writes what a run measures: one JSON object per generation
// in metrics.jsonl, and the same numbers as TensorBoard events.
//
// Convention: generations are the steps. Both files are a comfort, not the
// truth: everything in metrics.jsonl but the timings can be made again from
// the lineage, so nothing is synced, and a resume cuts metrics.jsonl to what
// the lineage holds.
//
// Package metrics reads no clock: wall times come from the caller.
package metrics
