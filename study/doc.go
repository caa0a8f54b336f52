// Package study carries out experiments of many trials and reports on them:
// conditions × seeds, each trial a run directory of its own.
//
// Data goes one way. A Study says what is to be run; Execute makes the run
// directories, and goes on where it stopped; ReadRun reads one back; Select
// takes one value from each run, or says why it cannot; Collect gathers all
// that a report needs into Results, which are small enough to be kept when the
// run directories are not; Write turns Results into text, tables and figures.
//
// Convention: whatever makes a comparison doubtful (unfinished runs, other
// devices, other texts, values that are not numbers) is an error or a caveat
// that stands beside the number. Nothing is dropped in silence.
//
// Package study computes no statistics (package stats does) and draws nothing
// (package plot does), and it never writes into a run directory but through
// package run.
package study
