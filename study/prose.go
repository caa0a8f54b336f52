package study

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/evorank/evorank/stats"
)

// Prose is Markdown about a study, written by hand, whose numbers say in a
// comment behind them where they come from:
//
//	6.50<!-- median loss_best | factored --> nats
//
// Known are median, mean, sd, min, max, n, low and high (of the median's 95 %
// interval) of a metric of a condition; difference, low, high, p, holm, glass
// and cliff of a metric of two; uniform, unigram and bigram; trials and wanted.
// A metric of another generation is METRIC@GENERATION; "A minus B" and
// "A over B" stand between two. "from …" names a source outside the study.
//
// Between <!-- conditions SECTION --> or <!-- pairs SECTION --> and <!-- end -->
// stands a table that Fill writes.
type Prose struct{ Text string }

var (
	sourced  = regexp.MustCompile(`([-−]?\d[\d.]*)( ?%)?<!--\s*([^>]*?)\s*-->`)
	tables   = regexp.MustCompile(`(?s)<!-- (conditions|pairs) ([^>]*?) -->\n(.*?)<!-- end -->`)
	unsaid   = regexp.MustCompile("<!--.*?-->|`[^`\n]*`|\\]\\([^)]*\\)")
	decimals = regexp.MustCompile(`\d+\.\d+`)
)

// Fill returns the text with its tables made from the results.
func (p Prose) Fill(res *Results) (Prose, error) {
	var failed error
	text := tables.ReplaceAllStringFunc(p.Text, func(whole string) string {
		m := tables.FindStringSubmatch(whole)
		section, f, err := res.section(m[2])
		if err != nil {
			failed = err
			return whole
		}
		var b strings.Builder
		g := res.conditionsInBrief(section)
		if m[1] == "pairs" {
			g = pairsInBrief(f)
		}
		if err := g.markdown(&b); err != nil {
			failed = err
		}
		return fmt.Sprintf("<!-- %s %s -->\n%s\n<!-- end -->", m[1], m[2], b.String())
	})
	return Prose{text}, badConfig(failed)
}

// Stale lists the numbers that are not what the results say, and those with
// decimals that do not say where they come from, each with its line.
func (p Prose) Stale(res *Results) []string {
	var out []string
	plain := tables.ReplaceAllStringFunc(p.Text, func(t string) string { return strings.Repeat("\n", strings.Count(t, "\n")) })
	number := 0
	for line := range strings.Lines(plain) {
		number++
		say := func(format string, args ...any) {
			out = append(out, fmt.Sprintf("line %d: ", number)+fmt.Sprintf(format, args...))
		}
		for _, m := range sourced.FindAllStringSubmatch(line, -1) {
			if strings.HasPrefix(m[3], "from ") {
				continue
			}
			want, err := res.quantity(m[3])
			if err != nil {
				say("%s: %v", m[1], err)
			} else if shown := asShown(want, m[1], m[2] != ""); shown != strings.ReplaceAll(m[1], "−", "-") {
				say("it says %s, the results say %s (%s)", m[1], shown, m[3])
			}
		}
		rest := unsaid.ReplaceAllString(sourced.ReplaceAllString(line, ""), "")
		for _, x := range decimals.FindAllString(rest, -1) {
			say("%s does not say where it comes from", x)
		}
	}
	return out
}

// Renumber returns the text with the numbers that are not what the results say
// made so, with as many decimals as before. The words around them stay: read
// them again.
func (p Prose) Renumber(res *Results) Prose {
	return Prose{sourced.ReplaceAllStringFunc(p.Text, func(whole string) string {
		m := sourced.FindStringSubmatch(whole)
		want, err := res.quantity(m[3])
		if err != nil {
			return whole // of another source, or Stale says why
		}
		shown := asShown(want, m[1], m[2] != "")
		if shown == strings.ReplaceAll(m[1], "−", "-") {
			return whole
		}
		return strings.ReplaceAll(shown, "-", "−") + strings.TrimPrefix(whole, m[1])
	})}
}

// asShown writes a quantity with as many decimals as a number in the text has.
func asShown(x float64, like string, percent bool) string {
	if percent {
		x *= 100
	}
	_, fraction, _ := strings.Cut(like, ".")
	return strconv.FormatFloat(x, 'f', len(fraction), 64)
}

// quantity computes what a comment names.
func (res *Results) quantity(words string) (float64, error) {
	left, right, minus := strings.Cut(words, " minus ")
	if !minus {
		var over bool
		if left, right, over = strings.Cut(words, " over "); !over {
			return res.single(strings.TrimSpace(words))
		}
	}
	a, err := res.quantity(left)
	if err != nil {
		return 0, err
	}
	b, err := res.quantity(right)
	if minus {
		return a - b, err
	}
	return a / b, err
}

func (res *Results) single(words string) (float64, error) {
	parts := strings.Split(words, "|")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	what, metric, _ := strings.Cut(parts[0], " ")
	switch len(parts) {
	case 1:
		return res.ofAll(what)
	case 2:
		return res.ofCondition(what, metric, parts[1])
	case 3:
		return res.ofPair(what, metric, parts[1], parts[2])
	}
	return 0, fmt.Errorf("%q: too many conditions", words)
}

// ofAll are quantities of the study as a whole.
func (res *Results) ofAll(what string) (float64, error) {
	switch l := res.Levels; {
	case what == "trials":
		return float64(len(res.Trials)), nil
	case what == "wanted":
		return float64(res.Study.wanted()), nil
	case l != nil && what == "uniform":
		return l.Uniform, nil
	case l != nil && what == "unigram":
		return l.Unigram, nil
	case l != nil && what == "bigram":
		return l.Bigram, nil
	}
	return 0, fmt.Errorf("%q: no such quantity of the study", what)
}

// wanted is the number of trials of the whole study.
func (s *Study) wanted() int {
	n := 0
	for i := range s.Conditions {
		n += s.trialsOf(i)
	}
	return n
}

// perGeneration are the seconds that a generation took, by trial.
const perGeneration = "generation_seconds"

// valuesOf returns a metric of a condition's trials, METRIC@GENERATION.
func (res *Results) valuesOf(metric, condition string) ([]float64, error) {
	key, at, dated := strings.Cut(metric, "@")
	generation := res.Generation
	if dated {
		var err error
		if generation, err = strconv.Atoi(at); err != nil {
			return nil, fmt.Errorf("%q: %q is not a generation", metric, at)
		}
	}
	i := slices.IndexFunc(res.Conditions, func(c Setting) bool { return c.Name == condition })
	if i < 0 {
		return nil, fmt.Errorf("condition %q is none of the study's", condition)
	}
	var out []float64
	for _, r := range res.groups()[i].Runs {
		v, there := r.At(generation)[key]
		if key == perGeneration {
			v, there = r.Seconds/float64(r.Last()), true
		}
		if !there {
			return nil, fmt.Errorf("%s: no %s of generation %d", r.Dir, key, generation)
		}
		out = append(out, v)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("condition %s has no trials yet", condition)
	}
	return out, nil
}

// ofTables are how the report's tables are computed.
var ofTables = stats.Bootstrap{Confidence: 0.95, Resamples: 10_000}

func (res *Results) ofCondition(what, metric, condition string) (float64, error) {
	x, err := res.valuesOf(metric, condition)
	if err != nil {
		return 0, err
	}
	switch what {
	case "n":
		return float64(len(x)), nil
	case "median":
		return stats.Median(x), nil
	case "mean":
		return stats.Mean(x), nil
	case "sd":
		return stats.SampleSD(x), nil
	case "min":
		return slices.Min(x), nil
	case "max":
		return slices.Max(x), nil
	case "low", "high":
		i, err := ofTables.Interval(stats.OfMedian, x)
		if what == "low" {
			return float64(i.Low), err
		}
		return float64(i.High), err
	}
	return 0, fmt.Errorf("%q: no such quantity of a condition", what)
}

func (res *Results) ofPair(what, metric, group, baseline string) (float64, error) {
	c, err := res.pair(metric, group, baseline)
	if err != nil {
		return 0, err
	}
	x, known := map[string]stats.Number{
		"difference": c.Median, "low": c.MedianCI.Low, "high": c.MedianCI.High,
		"p": c.P, "holm": c.Adjusted, "glass": c.Glass, "cliff": c.Cliff,
	}[what]
	if !known || !x.Known() {
		return math.NaN(), fmt.Errorf("%q: no such quantity of %s against %s", what, group, baseline)
	}
	return float64(x), nil
}

// pair returns a comparison of the report, or of another generation one that
// stands alone.
func (res *Results) pair(metric, group, baseline string) (stats.Comparison, error) {
	for _, f := range res.Sections {
		for _, r := range f.Reports {
			for _, c := range r.Pairs {
				if c.Group == group && c.Baseline == baseline && strings.HasPrefix(r.Metric, metric+",") {
					return c, nil
				}
			}
		}
	}
	if !strings.Contains(metric, "@") {
		return stats.Comparison{}, fmt.Errorf("no section compares %s of %q with %q", metric, group, baseline)
	}
	var groups []stats.Group
	for _, name := range []string{baseline, group} {
		x, err := res.valuesOf(metric, name)
		if err != nil {
			return stats.Comparison{}, err
		}
		groups = append(groups, stats.Group{Name: name, Values: x})
	}
	r, err := stats.Compare(groups, stats.Options{Pairs: [][2]string{{group, baseline}}})
	if err != nil {
		return stats.Comparison{}, err
	}
	return r.Pairs[0], nil
}
