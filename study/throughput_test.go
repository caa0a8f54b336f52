package study

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/evorank/evorank/run"
)

const benched = `{"network":"dense 32","hidden":32,"framework":"evorank","implementation":"1 GPU","precision":"fp16","individuals":8,"tokens_per_second":100}
{"network":"dense 64","hidden":64,"framework":"evorank","implementation":"1 GPU","precision":"fp16","individuals":8,"tokens_per_second":50}
{"network":"factored 32","hidden":32,"framework":"evorank","implementation":"1 GPU","precision":"fp16","individuals":8,"tokens_per_second":90}
{"network":"factored 64","hidden":64,"framework":"evorank","implementation":"1 GPU","precision":"fp16","individuals":8,"tokens_per_second":60}
{"network":"dense 32","hidden":32,"framework":"JAX","implementation":"","precision":"fp16","individuals":8,"tokens_per_second":10}
{"network":"dense 64","hidden":64,"framework":"JAX","implementation":"","precision":"fp16","individuals":8,"tokens_per_second":0,"failure":"out of memory"}
`

// TestThroughput: what differs between rows is told apart unless somebody says
// otherwise, and a failed measurement is no rate of 0.
func TestThroughput(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bench.jsonl")
	os.WriteFile(path, []byte(benched), 0o666)
	table, err := ReadTable(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(table.varying("hidden"), " "); got != "network framework" {
		t.Errorf("what differs: %s", got)
	}
	draw := func(by ...string) string {
		f, err := DrawThroughput(table, by, "hidden", "tokens_per_second")
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := f.Write(&b, "svg"); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	svg := draw()
	for _, want := range []string{">dense, evorank<", ">factored, evorank<", ">dense, JAX<", "1 measurements failed and are not shown.", "tokens per second (tokens/s)"} {
		if !strings.Contains(svg, want) {
			t.Errorf("the figure lacks %q", want)
		}
	}
	if svg = draw("framework"); !strings.Contains(svg, ">JAX<") || strings.Contains(svg, ">dense") {
		t.Error("by framework: not the frameworks alone")
	}
	if got := (cells{"threads": "2", "network": "small"}).called([]string{"network", "threads"}, "8"); got != "small, 2 threads" {
		t.Errorf("a number is called %q", got)
	}
	if got := (cells{"threads": "1"}).called([]string{"threads"}, "8"); got != "1 thread" {
		t.Errorf("one of them is called %q", got)
	}
	for _, column := range []string{"hiden", "tokens"} {
		if _, err := DrawThroughput(table, nil, column, "tokens_per_second"); run.KindOf(err) != run.BadConfig {
			t.Errorf("%s: %v", column, err)
		}
	}
	os.WriteFile(path, []byte(strings.Split(benched, "\n")[5]), 0o666)
	if table, err = ReadTable(path); err != nil {
		t.Fatal(err)
	}
	if _, err := DrawThroughput(table, nil, "hidden", "tokens_per_second"); run.KindOf(err) != run.BadData {
		t.Errorf("nothing but failures: %v", err)
	}
}
