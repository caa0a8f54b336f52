package stats

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Group is a condition: one value per trial.
type Group struct {
	Name   string
	Values []float64
	Keys   []string // for SignedRanks: a value belongs to the one of the same key in another group
}

// Options says how groups are compared. The zero value of a field means its
// default, except that a seed of 0 is a seed.
type Options struct {
	Metric     string      // what the values are, for headings: "held-out loss"
	Unit       string      // "nats"; may be empty
	Method     Method      // rank-sum test, or SignedRanks; default Auto
	Confidence float64     // of intervals; default 0.95. Tests are read at 1 - Confidence
	Power      float64     // for TrialsNeeded; default 0.8
	Resamples  int         // of the bootstrap; default 10,000
	Seed       uint64      // of the bootstrap
	Baseline   string      // the group against which others are held; default the first
	Pairs      [][2]string // comparisons wanted, {group, baseline}; default all pairs
}

// Report is a comparison of groups with all that was used for it.
type Report struct {
	Metric     string       `json:"metric"`
	Unit       string       `json:"unit"`
	Confidence float64      `json:"confidence"`
	Power      float64      `json:"power"`
	Resamples  int          `json:"bootstrap_resamples"`
	Seed       uint64       `json:"bootstrap_seed"`
	Correction string       `json:"correction"` // of p-values over all comparisons
	Family     int          `json:"family"`     // comparisons over which p-values are corrected
	Groups     []Summary    `json:"groups"`
	Overall    Overall      `json:"overall"`
	Pairs      []Comparison `json:"comparisons"`
}

// Summary describes one group.
type Summary struct {
	Name       string   `json:"name"`
	N          int      `json:"n"`
	Median     Number   `json:"median"`
	MedianCI   Interval `json:"median_interval"`
	Quartile1  Number   `json:"quartile_1"`
	Quartile3  Number   `json:"quartile_3"`
	Mean       Number   `json:"mean"`
	MeanCI     Interval `json:"mean_interval"`
	StdError   Number   `json:"standard_error"`
	SampleSD   Number   `json:"sd_sample"`
	Population Number   `json:"sd_population"`
	Min        Number   `json:"min"`
	Max        Number   `json:"max"`
	Caveats    []string `json:"caveats,omitempty"`
}

// Overall is the Kruskal-Wallis test over all groups.
type Overall struct {
	Test    string   `json:"test"`
	H       Number   `json:"h"`
	Degrees int      `json:"degrees_of_freedom"`
	P       Number   `json:"p"`
	Caveats []string `json:"caveats,omitempty"`
}

// Comparison holds one group against another. Differences and effect sizes
// are positive where the group's values are larger than the baseline's.
type Comparison struct {
	Group        string   `json:"group"`
	Baseline     string   `json:"baseline"`
	Method       Method   `json:"method"` // of the test; empty if there was none
	U            Number   `json:"u"`      // of SignedRanks: W
	P            Number   `json:"p"`
	Adjusted     Number   `json:"p_adjusted"`
	Median       Number   `json:"median_difference"` // of the groups' medians; of SignedRanks: the median within pairs; and so the mean
	MedianCI     Interval `json:"median_difference_interval"`
	Mean         Number   `json:"mean_difference"`
	MeanCI       Interval `json:"mean_difference_interval"`
	Cliff        Number   `json:"cliffs_delta"`
	Glass        Number   `json:"glass_delta_population"`
	GlassSample  Number   `json:"glass_delta_sample"`
	TrialsNeeded int      `json:"trials_needed_per_group,omitempty"` // 0: unknown
	Caveats      []string `json:"caveats,omitempty"`
}

// Compare runs the protocol over the groups. Groups with too few, equal or
// non-finite values stay in the report with caveats instead of numbers. An
// error means that the question makes no sense: fewer than two groups, a name
// missing or used twice, an unknown name in Baseline or Pairs, a bad option.
func Compare(groups []Group, options Options) (Report, error) {
	options, err := options.complete(groups)
	if err != nil {
		return Report{}, fmt.Errorf("compare: %w", err)
	}
	report := Report{
		Metric: options.Metric, Unit: options.Unit,
		Confidence: options.Confidence, Power: options.Power,
		Resamples: options.Resamples, Seed: options.Seed,
		Correction: "Holm",
		Overall:    overall(groups),
	}
	for _, g := range groups {
		report.Groups = append(report.Groups, summarise(g, options.bootstrap()))
	}
	for _, pair := range options.Pairs {
		report.Pairs = append(report.Pairs, hold(find(groups, pair[0]), find(groups, pair[1]), options))
	}
	report.Family = adjust(report.Pairs)
	return report, nil
}

func (o Options) bootstrap() Bootstrap {
	return Bootstrap{Confidence: o.Confidence, Resamples: o.Resamples, Seed: o.Seed}
}

// complete fills in defaults and refuses what makes no sense.
func (o Options) complete(groups []Group) (Options, error) {
	if len(groups) < 2 {
		return o, fmt.Errorf("groups: %d: give at least two", len(groups))
	}
	if err := checkNames(groups); err != nil {
		return o, err
	}
	o.Method = orDefault(o.Method, Auto)
	o.Confidence = orDefault(o.Confidence, 0.95)
	o.Power = orDefault(o.Power, 0.8)
	o.Resamples = orDefault(o.Resamples, 10_000)
	o.Baseline = orDefault(o.Baseline, groups[0].Name)
	switch {
	case !slices.Contains([]Method{Auto, Exact, Normal, RankSums, SignedRanks}, o.Method):
		return o, fmt.Errorf("unknown method %q: use %q, %q, %q, %q or %q", o.Method, Auto, Exact, Normal, RankSums, SignedRanks)
	case !(o.Confidence > 0 && o.Confidence < 1):
		return o, fmt.Errorf("confidence %v: give a number between 0 and 1", o.Confidence)
	case !(o.Power > 0 && o.Power < 1):
		return o, fmt.Errorf("power %v: give a number between 0 and 1", o.Power)
	case o.Resamples < 100:
		return o, fmt.Errorf("%d bootstrap resamples: give at least 100", o.Resamples)
	}
	if len(o.Pairs) == 0 {
		o.Pairs = allPairs(groups, o.Baseline)
	}
	return o, checkPairs(groups, o)
}

func orDefault[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

func checkNames(groups []Group) error {
	seen := map[string]bool{}
	for i, g := range groups {
		if strings.TrimSpace(g.Name) == "" {
			return fmt.Errorf("group %d has no name", i)
		}
		if seen[g.Name] {
			return fmt.Errorf("group %q is given twice: rename or merge", g.Name)
		}
		seen[g.Name] = true
	}
	return nil
}

func checkPairs(groups []Group, o Options) error {
	known := func(name string) bool {
		return slices.ContainsFunc(groups, func(g Group) bool { return g.Name == name })
	}
	if !known(o.Baseline) {
		return fmt.Errorf("baseline %q is none of the groups", o.Baseline)
	}
	seen := map[[2]string]bool{}
	for _, pair := range o.Pairs {
		for _, name := range pair {
			if !known(name) {
				return fmt.Errorf("comparison of %q with %q: %q is none of the groups", pair[0], pair[1], name)
			}
		}
		if pair[0] == pair[1] {
			return fmt.Errorf("comparison of %q with itself", pair[0])
		}
		if seen[pair] || seen[[2]string{pair[1], pair[0]}] {
			return errors.New("comparison of " + pair[0] + " with " + pair[1] + " is asked for twice")
		}
		seen[pair] = true
	}
	return nil
}

// allPairs holds every group against every earlier one, the baseline counting
// as the first of all.
func allPairs(groups []Group, baseline string) [][2]string {
	names := []string{baseline}
	for _, g := range groups {
		if g.Name != baseline {
			names = append(names, g.Name)
		}
	}
	var pairs [][2]string
	for i, base := range names {
		for _, name := range names[i+1:] {
			pairs = append(pairs, [2]string{name, base})
		}
	}
	return pairs
}

func find(groups []Group, name string) Group {
	return groups[slices.IndexFunc(groups, func(g Group) bool { return g.Name == name })]
}
