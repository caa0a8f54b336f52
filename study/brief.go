package study

import (
	"fmt"
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

// conditionsInBrief has the median of each metric and what a generation takes.
func (res *Results) conditionsInBrief(section Section) grid {
	g := grid{head: []string{"condition", "parameters", "trials"}}
	for _, metric := range res.Study.Metrics() {
		g.head = append(g.head, MetricOf(metric).Name+", median [95 %]")
	}
	g.head = append(g.head, "s a generation")
	for i, c := range res.Conditions {
		if !section.has(c.Name) {
			continue
		}
		x, err := res.valuesOf(perGeneration, c.Name)
		if err != nil {
			g.rows = append(g.rows, slices.Concat([]string{c.Name, "", fmt.Sprintf("0 of %d", res.Study.trialsOf(i))}, slices.Repeat([]string{"–"}, len(res.Study.Metrics())+1)))
			continue
		}
		n := fmt.Sprint(len(x))
		if wanted := res.Study.trialsOf(i); len(x) < wanted {
			n = fmt.Sprintf("%d of %d", len(x), wanted)
		}
		row := []string{c.Name, fmt.Sprint(c.Parameters), n}
		for _, metric := range res.Study.Metrics() {
			row = append(row, res.inBrief(metric, c.Name))
		}
		g.rows = append(g.rows, append(row, fmt.Sprintf("%.3f", stats.Median(x))))
	}
	return g
}

// inBrief is the median with its interval.
func (res *Results) inBrief(metric, condition string) string {
	x, err := res.valuesOf(metric, condition)
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
