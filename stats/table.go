package stats

import (
	"fmt"
	"slices"
	"strings"
)

// document is a report laid out but not yet in any format: headed tables of
// cells and the notes that belong to them. The writers differ only in markup.
type document struct {
	title  string
	tables []table
	notes  []string // what was used
	marks  []string // caveats: marks[0] is called [1] in the cells
}

// table has labels in its first column and figures in the others.
type table struct {
	caption string
	head    []string
	rows    [][]string
}

// document lays the report out.
func (r Report) document() document {
	var d document
	d.title = "Comparison"
	if r.Metric != "" {
		d.title = "Comparison of " + r.Metric
	}
	if r.Unit != "" {
		d.title += " (" + r.Unit + ")"
	}
	d.groups(r)
	d.overall(r)
	d.pairs(r)
	d.notes = r.notes()
	return d
}

// mark returns a caveat's number, the same for the same words.
func (d *document) mark(caveats []string) []int {
	var marks []int
	for _, text := range caveats {
		at := slices.Index(d.marks, text)
		if at < 0 {
			at = len(d.marks)
			d.marks = append(d.marks, text)
		}
		marks = append(marks, at+1)
	}
	return marks
}

func (d *document) groups(r Report) {
	t := table{
		caption: "Groups",
		head: []string{"group", "n", fmt.Sprintf("median [%s]", formatPercent(r.Confidence)),
			"quartiles", "mean ± 1.96 SE", "SD", "min", "max"},
	}
	for _, s := range r.Groups {
		t.rows = append(t.rows, []string{
			withMarks(s.Name, d.mark(s.Caveats)), fmt.Sprint(s.N), formatWithInterval(s.Median, s.MedianCI),
			formatQuartiles(s.Quartile1, s.Quartile3), formatMeanError(s.Mean, s.StdError),
			formatNumber(s.SampleSD), formatNumber(s.Min), formatNumber(s.Max),
		})
	}
	d.tables = append(d.tables, t)
}

func (d *document) overall(r Report) {
	o := r.Overall
	d.tables = append(d.tables, table{
		caption: "All groups together",
		head:    []string{"test", "H", "degrees", "p"},
		rows: [][]string{{
			withMarks(o.Test, d.mark(o.Caveats)), formatDecimals(o.H), fmt.Sprint(o.Degrees), formatP(o.P),
		}},
	})
}

func (d *document) pairs(r Report) {
	t := table{
		caption: "Pairs",
		head: []string{"group against baseline", "rank-sum", "U", "p", "p (Holm)",
			fmt.Sprintf("median difference [%s]", formatPercent(r.Confidence)),
			"Cliff's δ", "Glass's δ", "Glass's δ (n-1)", fmt.Sprintf("n for %s", formatPercent(r.Power))},
	}
	if r.paired() {
		t.head[1], t.head[2] = "test", "W"
	}
	for _, c := range r.Pairs {
		method := string(c.Method)
		if method == "" {
			method = dash
		}
		t.rows = append(t.rows, []string{
			withMarks(c.Group+" against "+c.Baseline, d.mark(c.Caveats)), method,
			formatU(c.U), formatP(c.P), formatP(c.Adjusted), formatWithInterval(c.Median, c.MedianCI),
			formatDecimals(c.Cliff), formatDecimals(c.Glass), formatDecimals(c.GlassSample), formatCount(c.TrialsNeeded),
		})
	}
	d.tables = append(d.tables, t)
}

// paired reports whether values were compared within pairs.
func (r Report) paired() bool {
	return slices.ContainsFunc(r.Pairs, func(c Comparison) bool { return c.Method == SignedRanks })
}

// notes says what was used, in full sentences.
func (r Report) notes() []string {
	if r.paired() {
		return []string{
			fmt.Sprintf("Intervals: BCa bootstrap, %s, %d resamples, seed %d.", formatPercent(r.Confidence), r.Resamples, r.Seed),
			"Signed-rank tests are two-sided and exact, of the differences within pairs; the median difference is that within pairs; W is the sum of the positive differences' ranks.",
			fmt.Sprintf("p (Holm) is corrected over %s; Kruskal-Wallis uses χ² with tie correction and does not know of pairs.", plural(r.Family, "comparison")),
			r.signs(),
		}
	}
	return []string{
		fmt.Sprintf("Intervals: BCa bootstrap, %s, %d resamples, seed %d.", formatPercent(r.Confidence), r.Resamples, r.Seed),
		"Rank-sum tests are two-sided: exact = permutation distribution, normal = with tie and continuity correction, ranksums = uncorrected normal approximation.",
		fmt.Sprintf("p (Holm) is corrected over %s; Kruskal-Wallis uses χ² with tie correction.", plural(r.Family, "comparison")),
		r.signs(),
		fmt.Sprintf("n for %s: trials per group by Noether's formula at the observed effect, two-sided level %.2g, not corrected for the number of comparisons.", formatPercent(r.Power), 1-r.Confidence),
	}
}

func (r Report) signs() string {
	return "Differences and effect sizes are positive where the group's values are larger than the baseline's. Glass's δ divides by the baseline's population SD, the (n-1) column by its sample SD."
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// formatU writes a whole or half number of pairs.
func formatU(u Number) string {
	if !u.Known() {
		return dash
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(u)), ".0")
}
