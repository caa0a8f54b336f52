package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

// Exit codes (design section 8).
const (
	exitDone    = 0
	exitFailure = 1  // lock held, disk full, read-only
	exitUsage   = 2  // flags or config
	exitData    = 3  // data, checkpoint, lineage or weights missing or invalid
	exitDevice  = 4  // a device was asked for and is not usable
	exitStopped = 75 // stopped and resumable
)

// coded is an error with its exit code.
type coded struct {
	code int
	err  error
}

func (c *coded) Error() string { return c.err.Error() }
func (c *coded) Unwrap() error { return c.err }

// usageError and dataError give an error its exit code; nil stays nil.
func usageError(err error) error { return withCode(exitUsage, err) }
func dataError(err error) error  { return withCode(exitData, err) }

func withCode(code int, err error) error {
	if err == nil {
		return nil
	}
	return &coded{code, err}
}

func usagef(format string, args ...any) error { return usageError(fmt.Errorf(format, args...)) }

// report prints an error as one line and returns the exit code.
func report(stderr io.Writer, err error) int {
	if err == nil {
		return exitDone
	}
	code := exitFailure
	var c *coded
	var unknown cli.ExitCoder // the library's, of help for a command that is not there
	if errors.As(err, &c) {
		code = c.code
	} else if errors.As(err, &unknown) {
		code = exitUsage
	}
	if text := strings.TrimSpace(err.Error()); text != "" {
		fmt.Fprintf(stderr, "evorank: %s\n", strings.ReplaceAll(text, "\n", " "))
	}
	return code
}
