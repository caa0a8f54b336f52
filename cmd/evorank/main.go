package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"
)

func main() {
	os.Exit(evorank(context.Background(), os.Args, os.Stdin, os.Stdout, os.Stderr))
}

// evorank is the whole program, for main and for tests: it returns the exit code.
func evorank(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	out := &output{Writer: stdout}
	app := newApp(stdin, out, stderr)
	err := app.RunContext(ctx, permute(app, args))
	if out.err != nil {
		err = withCode(exitFailure, fmt.Errorf("standard output: %w", out.err))
	}
	return report(stderr, err)
}

// output remembers that a result could not be written.
type output struct {
	io.Writer
	err error
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// commands is the table of subcommands, in the order that help shows them.
var commands = []func() *cli.Command{
	trainCommand,
	resumeCommand,
	evalCommand,
	generateCommand,
	playCommand,
	exportCommand,
	verifyCommand,
	inspectCommand,
	lineageCommand,
	tokenizerCommand,
	devicesCommand,
	compareCommand,
	plotCommand,
	studyCommand,
	benchCommand,
	envCommand,
	noiseCommand,
	configCommand,
	versionCommand,
}

func newApp(stdin io.Reader, stdout, stderr io.Writer) *cli.App {
	app := &cli.App{
		Name:  "evorank",
		Usage: "neuroevolution of low-rank networks: train without backpropagation",
		Description: "Start with: evorank train\n" +
			"It evolves a small language model on an embedded corpus, on the CPU, in about a minute.",
		Reader: stdin, Writer: stdout, ErrWriter: stderr,
		Version:                   version(),
		DisableSliceFlagSeparator: true, // a comma is part of a value
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError:              onUsageError,
		CommandNotFound:           nil,
		Action:                    noCommand,
	}
	for _, c := range commands {
		app.Commands = append(app.Commands, strict(c()))
	}
	return app
}
