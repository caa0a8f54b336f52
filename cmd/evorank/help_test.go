package main

import (
	"regexp"
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

// TestMistyped: what was meant is named, for commands, flags, knobs, configs
// and studies; what is near nothing gets the whole list.
func TestMistyped(t *testing.T) {
	for line, want := range map[string]string{
		"trian":                          `unknown command "trian": did you mean train\? \(evorank --help lists all\)`,
		"study rnu":                      `unknown command "rnu": did you mean run\?`,
		"plot curvs":                     "did you mean curves",
		"help trian":                     "trian",
		"qqqqqqqq":                       `unknown command "qqqqqqqq": want one of train,`,
		"--verison":                      `^evorank: unknown flag --verison: did you mean --version\?`,
		"train --generatons 5":           `^evorank: train: unknown flag --generatons: did you mean --generations\? \(evorank train --help shows the flags\)\n$`,
		"train --qqqqqqqqqqq":            `^evorank: train: unknown flag --qqqqqqqqqqq \(`,
		"train --population 5":           `did you mean --set search.population=…\?`,
		"eval --population 5":            `unknown flag --population`,
		"train --generations x":          `train: --generations: want a whole number, got "x"`,
		"train --seed -1":                `--seed: want a whole number from 0 to`,
		"train --max-time 5":             `--max-time: want a time such as`,
		"train --quiet=perhaps":          `--quiet: want true or false, got "perhaps"`,
		"generate x --temperature c":     `--temperature: want a number, got "c"`,
		"tokenizer train --dat x":        `^evorank: tokenizer train: unknown flag --dat: did you mean --data\?`,
		"tokenizer train --data x":       `^evorank: tokenizer train: --output is missing \(evorank tokenizer train --help\)`,
		"study run":                      `^evorank: study run: STUDY is missing`,
		"config list x":                  `^evorank: config list: leftover argument "x"`,
		"train --seed":                   "train: --seed needs a value",
		"train lm-quick --set":           "train: --set needs a value",
		"train lm-quik":                  `did you mean lm-quick\?`,
		"config print tinystories-dence": `did you mean tinystories-dense\?`,
		"study run lm-quik":              `did you mean lm-quick\?`,
	} {
		code, _, errs := call(t, "", strings.Fields(line)...)
		if code != exitUsage || !regexp.MustCompile(want).MatchString(errs) {
			t.Errorf("evorank %s: exit %d: %s want %s", line, code, errs, want)
		}
	}
}
