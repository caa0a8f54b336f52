package study

import (
	"errors"
	"fmt"

	"github.com/evorank/evorank/run"
)

// Errors have package run's kinds, so that a command line treats both alike.

func badConfig(err error) error { return kind(run.BadConfig, err) }
func badData(err error) error   { return kind(run.BadData, err) }

// kind gives an error a kind unless it has one; nil stays nil.
func kind(k run.Kind, err error) error {
	var e *run.Error
	if err == nil || errors.As(err, &e) {
		return err
	}
	return &run.Error{Kind: k, Err: err}
}

func badDataf(format string, args ...any) error { return badData(fmt.Errorf(format, args...)) }
