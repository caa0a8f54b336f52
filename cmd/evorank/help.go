package main

import (
	"strings"

	"github.com/urfave/cli/v2"
)

// The library calls the zero of a flag's type its default. Here a flag without
// Value has none: what happens without it, its DefaultText says, or its name.
func init() {
	describe := cli.FlagStringer
	cli.FlagStringer = func(f cli.Flag) string { return noZeroDefault.Replace(describe(f)) }
}

var noZeroDefault = strings.NewReplacer(" (default: 0)", "", " (default: 0s)", "", " (default: false)", "")
