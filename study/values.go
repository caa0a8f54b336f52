package study

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/evorank/evorank/plot"
	"github.com/evorank/evorank/run"
	"github.com/evorank/evorank/stats"
)

// DrawStrips draws the values of one generation, trial by trial.
func DrawStrips(a Answer, levels *run.Levels) (*plot.Figure, error) {
	frame := plot.Frame{
		Title: fmt.Sprintf("%s, generation %d", capital(a.Metric.withDirection()), a.Generation),
		X:     plot.Axis{Name: "condition"}, Y: plot.Axis{Name: a.Metric.Name, Unit: a.Metric.Unit},
		Caption: "One point a trial; bar: median, whiskers: its 95 % bootstrap interval." + doubtsInWords(a),
		Width:   max(6.4, 1.1*float64(len(a.Groups))),
	}
	if a.Metric.Better == Lower && isLoss(a.Metric.Key) {
		frame.References = references(levels)
	}
	var columns []plot.Column
	for _, g := range a.Groups {
		c, err := columnOf(g)
		if err != nil {
			return nil, badDataf("plot: %w", err)
		}
		columns = append(columns, c)
	}
	return wrapData(plot.Strips(frame, columns))
}

// doubtsInWords are the caveats, for a caption.
func doubtsInWords(a Answer) string {
	var words []string
	for i, doubts := range a.Doubts {
		for _, d := range doubts {
			words = append(words, a.Groups[i].Name+": "+d)
		}
	}
	words = append(words, a.Caveats...)
	if len(words) == 0 {
		return ""
	}
	return " Mind: " + strings.Join(words, "; ") + "."
}

// columnOf summarises a group's values.
func columnOf(g stats.Group) (plot.Column, error) {
	if len(g.Values) == 0 {
		return plot.Column{}, fmt.Errorf("%s: no values", g.Name)
	}
	if n := countNotFinite(g.Values); n > 0 {
		return plot.Column{}, fmt.Errorf("%s: %d of %d values are NaN or infinite: they cannot be drawn, and are not left out", g.Name, n, len(g.Values))
	}
	c := plot.Column{Name: g.Name, Values: g.Values, Centre: stats.Median(g.Values), Low: math.NaN(), High: math.NaN()}
	if i, err := bootstrap.Interval(stats.OfMedian, g.Values); err == nil { // else too few or all equal: no interval
		c.Low, c.High = float64(i.Low), float64(i.High)
	}
	return c, nil
}

// Ranked is a group of an answer with the rank of its factors; 0 for a group
// that has none and is drawn as a line to compare with.
type Ranked struct {
	Rank  float64
	Label string
}

// DrawAgainstRank draws the values of one generation against rank.
func DrawAgainstRank(a Answer, ranks []Ranked) (*plot.Figure, error) {
	frame := plot.Frame{
		Title: fmt.Sprintf("%s, generation %d", capital(a.Metric.withDirection()), a.Generation),
		X:     plot.Axis{Name: rankAxis(ranks)}, Y: plot.Axis{Name: a.Metric.Name, Unit: a.Metric.Unit},
		Caption: "One point a trial; line: medians, whiskers: their 95 % bootstrap intervals." + doubtsInWords(a),
	}
	all := plot.Ranked{Name: "factored"}
	for i, g := range a.Groups {
		c, err := columnOf(g)
		if err != nil {
			return nil, badDataf("plot: %w", err)
		}
		if ranks[i].Rank == 0 {
			frame.References = append(frame.References, plot.Reference{Name: g.Name + ", median", Y: c.Centre})
			continue
		}
		all.Points = append(all.Points, plot.RankPoint{Rank: ranks[i].Rank, Label: ranks[i].Label, Column: c})
	}
	if len(all.Points) == 0 {
		return nil, badData(fmt.Errorf("plot: none of the groups is factored: there is no rank"))
	}
	slices.SortFunc(all.Points, func(x, y plot.RankPoint) int { return int(x.Rank - y.Rank) })
	return wrapData(plot.AgainstRank(frame, []plot.Ranked{all}))
}

// rankAxis says what the labels are.
func rankAxis(ranks []Ranked) string {
	if slices.ContainsFunc(ranks, func(r Ranked) bool { return strings.Contains(r.Label, "/") }) {
		return "rank of the factors (label: embedding / others)"
	}
	return "rank of the factors"
}

// RanksOf reads the groups' ranks from their runs' configs: that of the
// weights beside the embedding decides, where they differ the larger one.
func RanksOf(a Answer) []Ranked {
	out := make([]Ranked, len(a.Groups))
	for i, runs := range a.Runs {
		if len(runs) == 0 {
			continue
		}
		cfg := runs[0].Config
		if e := cfg.LM.Encoding; cfg.Task != "carracing" && max(e.Attention.Rank, e.FeedForward.Rank) > 0 {
			rank := max(e.Attention.Rank, e.FeedForward.Rank)
			out[i] = Ranked{float64(rank), fmt.Sprintf("%d/%d", e.Embedding.Rank, rank)}
		}
		if e := cfg.CarRacing.Encoding; cfg.Task == "carracing" && max(e.Convolutions.Rank, e.Hidden.Rank) > 0 {
			rank := max(e.Convolutions.Rank, e.Hidden.Rank)
			out[i] = Ranked{float64(rank), fmt.Sprint(rank)}
		}
	}
	return out
}

// DrawThroughput draws a table's rates against a width, a curve for each word
// of the column by. Several rows of one width count with their median.
func DrawThroughput(t *Table, by, width, rate string) (*plot.Figure, error) {
	if err := t.has(by, width, rate); err != nil {
		return nil, err
	}
	measured := map[string]map[float64][]float64{}
	for i, row := range t.Rows {
		x, err := t.number(i, width)
		if err != nil {
			return nil, err
		}
		y, err := t.number(i, rate)
		if err != nil {
			return nil, err
		}
		if measured[row[by]] == nil {
			measured[row[by]] = map[float64][]float64{}
		}
		measured[row[by]][x] = append(measured[row[by]][x], y)
	}
	var systems []plot.Named
	for _, name := range sortedKeys(measured) {
		n := plot.Named{Name: name}
		for _, x := range slices.Sorted(maps.Keys(measured[name])) {
			n.X, n.Y = append(n.X, x), append(n.Y, stats.Median(measured[name][x]))
		}
		systems = append(systems, n)
	}
	m := MetricOf(rate)
	return wrapData(plot.Throughput(plot.Frame{
		Title: capital(m.withDirection()), X: plot.Axis{Name: strings.ReplaceAll(width, "_", " ")}, Y: plot.Axis{Name: m.Name, Unit: m.Unit},
	}, systems))
}

func countNotFinite(x []float64) int {
	n := 0
	for _, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			n++
		}
	}
	return n
}
