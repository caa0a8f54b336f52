package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/evorank/evorank/configs"
)

// TestReadme runs every command of README in its order, training shortened,
// so that what it tells a newcomer works. Commands marked "# needs data" or
// "# needs a GPU" are not run; the configs that they name must exist.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	ran := 0
	for _, line := range shellLines(string(text)) {
		command, mark, _ := strings.Cut(line, "#")
		args := strings.Fields(command)
		switch {
		case len(args) > 2 && strings.HasPrefix(command, "go run ./cmd/evorank"):
			args = args[3:]
		case args[0] == "evorank":
			args = args[1:]
		case line == "go test ./...": // that is what runs this
			continue
		default:
			t.Errorf("README: %q is no command of evorank's: mark it, or take it out of the shell block", line)
			continue
		}
		if strings.HasPrefix(strings.TrimSpace(mark), "needs") {
			checkConfigOf(t, line, args)
			continue
		}
		if args[0] == "train" && !slices.Contains(args, "--generations") {
			args = append(args, "--generations", "3")
		}
		if args[0] == "train" && strings.HasPrefix(args[1], "carracing") {
			args = append(args, "--set", "carracing.environment.max_steps=5")
		}
		if code, _, errs := call(t, "", args...); code != exitDone {
			t.Errorf("README: %s: exit %d: %s", line, code, errs)
		}
		ran++
	}
	if ran < 10 {
		t.Errorf("only %d commands were found", ran)
	}
}

// shellLines returns the lines of the text's ```sh blocks.
func shellLines(text string) []string {
	var out []string
	inside := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "```sh":
			inside = true
		case strings.HasPrefix(line, "```"):
			inside = false
		case inside && line != "":
			out = append(out, line)
		}
	}
	return out
}

// checkConfigOf checks that the config of a train command exists.
func checkConfigOf(t *testing.T, line string, args []string) {
	t.Helper()
	if args[0] == "train" && len(args) > 1 && !strings.HasPrefix(args[1], "-") {
		if _, err := configs.Load(args[1], nil); err != nil {
			t.Errorf("README: %s: %v", line, err)
		}
	}
}
