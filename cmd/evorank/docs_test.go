package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/evorank/evorank/run"
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
