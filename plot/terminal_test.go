package plot

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

func terminalCases() map[string][]Named {
	rng := randomSource()
	curve := func(name string, start, floor float64) Named {
		return Named{name, trialsOf(rng, 1, 80, start, floor, 0.05, 1)[0]}
	}
	broken := curve("dense", 9, 6)
	broken.Y[40], broken.Y[41] = math.NaN(), math.Inf(1)
	return map[string][]Named{
		"one":      {curve("", 9, 6)},
		"three":    {curve("factored", 8, 6), curve("dense", 17, 7), curve("a name that is far too long for this", 10, 7)},
		"broken":   {broken},
		"constant": {{"flat", Series{[]float64{1, 2, 3}, []float64{5, 5, 5}}}},
		"point":    {{"start", Series{[]float64{1}, []float64{-17.5}}}},
		"tokens":   {{"", Series{[]float64{0, 1.27e8, 38.1e9}, []float64{1e-7, 3e-7, 2e-7}}}},
		"none":     nil,
	}
}

func TestTerminal(t *testing.T) {
	for name, series := range terminalCases() {
		for _, size := range [][2]int{{60, 12}, {24, 4}} {
			var got bytes.Buffer
			if err := Terminal(&got, series, size[0], size[1]); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", fmt.Sprintf("terminal-%s-%d.txt", name, size[0]))
			if *update {
				if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%s differs from the expected file:\n%s", path, got.String())
			}
			checkFits(t, path, got.String(), size[0])
		}
	}
}

// TestTerminalNames: from the top, names stand in the order in which the curves
// end, also where many end close together, below or above.
func TestTerminalNames(t *testing.T) {
	checkNames(t, 0, Named{"top", Series{[]float64{0, 1}, []float64{0, 1000}}}, "top a b c d e f g h")
	checkNames(t, 992, Named{"low", Series{[]float64{0, 1}, []float64{1000, 0}}}, "a b c d e f g h low")
}

// checkNames draws eight curves that end from a value on, h lowest, and another.
func checkNames(t *testing.T, from float64, other Named, want string) {
	t.Helper()
	var series []Named
	for i := range 8 {
		series = append(series, Named{string(rune('h' - i)), Series{[]float64{0, 1}, []float64{1000 - from, from + float64(i)}}})
	}
	series = append(series, other)
	var b bytes.Buffer
	if err := Terminal(&b, series, 60, 14); err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(b.String()) {
		if fields := strings.Fields(line); len(fields) > 1 && len(fields[len(fields)-1]) <= 3 {
			names = append(names, fields[len(fields)-1])
		}
	}
	if got := strings.Join(names[:9], " "); got != want {
		t.Errorf("%s\n%s", got, b.String())
	}
}

func checkFits(t *testing.T, name, text string, width int) {
	t.Helper()
	for _, line := range strings.Split(text, "\n") {
		if n := utf8.RuneCountInString(line); n > width {
			t.Errorf("%s: a line of %d columns, asked for %d:\n%s", name, n, width, line)
		}
	}
}

func TestTerminalRefuses(t *testing.T) {
	var b bytes.Buffer
	if err := Terminal(&b, nil, 10, 12); err == nil || !strings.Contains(err.Error(), "at least 24") {
		t.Errorf("too narrow: %v", err)
	}
	if err := Terminal(&b, nil, 60, 3); err == nil {
		t.Error("too low, and no error")
	}
	if err := Terminal(&b, []Named{{"a", Series{[]float64{1}, nil}}}, 60, 12); err == nil || !strings.Contains(err.Error(), "1 places and 0 values") {
		t.Errorf("places without values: %v", err)
	}
	if b.Len() > 0 {
		t.Errorf("an error and output: %q", b.String())
	}
	huge := []Named{{"huge", Series{[]float64{-math.MaxFloat64, math.MaxFloat64}, []float64{math.MaxFloat64, -math.MaxFloat64}}}}
	if err := Terminal(&b, huge, 60, 12); err != nil || !strings.Contains(b.String(), "huge") {
		t.Errorf("the largest range: %v\n%s", err, b.String())
	}
}
