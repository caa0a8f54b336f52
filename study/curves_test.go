package study

import (
	"bytes"
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/evorank/evorank/plot"
	"github.com/evorank/evorank/run"
	"github.com/evorank/evorank/stats"
)

var inFigure = regexp.MustCompile(`(?s)<text[^>]*>(.*?)</text>`)

// words are what a figure says, with single spaces between.
func words(t testing.TB, f *plot.Figure, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var svg bytes.Buffer
	if err := f.Write(&svg, "svg"); err != nil {
		t.Fatal(err)
	}
	return wordsIn(svg.String())
}

func wordsIn(svg string) string {
	var out []string
	for _, m := range inFigure.FindAllStringSubmatch(svg, -1) {
		out = append(out, strings.Fields(html.UnescapeString(m[1]))...)
	}
	return strings.Join(out, " ")
}

// TestCurvesHaveDoubts: the captions of curves say what tables say of their values.
func TestCurvesHaveDoubts(t *testing.T) {
	for name, c := range map[string]struct {
		change     func(*Run)
		axis, want string
	}{
		"nothing":    {func(*Run) {}, keySeconds, ""},
		"versions":   {func(r *Run) { r.Manifest.Version = "2" }, keyGeneration, "Mind: made by different versions of the program: 5 × 1, 1 × 2."},
		"devices":    {func(r *Run) { r.Manifest.DeviceKind = "sm_90" }, keyGeneration, "Mind: bb: mixed devices or precisions: 2 × avx2 fp32, 1 × sm_90 fp32; groups on mixed devices"},
		"unfinished": {func(r *Run) { r.Manifest.Status = run.Running }, keyGeneration, "Mind: bb: 1 of 3 runs are not finished."},
		"machines":   {func(r *Run) { r.Manifest.Host = "i" }, keySeconds, "Mind: times of different machines or devices: 5 × h, cpu (avx2), 1 × i, cpu (avx2)."},
		"no times":   {func(r *Run) { r.Manifest.Host = "i" }, keyGeneration, ""},
	} {
		groups := twoGroups(t, c.change)
		for _, g := range groups {
			for _, r := range g.Runs {
				for i, row := range r.Rows {
					row[keySeconds] = float64(i + 1)
				}
			}
		}
		f, err := DrawCurves(groups, View{Metric: "loss_best", Axis: c.axis, Band: stats.MedianInterval})
		if got := words(t, f, err); !strings.Contains(got, c.want) || c.want == "" && strings.Contains(got, "Mind") {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestCaption: counts of trials cannot be taken for a part of a name.
func TestCaption(t *testing.T) {
	sets := []curveSet{{"4/1, c = 1", make([][]Row, 5)}, {"dense", make([][]Row, 1)}}
	v := View{Axis: keyGeneration, Band: stats.MedianInterval}
	if got := captionOf(sets, v); got != "Median and its 95 % bootstrap interval. Trials: 4/1, c = 1 (5); dense (1)." {
		t.Error(got)
	}
	if got := captionOf(sets[1:], v); got != "Trials: dense (1)." {
		t.Errorf("one trial has no band: %s", got)
	}
	v.Axis = keySeconds
	if got := captionOf(sets, v); got != "Median and its 95 % bootstrap interval. Trials: 4/1, c = 1 (5); dense (1). A centre ends where the first of its trials ends." {
		t.Error(got)
	}
}
