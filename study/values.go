package study

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/evorank/evorank/plot"
	"github.com/evorank/evorank/run"
	"github.com/evorank/evorank/stats"
)

// widest is the width in inches of a figure that can still be read when it is
// printed as wide as a page.
const widest = 9

// DrawStrips draws the values of one generation, trial by trial.
func DrawStrips(a Answer, levels *run.Levels) (*plot.Figure, error) {
	frame := plot.Frame{
		Title: fmt.Sprintf("%s, generation %d", capital(a.Metric.withDirection()), a.Generation),
		X:     plot.Axis{Name: "condition"}, Y: plot.Axis{Name: a.Metric.Name, Unit: a.Metric.Unit},
		Caption: "One point a trial; bar: median, whiskers: its 95 % bootstrap interval." + a.inWords(),
		Width:   min(max(6.4, 1.1*float64(len(a.Groups))), widest),
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

// inWords are the doubts and caveats, for a caption.
func (a Answer) inWords() string {
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
	if i, err := ofTables.Interval(stats.OfMedian, g.Values); err == nil { // else too few or all equal: no interval
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
		Caption: "One point a trial; line: medians, whiskers: their 95 % bootstrap intervals." + besideRank(a) + a.inWords(),
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

// besideRank says, for a caption, in what else than their ranks factored groups
// differ: how they start, and how far they step.
func besideRank(a Answer) string {
	var names []string
	values := map[string][]float64{} // by knob, of the groups
	for i, r := range RanksOf(a) {
		if r.Rank == 0 {
			continue
		}
		names = append(names, a.Groups[i].Name)
		for _, section := range []string{"init", "mutation"} {
			for knob, x := range a.Runs[i][0].Config.Numbers(section) {
				values[knob] = append(values[knob], x)
			}
		}
	}
	text := ""
	for _, knob := range sortedKeys(values) {
		usual := mostFrequent(values[knob])
		var odd []string
		for i, x := range values[knob] {
			if x != usual {
				odd = append(odd, fmt.Sprintf("%s has %s=%.4g", names[i], knob, x))
			}
		}
		if len(odd) > 0 {
			text += fmt.Sprintf(" %s, the other ranks %.4g.", strings.Join(odd, ", "), usual)
		}
	}
	return text
}

// mostFrequent returns the value that is there most often, of several the first.
func mostFrequent(values []float64) (most float64) {
	counts := map[float64]int{}
	for _, x := range values {
		counts[x]++
	}
	for _, x := range slices.Backward(values) {
		if counts[x] >= counts[most] {
			most = x
		}
	}
	return most
}

// setups are what tells measurements apart; the rest of a table's columns are numbers that
// were measured.
var setups = []string{"network", "framework", "implementation", "case", "name", "precision", "device", "threads", "individuals", "stories", "hidden"}

// DrawThroughput draws a table's rates against a width, a curve for each word
// of the columns by: by default for whatever else differs between the rows.
// Several rows of one width count with their median; rows that say why they
// have no numbers (a column failure) are left out and counted.
func DrawThroughput(t *Table, by []string, width, rate string) (*plot.Figure, error) {
	if err := t.has(append([]string{width, rate}, by...)...); err != nil {
		return nil, err
	}
	if len(by) == 0 {
		by = t.varying(width)
	}
	measured, failed, err := t.rates(by, width, rate)
	if err != nil {
		return nil, err
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
	frame := plot.Frame{Title: capital(m.withDirection()), X: plot.Axis{Name: strings.ReplaceAll(width, "_", " ")}, Y: plot.Axis{Name: m.Name, Unit: m.Unit}}
	if failed > 0 {
		frame.Caption = fmt.Sprintf("%d measurements failed and are not shown.", failed)
	}
	return wrapData(plot.Throughput(frame, systems))
}

// rates collects a table's rates by curve and width, and counts the rows that
// have none.
func (t *Table) rates(by []string, width, rate string) (measured map[string]map[float64][]float64, failed int, err error) {
	measured = map[string]map[float64][]float64{}
	for i, row := range t.Rows {
		if row["failure"] != "" {
			failed++
			continue
		}
		x, err := t.number(i, width)
		if err != nil {
			return nil, 0, err
		}
		y, err := t.number(i, rate)
		if err != nil {
			return nil, 0, err
		}
		name := row.called(by, row[width])
		if measured[name] == nil {
			measured[name] = map[float64][]float64{}
		}
		measured[name][x] = append(measured[name][x], y)
	}
	return measured, failed, nil
}

// varying lists columns that tell rows apart, beside the width: each one tells
// some apart that those before it do not.
func (t *Table) varying(width string) []string {
	var out []string
	told := 1
	for _, column := range setups {
		names := map[string]bool{}
		for _, row := range t.Rows {
			names[row.called(append(out, column), row[width])] = true
		}
		if column != width && len(names) > told {
			out, told = append(out, column), len(names)
		}
	}
	return out
}

// called joins a row's words; one that ends with the row's width, as the name
// "dense 32" of a network of width 32, loses it.
func (r cells) called(columns []string, width string) string {
	var words []string
	for _, column := range columns {
		word := strings.TrimSuffix(r[column], " "+width)
		if number, err := strconv.ParseFloat(word, 64); err == nil {
			if number == 1 {
				column = strings.TrimSuffix(column, "s")
			}
			word = fmt.Sprintf("%v %s", number, column)
		}
		if word != "" {
			words = append(words, word)
		}
	}
	if len(words) == 0 {
		return "all"
	}
	return strings.Join(words, ", ")
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
