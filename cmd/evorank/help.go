package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/evorank/evorank/configs"
	"github.com/urfave/cli/v2"
)

// The library calls the zero of a flag's type its default. Here a flag without
// Value has none: what happens without it, its DefaultText says, or its name.
func init() {
	describe := cli.FlagStringer
	cli.FlagStringer = func(f cli.Flag) string { return noZeroDefault.Replace(describe(f)) }
}

var noZeroDefault = strings.NewReplacer(" (default: 0)", "", " (default: 0s)", "", " (default: false)", "")

// onUsageError says in this program's words what the flag package says of a
// flag, and what may have been meant.
func onUsageError(c *cli.Context, err error, _ bool) error {
	text := err.Error()
	if name, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
		text = "unknown flag --" + name + meantFlag(c.Command, name)
	} else if name, ok := strings.CutPrefix(text, "flag needs an argument: -"); ok {
		text = "--" + name + " needs a value"
	} else if m := badValue.FindStringSubmatch(text); m != nil {
		text = fmt.Sprintf("--%s: want %s, got %s", m[2], wantedValue(c.Command, m[2]), m[1])
	}
	if c.Command.Name != c.App.Name {
		text = typed(c) + ": " + text
	}
	return usagef("%s (%s --help shows the flags)", text, c.Command.HelpName)
}

var badValue = regexp.MustCompile(`^invalid (?:boolean )?value (".*") for (?:flag )?-(\S+): `)

// meantFlag suggests the flag of the command, or the knob, that an unknown name
// is near.
func meantFlag(c *cli.Command, name string) string {
	var names []string
	for _, f := range c.Flags {
		names = append(names, f.Names()...)
	}
	for _, knob := range configs.Knobs() {
		if slices.Contains(names, "set") && knob[strings.LastIndex(knob, ".")+1:] == strings.ReplaceAll(name, "-", "_") {
			return fmt.Sprintf(": did you mean --set %s=…?", knob)
		}
	}
	if near := configs.Nearest(name, names); near != "" {
		return ": did you mean --" + near + "?"
	}
	return ""
}

// wantedValue says what a flag takes.
func wantedValue(c *cli.Command, name string) string {
	for _, f := range c.Flags {
		if !slices.Contains(f.Names(), name) {
			continue
		}
		switch f.(type) {
		case *cli.IntFlag:
			return "a whole number"
		case *cli.Uint64Flag:
			return "a whole number from 0 to 18446744073709551615"
		case *cli.Float64Flag:
			return "a number"
		case *cli.DurationFlag:
			return "a time such as 90s or 2h30m"
		case *cli.BoolFlag:
			return "true or false"
		}
	}
	return "another value"
}
