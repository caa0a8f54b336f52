package study

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/evorank/evorank/stats"
)

// quantity computes what a comment names:
//
//	median METRIC | CONDITION             mean, sd, min, max, n, and low and high of the median's 95 % interval
//	difference METRIC | GROUP | BASELINE  low, high, p, holm, glass and cliff of a planned comparison; holm-all:
//	                                      corrected over all sections; ranksums and signed-rank: p of another test
//	kruskal METRIC | SECTION              p of all its conditions together
//	uniform, unigram, bigram              entropies of the text
//	trials, wanted                        how many there are, and are to be
//
// METRIC@GENERATION is the metric of another generation, CONDITION@GENERATION
// the condition at one; such a comparison stands alone. "A minus B" and
// "A over B" stand between two.
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
		if what == "kruskal" {
			return res.ofSection(metric, parts[1])
		}
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

// valuesOf returns a metric of a condition's trials and their seeds,
// METRIC@GENERATION or CONDITION@GENERATION.
func (res *Results) valuesOf(metric, condition string) (values []float64, seeds []uint64, err error) {
	key, at, dated := strings.Cut(metric, "@")
	if !dated {
		condition, at, dated = strings.Cut(condition, "@")
	}
	generation := res.Generation
	if dated {
		if generation, err = strconv.Atoi(at); err != nil {
			return nil, nil, fmt.Errorf("%q: %q is not a generation", metric+" | "+condition, at)
		}
	}
	i := slices.IndexFunc(res.Conditions, func(c Setting) bool { return c.Name == condition })
	if i < 0 {
		return nil, nil, fmt.Errorf("condition %q is none of the study's", condition)
	}
	for _, r := range res.groups()[i].Runs {
		v, there := r.At(generation)[key]
		if key == perGeneration {
			v, there = r.Seconds/float64(r.Last()), true
		}
		if !there {
			return nil, nil, fmt.Errorf("%s: no %s of generation %d", r.Dir, key, generation)
		}
		values, seeds = append(values, v), append(seeds, r.Seed())
	}
	if len(values) == 0 {
		return nil, nil, fmt.Errorf("condition %s has no trials yet", condition)
	}
	return values, seeds, nil
}

// ofTables are how the report's tables are computed.
var ofTables = stats.Bootstrap{Confidence: 0.95, Resamples: 10_000}

func (res *Results) ofCondition(what, metric, condition string) (float64, error) {
	x, _, err := res.valuesOf(metric, condition)
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
	switch what {
	case "ranksums", "signed-rank":
		return res.ofTest(stats.Method(what), metric, group, baseline)
	case "holm-all":
		return res.overSections(metric, group, baseline)
	}
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

// ofTest is the p of a test that the report's tables do not have; of signed
// ranks trials with the same seed make pairs.
func (res *Results) ofTest(method stats.Method, metric, group, baseline string) (float64, error) {
	x, seeds, err := res.valuesOf(metric, group)
	if err != nil {
		return 0, err
	}
	y, others, err := res.valuesOf(metric, baseline)
	if err != nil {
		return 0, err
	}
	if method != stats.SignedRanks {
		test, err := stats.RankSum(x, y, method)
		return test.P, err
	}
	var differences []float64
	for i, seed := range seeds {
		if j := slices.Index(others, seed); j >= 0 {
			differences = append(differences, x[i]-y[j])
		}
	}
	test, err := stats.SignedRank(differences)
	return test.P, err
}

// overSections is the p of a planned comparison, corrected over those of all
// sections.
func (res *Results) overSections(metric, group, baseline string) (float64, error) {
	var p []float64
	place := -1
	for _, c := range res.planned(metric) {
		if !c.P.Known() {
			continue
		}
		if c.Group == group && c.Baseline == baseline {
			place = len(p)
		}
		p = append(p, float64(c.P))
	}
	if place < 0 {
		return 0, notCompared(metric, group, baseline)
	}
	return stats.Holm(p)[place], nil
}

func notCompared(metric, group, baseline string) error {
	return fmt.Errorf("no section compares %s of %q with %q", metric, group, baseline)
}

func (res *Results) ofSection(metric, section string) (float64, error) {
	_, f, err := res.section(section)
	if err != nil {
		return 0, err
	}
	if r := f.report(metric); r.Overall.P.Known() && len(r.Groups) > 0 {
		return float64(r.Overall.P), nil
	}
	return 0, fmt.Errorf("section %s: no test of %s over all its conditions", section, metric)
}

// report returns the one of a metric, of no groups if there is none.
func (f Findings) report(metric string) stats.Report {
	for _, r := range f.Reports {
		if strings.HasPrefix(r.Metric, metric+",") {
			return r
		}
	}
	return stats.Report{}
}

// planned lists the comparisons of a metric, of all sections.
func (res *Results) planned(metric string) (out []stats.Comparison) {
	for _, f := range res.Sections {
		out = append(out, f.report(metric).Pairs...)
	}
	return out
}

// pair returns a comparison of the report, or of another generation one that
// stands alone.
func (res *Results) pair(metric, group, baseline string) (stats.Comparison, error) {
	for _, c := range res.planned(metric) {
		if c.Group == group && c.Baseline == baseline {
			return c, nil
		}
	}
	if !strings.Contains(metric+group+baseline, "@") {
		return stats.Comparison{}, notCompared(metric, group, baseline)
	}
	var groups []stats.Group
	for _, name := range []string{baseline, group} {
		x, _, err := res.valuesOf(metric, name)
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
