package lineage

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestGolden pins the format and its text forms: changing them needs a new
// version number.
func TestGolden(t *testing.T) {
	path := filepath.Join("testdata", "example.bin")
	golden := func(name string, got []byte) {
		want, err := os.ReadFile(filepath.Join("testdata", name))
		check(t, err)
		if !bytes.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	golden("example.bin", exampleBytes(t))
	var table, lines bytes.Buffer
	for form, write := range map[*bytes.Buffer]func(io.Writer, string) (int64, error){&table: WriteCSV, &lines: WriteJSONLines} {
		dropped, err := write(form, path)
		check(t, err)
		if dropped != 0 {
			t.Errorf("%d bytes dropped", dropped)
		}
	}
	golden("example.csv", table.Bytes())
	golden("example.jsonl", lines.Bytes())
}

// TestTextOfStoppedRun: a run that a crash stopped prints as far as it went.
func TestTextOfStoppedRun(t *testing.T) {
	data := exampleBytes(t)
	path := filepath.Join(t.TempDir(), "lineage.bin")
	check(t, os.WriteFile(path, data[:len(data)-1], 0o644))
	var table, lines bytes.Buffer
	left := int64(headSize + 3*recordSize + checksumSize - 1)
	if dropped, err := WriteCSV(&table, path); err != nil || dropped != left || strings.Count(table.String(), "\n") != 1+5 {
		t.Errorf("%d bytes dropped, %v:\n%s", dropped, err, table.String())
	}
	if !strings.Contains(table.String(), "\n5,[2],2,") || !strings.Contains(table.String(), ",inf,-8.125,") {
		t.Errorf("individual 5 lives on:\n%s", table.String())
	}
	if dropped, err := WriteJSONLines(&lines, path); err != nil || dropped != left || strings.Count(lines.String(), "\n") != 6 {
		t.Errorf("%d bytes dropped, %v:\n%s", dropped, err, lines.String())
	}
	if err := os.WriteFile(path, append(data[:100:100], data[101:]...), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := WriteCSV(io.Discard, path); err == nil {
		t.Error("a damaged log was printed")
	}
}

func ExampleWriteCSV() {
	var table bytes.Buffer
	if _, err := WriteCSV(&table, "testdata/example.bin"); err != nil {
		fmt.Println(err)
	}
	for line := range strings.Lines(table.String()) {
		fmt.Println(strings.Join(strings.Split(line, ",")[:3], ","))
	}
	// Output:
	// id,ancestor_list,origin_time
	// 1,[none],1
	// 2,[none],1
	// 3,[none],1
	// 4,[2],2
	// 5,[2],2
	// 6,[5],3
}
