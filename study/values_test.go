package study

import (
	"bytes"
	"fmt"
	"image/png"
	"testing"

	"github.com/evorank/evorank/stats"
)

// uneven are values whose median's interval depends on how it is resampled.
func uneven(n int) (x []float64) {
	for i := range n {
		x = append(x, float64(i*i*i%101)+float64(i)/7)
	}
	return x
}

// TestStripsAreTheTables: the interval in a figure is the one in the table.
func TestStripsAreTheTables(t *testing.T) {
	groups := []stats.Group{{Name: "a", Values: uneven(40)}, {Name: "b", Values: uneven(41)}}
	report, err := stats.Compare(groups, stats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, g := range groups {
		c, err := columnOf(g)
		want := report.Groups[i].MedianCI
		if err != nil || c.Low != float64(want.Low) || c.High != float64(want.High) {
			t.Errorf("%s: from %v to %v, in the table %v (%v)", g.Name, c.Low, c.High, want, err)
		}
		if other, err := bootstrap.Interval(stats.OfMedian, g.Values); err != nil || other == want && i == 0 {
			t.Errorf("%s: resampled as curves are it is the same: %v (%v)", g.Name, other, err)
		}
	}
}

// TestStripsFitAPage: a figure grows with its conditions, up to a page's width.
func TestStripsFitAPage(t *testing.T) {
	for n, want := range map[int]float64{2: 6.4, 7: 7.7, 15: widest} {
		a := Answer{Metric: MetricOf("loss_best"), Generation: 6}
		for i := range n {
			a.Groups = append(a.Groups, stats.Group{Name: fmt.Sprintf("condition %d", i), Values: []float64{1, 2, 4}})
		}
		f, err := DrawStrips(a, nil)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := f.Write(&b, "png"); err != nil {
			t.Fatal(err)
		}
		picture, err := png.DecodeConfig(&b)
		if got := float64(picture.Width) / 200; err != nil || got < want-0.01 || got > want+0.01 {
			t.Errorf("%d conditions: %v inches wide, want %v (%v)", n, got, want, err)
		}
	}
}
