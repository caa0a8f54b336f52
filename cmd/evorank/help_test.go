package main

import (
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// everyCommand calls visit with the words of each command that does something.
func everyCommand(visit func(words []string, c *cli.Command)) {
	var walk func(words []string, c *cli.Command)
	walk = func(words []string, c *cli.Command) {
		words = append(words[:len(words):len(words)], c.Name)
		if len(c.Subcommands) == 0 {
			visit(words, c)
		}
		for _, sub := range c.Subcommands {
			walk(words, sub)
		}
	}
	for _, make := range commands {
		walk(nil, make())
	}
}

// TestHelpShowsTrueDefaults: no zero where something else decides, and one
// default a flag.
func TestHelpShowsTrueDefaults(t *testing.T) {
	everyCommand(func(words []string, _ *cli.Command) {
		for line := range strings.Lines(must(t, append(words, "--help")...)) {
			for _, zero := range []string{"(default: 0", "(default: false", `(default: "")`} {
				if strings.Contains(line, zero) && !strings.Contains(line, "(default: 0.") {
					t.Errorf("evorank %s --help: %s", strings.Join(words, " "), line)
				}
			}
			if strings.Count(line, "default:") > 1 {
				t.Errorf("evorank %s --help: two defaults: %s", strings.Join(words, " "), line)
			}
		}
	})
	for command, want := range map[string]string{
		"train":    "populations to evaluate in all (default: the config's)",
		"resume":   "populations to evaluate in all (default: the run's)",
		"eval":     "(default: the last complete one)",
		"verify":   "(default: 20)",
		"generate": "(default: 1)",
	} {
		if help := must(t, command, "--help"); !strings.Contains(help, want) {
			t.Errorf("evorank %s --help does not say %q:\n%s", command, want, help)
		}
	}
}
