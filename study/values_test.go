package study

import (
	"bytes"
	"fmt"
	"image/png"
	"strings"
	"testing"

	"github.com/evorank/evorank/configs"
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

// TestBesideRank: what differs beside the ranks stands under the figure; dense
// groups are no ranks.
func TestBesideRank(t *testing.T) {
	a := Answer{Metric: MetricOf("loss_best"), Generation: 6}
	for i, c := range []struct {
		name       string
		rank       int
		tall, bias float64
	}{{"paper's", 1, 1.4142135623730951, 0}, {"medium", 4, 1, 0}, {"dense", 0, 7, 7}, {"large", 16, 1, 0}} {
		cfg := configs.Default()
		cfg.LM.Encoding.Attention.Rank, cfg.Init.TallConstant, cfg.Init.DecoderBiasStd = c.rank, c.tall, c.bias
		a.Groups = append(a.Groups, stats.Group{Name: c.name, Values: []float64{1, 2, 4 + float64(i)}})
		a.Runs = append(a.Runs, []*Run{{Config: cfg}})
	}
	ranks := RanksOf(a)
	ranks[0].Rank = 0 // drawn as a line to compare with
	f, err := DrawAgainstRank(a, ranks)
	if got := words(t, f, err); !strings.Contains(got, "intervals. paper's has init.tall_constant=1.414, the other ranks 1.") || strings.Contains(got, "decoder_bias") {
		t.Error(got)
	}
	a.Runs[3][0].Config.Mutation.FactorRate = 0.2
	a.Runs[3][0].Config.Init.TallConstant = 2
	if got := besideRank(a); got != " medium has init.tall_constant=1, large has init.tall_constant=2, the other ranks 1.414. large has mutation.factor_rate=0.2, the other ranks 0.1." {
		t.Error(got)
	}
}
