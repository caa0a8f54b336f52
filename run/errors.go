package run

import (
	"errors"
	"fmt"

	"github.com/evorank/evorank/gpu"
)

// Kind says what sort of trouble an error is, so that a command line can
// choose an exit code.
type Kind int

const (
	Failure   Kind = iota // the machine: disk full, lock held, read-only
	BadConfig             // settings that cannot be carried out
	BadData               // text, tokenizer, weights, lineage missing or invalid
	BadDevice             // a device was asked for and is not usable
	Stopped               // interrupted, resumable
)

// Error is an error of a kind.
type Error struct {
	Kind Kind
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of an error, Failure if it has none. What a GPU or its
// driver refused is BadDevice, wherever that happened.
func KindOf(err error) Kind {
	var e *Error
	var call *gpu.Error
	var unusable *gpu.UnusableError
	switch {
	case errors.As(err, &e):
		return e.Kind
	case errors.As(err, &call), errors.As(err, &unusable):
		return BadDevice
	}
	return Failure
}

// as gives an error a kind; nil stays nil.
func as(kind Kind, err error) error {
	if err == nil {
		return nil
	}
	return &Error{kind, err}
}

func errorf(kind Kind, format string, args ...any) error {
	return &Error{kind, fmt.Errorf(format, args...)}
}
