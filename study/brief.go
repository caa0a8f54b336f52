package study

import (
	"fmt"
	"math"
	"slices"

	"github.com/evorank/evorank/stats"
)

// Tables for prose: less than the report has.

// section finds a section and what was found in it by name.
func (res *Results) section(name string) (Section, Findings, error) {
	sections := res.Study.sections()
	i := slices.IndexFunc(sections, func(s Section) bool { return s.Name == name })
	if i < 0 {
		return Section{}, Findings{}, fmt.Errorf("study: section %q: there is none of that name", name)
	}
	return sections[i], res.Sections[i], nil
}

// conditionsInBrief has the median of each metric, how far that of the first is
// above the text's entropies, and what a generation takes.
func (res *Results) conditionsInBrief(section Section) grid {
	g := grid{head: []string{"condition", "parameters", "trials"}}
	for _, metric := range res.Study.Metrics() {
		g.head = append(g.head, MetricOf(metric).Name+", median [95 %]")
	}
	if res.Levels != nil {
		g.head = append(g.head, "above unigram", "above bigram")
	}
	g.head = append(g.head, "s a generation")
	for i, c := range res.Conditions {
		if section.has(c.Name) {
			row := append([]string{c.Name}, res.conditionInBrief(c, res.Study.trialsOf(i))...)
			g.rows = append(g.rows, append(row, slices.Repeat([]string{"–"}, len(g.head)-len(row))...))
		}
	}
	return g
}

// conditionInBrief is the row of one condition, without its name; without
// trials, it ends with their number.
func (res *Results) conditionInBrief(c Setting, wanted int) []string {
	seconds, _, err := res.valuesOf(perGeneration, c.Name)
	if err != nil {
		return []string{"", fmt.Sprintf("0 of %d", wanted)}
	}
	n := fmt.Sprint(len(seconds))
	if len(seconds) < wanted {
		n = fmt.Sprintf("%d of %d", len(seconds), wanted)
	}
	row := []string{fmt.Sprint(c.Parameters), n}
	for _, metric := range res.Study.Metrics() {
		row = append(row, res.inBrief(metric, c.Name))
	}
	if l := res.Levels; l != nil {
		scores, _, err := res.valuesOf(res.Study.Metric, c.Name)
		if err != nil {
			scores = []float64{math.NaN()}
		}
		loss := stats.Median(scores)
		row = append(row, signed(stats.Number(loss-l.Unigram)), signed(stats.Number(loss-l.Bigram)))
	}
	return append(row, fmt.Sprintf("%.3f", stats.Median(seconds)))
}

// inBrief is the median with its interval.
func (res *Results) inBrief(metric, condition string) string {
	x, _, err := res.valuesOf(metric, condition)
	if err != nil {
		return "–"
	}
	text := fmt.Sprintf("%.3f", stats.Median(x))
	if i, err := ofTables.Interval(stats.OfMedian, x); err == nil {
		text += fmt.Sprintf(" [%.3f, %.3f]", i.Low, i.High)
	}
	return text
}

// pairsInBrief has the first metric's comparisons.
func pairsInBrief(f Findings) grid {
	g := grid{head: []string{"comparison", "difference of medians [95 %]", "p", "p (Holm)", "Glass's δ", "Cliff's δ"}}
	if len(f.Reports) == 0 {
		return grid{head: []string{"comparison"}, rows: [][]string{{"none yet"}}}
	}
	for _, c := range f.Reports[0].Pairs {
		g.rows = append(g.rows, []string{
			c.Group + " − " + c.Baseline, fmt.Sprintf("%s [%s, %s]", signed(c.Median), signed(c.MedianCI.Low), signed(c.MedianCI.High)),
			decimal(c.P, 4), decimal(c.Adjusted, 4), decimal(c.Glass, 1), decimal(c.Cliff, 2),
		})
	}
	return g
}

func signed(x stats.Number) string {
	if !x.Known() {
		return "–"
	}
	return fmt.Sprintf("%+.3f", float64(x))
}

func decimal(x stats.Number, digits int) string {
	if !x.Known() {
		return "–"
	}
	return fmt.Sprintf("%.*f", digits, float64(x))
}
