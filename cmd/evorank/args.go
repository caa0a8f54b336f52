package main

import (
	"fmt"
	"strings"

	"github.com/evorank/evorank/configs"
	"github.com/urfave/cli/v2"
)

// permute moves the flags of a command in front of its arguments, because the
// library stops reading flags at the first argument. What follows "--" is an
// argument whatever it looks like.
func permute(app *cli.App, args []string) []string {
	if len(args) < 2 {
		return args
	}
	command, at := findCommand(app.Commands, args, 1)
	if command == nil {
		return args
	}
	var flags, rest []string
	for i := at; i < len(args); i++ {
		a := args[i]
		if a == "--" {
			rest = append(rest, args[i+1:]...)
			break
		}
		if len(a) < 2 || a[0] != '-' || isNumber(a) {
			rest = append(rest, a)
			continue
		}
		if a == "-h" || a == "--help" {
			return append(append([]string{}, args[:at]...), a)
		}
		flags = append(flags, a)
		if takesValue(command, a) {
			if i++; i == len(args) { // the library must see that the value is missing
				return append(append([]string{}, args[:at]...), flags...)
			}
			flags = append(flags, args[i])
		}
	}
	out := append(append([]string{}, args[:at]...), flags...)
	return append(append(out, "--"), rest...)
}

// findCommand follows the words from args[at] on through the subcommands.
func findCommand(commands []*cli.Command, args []string, at int) (*cli.Command, int) {
	if at < len(args) {
		for _, c := range commands {
			if c.HasName(args[at]) {
				if sub, next := findCommand(c.Subcommands, args, at+1); sub != nil {
					return sub, next
				}
				if len(c.Subcommands) > 0 {
					return nil, 0 // its help, or an unknown word
				}
				return c, at + 1
			}
		}
	}
	return nil, 0
}

// takesValue reports whether the next word is the flag's value.
func takesValue(c *cli.Command, flag string) bool {
	name := strings.TrimLeft(flag, "-")
	if strings.Contains(name, "=") {
		return false
	}
	for _, f := range c.Flags {
		for _, n := range f.Names() {
			if n == name {
				d, ok := f.(cli.DocGenerationFlag)
				return ok && d.TakesValue()
			}
		}
	}
	return false
}

// isNumber reports whether the word is a negative number, not a flag.
func isNumber(a string) bool { return len(a) > 1 && a[0] == '-' && a[1] >= '0' && a[1] <= '9' }

// strict makes a command (and its subcommands) refuse leftover arguments:
// those that ArgsUsage does not name. "NAME" is needed, "[NAME]" is not, and
// "NAME..." takes all that come.
func strict(c *cli.Command) *cli.Command {
	c.OnUsageError = onUsageError
	for _, sub := range c.Subcommands {
		strict(sub)
	}
	if len(c.Subcommands) > 0 {
		c.Action = noCommand
		return c
	}
	action := c.Action
	c.Action = func(ctx *cli.Context) error {
		words := strings.Fields(c.ArgsUsage)
		if n := ctx.NArg(); n > len(words) && !strings.HasSuffix(c.ArgsUsage, "...") {
			return usagef("%s: leftover argument %q", typed(ctx), ctx.Args().Get(len(words)))
		}
		for i, w := range words {
			if !strings.HasPrefix(w, "[") && ctx.NArg() <= i {
				return usagef("%s: %s is missing (%s --help)", typed(ctx), w, ctx.Command.HelpName)
			}
		}
		return action(ctx)
	}
	return c
}

// typed is the command as it is typed, without the program's name: study run.
func typed(c *cli.Context) string {
	return strings.TrimPrefix(c.Command.HelpName, c.App.Name+" ")
}

// noCommand answers a missing or unknown subcommand.
func noCommand(c *cli.Context) error {
	known := c.Command.Subcommands
	if c.NArg() == 0 {
		return cli.ShowSubcommandHelp(c)
	}
	var names []string
	for _, k := range known {
		names = append(names, k.Name)
	}
	name := c.Args().First()
	if near := configs.Nearest(name, names); near != "" {
		return usagef("unknown command %q: did you mean %s? (%s --help lists all)", name, near, c.Command.HelpName)
	}
	return usagef("unknown command %q: want one of %s", name, strings.Join(names, ", "))
}

// need returns an error unless all the flags are given.
func need(c *cli.Context, flags ...string) error {
	for _, f := range flags {
		if !c.IsSet(f) {
			return usagef("%s: --%s is missing (%s --help)", typed(c), f, c.Command.HelpName)
		}
	}
	return nil
}

// choice returns an error unless the flag's value is one of the words.
func choice(c *cli.Context, flag string, words ...string) error {
	for _, w := range words {
		if c.String(flag) == w {
			return nil
		}
	}
	return usageError(fmt.Errorf("--%s: %q is none of %s", flag, c.String(flag), strings.Join(words, ", ")))
}

// positive returns an error if one of the flags is given and below 1: it counts
// from 1, and 0 would mean that it was not given.
func positive(c *cli.Context, flags ...string) error {
	for _, f := range flags {
		if v := fmt.Sprint(c.Value(f)); c.IsSet(f) && (v == "0" || v[0] == '-') {
			return usagef("%s: --%s %s: want at least 1", typed(c), f, v)
		}
	}
	return nil
}
