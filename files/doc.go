// Package files makes files that survive crashes: they appear whole or not at
// all, and a run directory has one writer at a time.
//
// Convention: every error is one line that names the path the caller gave, not
// a temporary one, and what to do where that is known.
//
// Package files never deletes what it did not make.
package files
