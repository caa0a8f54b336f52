package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/run"
	"github.com/evorank/evorank/task/carracing"
)

// TestMetricsAreDocumented compares the keys of metrics.jsonl with the table
// in docs/metrics.md: neither has one that the other lacks.
func TestMetricsAreDocumented(t *testing.T) {
	var keys []string
	for _, m := range run.Metrics() {
		keys = append(keys, m.Key)
	}
	text, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	name := regexp.MustCompile("`([a-z_]+)`")
	for line := range strings.Lines(string(text)) {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			for _, m := range name.FindAllStringSubmatch(cells[1], -1) {
				documented = append(documented, m[1])
			}
		}
	}
	slices.Sort(keys)
	slices.Sort(documented)
	if !slices.Equal(keys, documented) {
		t.Errorf("metrics.jsonl has\n%v\ndocs/metrics.md has\n%v", keys, documented)
	}
}

// TestReasonsAreDocumented: each reason for having no GPU is in docs/gpu.md, ends
// a command with exit code 4, and is told in its one line.
func TestReasonsAreDocumented(t *testing.T) {
	source, err := os.ReadFile("../../gpu/errors.go")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../docs/gpu.md")
	if err != nil {
		t.Fatal(err)
	}
	reasons := regexp.MustCompile(`Reason += "(.+)"`).FindAllStringSubmatch(string(source), -1)
	if len(reasons) < 7 {
		t.Fatalf("only the reasons %q were found", reasons)
	}
	for _, match := range reasons {
		reason := match[1]
		if !strings.Contains(string(text), "| `"+reason+"` |") {
			t.Errorf("docs/gpu.md does not have %q", reason)
		}
		var said strings.Builder
		unusable := &gpu.UnusableError{Reason: gpu.Reason(reason), Detail: "this program was " + reason}
		if code := report(&said, byKind(fmt.Errorf("generation 3: %w", unusable))); code != exitDevice || !strings.Contains(said.String(), reason) {
			t.Errorf("%s: exit %d: %s", reason, code, said.String())
		}
	}
}

// TestWeightsAreDocumented compares the tensors of both kinds of networks with
// the tables in docs/weights.md, and looks for the keys of their metadata.
func TestWeightsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/weights.md")
	if err != nil {
		t.Fatal(err)
	}
	reader := model.Transformer{Hidden: 4, Heads: 2, HeadDim: 2, FFN: 8, Blocks: 2, Vocab: 9, Position: model.Sinusoid}
	driver := carracing.NewPolicy([]int{2, 3}, 8, 4, 5)
	words, err := reader.Layout(model.TransformerEncodings{}, model.Initialisation{}, model.MutationRates{})
	if err != nil {
		t.Fatal(err)
	}
	pictures, err := driver.Layout(model.ConvEncodings{}, model.Initialisation{}, model.MutationRates{})
	if err != nil {
		t.Fatal(err)
	}
	number := regexp.MustCompile(`\.[0-9]+\.`)
	var names []string
	for _, tensor := range slices.Concat(words.Tensors, pictures.Tensors) {
		names = append(names, number.ReplaceAllString(tensor.Name, ".i."))
	}
	slices.Sort(names)
	documented := tensorsInTables(string(text))
	if names = slices.Compact(names); !slices.Equal(names, documented) {
		t.Errorf("networks have\n%v\ndocs/weights.md has\n%v", names, documented)
	}
	for _, metadata := range []map[string]string{reader.Metadata(), driver.Metadata()} {
		for key := range metadata {
			if !strings.Contains(string(text), "`"+key+"`") {
				t.Errorf("docs/weights.md does not say what %s is", key)
			}
		}
	}
}

// tensorsInTables lists the names in the tables' first columns, sorted: a name
// that begins with a dot ends the one before it, and {a,b} stands for either.
func tensorsInTables(text string) (names []string) {
	quoted := regexp.MustCompile("`([^`]+)`")
	for line := range strings.Lines(text) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 {
			continue
		}
		stem := ""
		for _, m := range quoted.FindAllStringSubmatch(cells[1], -1) {
			name := m[1]
			if strings.HasPrefix(name, ".") {
				name = stem + name
			}
			stem = strings.TrimSuffix(name, ".weight")
			before, rest, _ := strings.Cut(name, "{")
			choices, after, several := strings.Cut(rest, "}")
			if !several {
				names = append(names, name)
				continue
			}
			for choice := range strings.SplitSeq(choices, ",") {
				names = append(names, before+choice+after)
			}
		}
	}
	slices.Sort(names)
	return names
}
