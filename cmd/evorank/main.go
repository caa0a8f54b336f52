package main

import (
	"context"
	"io"
	"os"

	"github.com/urfave/cli/v2"
)

func main() {
	os.Exit(evorank(context.Background(), os.Args, os.Stdin, os.Stdout, os.Stderr))
}

// evorank is the whole program, for main and for tests: it returns the exit code.
func evorank(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	app := newApp(stdin, stdout, stderr)
	args, err := permute(app, args)
	if err == nil {
		err = app.RunContext(ctx, args)
	}
	return report(stderr, err)
}

// commands is the table of subcommands, in the order that help shows them.
var commands = []func() *cli.Command{
	trainCommand,
	resumeCommand,
	evalCommand,
	generateCommand,
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
		HideVersion:               true,
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
