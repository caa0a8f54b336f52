// Package run carries out experiments: it builds one from a config, keeps its
// directory, and stops, resumes, extends and verifies it.
//
// Convention: the lineage is the truth. Whatever else lies in a run directory
// (metrics, checkpoints, samples) can be deleted or rebuilt from it. A
// generation counts once its lineage block is on disk.
//
// A task (language models, CarRacing) is a type that implements [Task], in a
// file of its own; the rest of the package knows none of them by name. What a
// task calls its scores and its work is in its [Words].
//
// A run's results depend on its config, its data and the kind of its device;
// never on the clock, the host, the number of threads or when it was stopped.
package run
