package main

import (
	"github.com/evorank/evorank/run"
	"github.com/urfave/cli/v2"
)

// runOptions are the options that every command gives to package run.
func runOptions(c *cli.Context) run.Options {
	log := logger(c.App.ErrWriter)
	return run.Options{Version: version(), Warn: func(text string) { log.Warn().Msg(text) }}
}

// byKind gives an error of package run its exit code.
func byKind(err error) error {
	if err == nil {
		return nil
	}
	return withCode(map[run.Kind]int{
		run.Failure: exitFailure, run.BadConfig: exitUsage, run.BadData: exitData, run.BadDevice: exitDevice, run.Stopped: exitStopped,
	}[run.KindOf(err)], err)
}
