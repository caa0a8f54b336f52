package study

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evorank/evorank/configs"
	"github.com/evorank/evorank/stats"
)

// Question is what is asked of groups of runs.
type Question struct {
	Metric       string
	Generation   int  // 0: the last one, which must be the same for all
	AllowMissing bool // leave out, with a caveat, runs that lack the value
}

// Answer is one value per run, with what makes them doubtful.
type Answer struct {
	Metric     Metric
	Generation int
	Groups     []stats.Group
	Runs       [][]*Run   // those that the values come from
	Doubts     [][]string // by group
	Caveats    []string   // of the comparison as a whole
}

// Select takes one value from each run. Runs that cannot be compared at all
// (other tasks, other texts, the same run twice, a missing value) are an error.
func Select(groups []Group, q Question) (Answer, error) {
	a := Answer{Metric: MetricOf(q.Metric), Generation: q.Generation, Doubts: make([][]string, len(groups))}
	if err := checkGroups(groups, a.Metric); err != nil {
		return a, badData(err)
	}
	if a.Generation == 0 {
		var err error
		if a.Generation, err = lastOf(groups, q.AllowMissing); err != nil {
			return a, badData(err)
		}
	}
	for i, g := range groups {
		values, used, err := a.take(i, g, q.AllowMissing)
		if err != nil {
			return a, badData(err)
		}
		a.Groups = append(a.Groups, stats.Group{Name: g.Name, Values: values, Keys: seedsOf(used)})
		a.Runs = append(a.Runs, used)
		a.doubtGroup(i, used)
	}
	a.doubtAll(q.Metric)
	return a, nil
}

// seedsOf are the runs' seeds, which make pairs of runs in different groups.
func seedsOf(runs []*Run) []string {
	var out []string
	for _, r := range runs {
		out = append(out, fmt.Sprintf("seed %d", r.Seed()))
	}
	return out
}

// take returns the group's values and the runs that they come from.
func (a *Answer) take(i int, g Group, allowMissing bool) (values []float64, used []*Run, err error) {
	var missing []string
	for _, r := range g.Runs {
		v, err := r.value(a.Metric.Key, a.Generation)
		if err != nil && !allowMissing {
			return nil, nil, err
		}
		if err != nil {
			missing = append(missing, filepath.Base(r.Dir))
			continue
		}
		values, used = append(values, v), append(used, r)
	}
	if len(missing) > 0 {
		a.doubt(i, "%d of %d runs left out, they have no %s of generation %d: %s", len(missing), len(g.Runs), a.Metric.Key, a.Generation, strings.Join(missing, ", "))
	}
	return values, used, nil
}

// value returns a metric of a generation, which may be NaN.
func (r *Run) value(key string, generation int) (float64, error) {
	row := r.At(generation)
	if row == nil {
		return 0, fmt.Errorf("run %s: no generation %d: its last is %d (%s)", r.Dir, generation, r.Last(), r.Manifest.Status)
	}
	if v, there := row[key]; there {
		return v, nil
	}
	keys := r.Keys()
	if !slices.Contains(keys, key) {
		text := "it has "
		if near := configs.Nearest(key, keys); near != "" {
			text = "did you mean " + near + "? It has "
		}
		return 0, fmt.Errorf("run %s: no metric %q: %s%s", r.Dir, key, text, strings.Join(keys, ", "))
	}
	return 0, fmt.Errorf("run %s: no %s of generation %d: the nearest generation that has it is %d", r.Dir, key, generation, r.nearest(key, generation))
}

// nearest returns the generation closest to the wanted one that has the key.
func (r *Run) nearest(key string, generation int) int {
	best := 0
	for _, row := range r.Rows {
		if _, there := row[key]; there && (best == 0 || abs(row.generation()-generation) < abs(best-generation)) {
			best = row.generation()
		}
	}
	return best
}

func abs(x int) int { return max(x, -x) }

// lastOf returns the last generation of the runs. Where they differ there is
// no such thing, unless runs may be left out: then it is the latest.
func lastOf(groups []Group, allowMissing bool) (int, error) {
	low, high := math.MaxInt, 0
	for _, g := range groups {
		for _, r := range g.Runs {
			low, high = min(low, r.Last()), max(high, r.Last())
		}
	}
	if high == 0 {
		return 0, fmt.Errorf("no run has a complete generation yet")
	}
	if low != high && !allowMissing {
		return 0, fmt.Errorf("the runs end at different generations, from %d to %d: name one with --generation", low, high)
	}
	return high, nil
}

// checkGroups refuses what no caveat can mend.
func checkGroups(groups []Group, m Metric) error {
	var first *Run
	seen := map[string]string{}   // directory → group
	trials := map[string]string{} // identity and seed, by group → directory
	for _, g := range groups {
		if len(g.Runs) == 0 {
			return fmt.Errorf("group %s has no runs", g.Name)
		}
		for _, r := range g.Runs {
			if first == nil {
				first = r
			}
			if err := comparable(first, r, m); err != nil {
				return err
			}
			dir, err := filepath.Abs(r.Dir)
			if err != nil {
				return err
			}
			if other, twice := seen[dir]; twice {
				return fmt.Errorf("run %s counts twice: in group %s and in group %s", r.Dir, other, g.Name)
			}
			seen[dir] = g.Name
			trial := fmt.Sprintf("%s %d %s", r.identity(), r.Config.Seed, g.Name)
			if other, twice := trials[trial]; twice {
				return fmt.Errorf("group %s: runs %s and %s are the same trial, of equal config and seed: one result would count twice", g.Name, other, r.Dir)
			}
			trials[trial] = r.Dir
		}
	}
	return nil
}

// comparable reports why a metric of two runs must not be compared.
func comparable(a, b *Run, m Metric) error {
	switch {
	case a.Config.Task != b.Config.Task:
		return fmt.Errorf("runs of different tasks: %s is of %s, %s of %s", a.Dir, a.Config.Task, b.Dir, b.Config.Task)
	case !isLoss(m.Key):
		return nil
	case a.Manifest.TokenizerDigest != b.Manifest.TokenizerDigest:
		return fmt.Errorf("runs with different tokenizers: the losses of %s and %s are not of the same tokens", a.Dir, b.Dir)
	case a.Manifest.DataDigest != b.Manifest.DataDigest:
		return fmt.Errorf("runs on different texts: the losses of %s (%d stories) and %s (%d stories) cannot be compared", a.Dir, a.Manifest.Stories, b.Dir, b.Manifest.Stories)
	case strings.HasPrefix(m.Key, "heldout"):
		return sameHeldout(a, b)
	}
	return nil
}

func sameHeldout(a, b *Run) error {
	if a.Manifest.HeldoutDigest != b.Manifest.HeldoutDigest || a.Manifest.HeldoutStories != b.Manifest.HeldoutStories {
		return fmt.Errorf("runs with different held-out texts: %s has %d stories with digest %s, %s has %d with %s",
			a.Dir, a.Manifest.HeldoutStories, digestOrNone(a.Manifest.HeldoutDigest), b.Dir, b.Manifest.HeldoutStories, digestOrNone(b.Manifest.HeldoutDigest))
	}
	return nil
}

func digestOrNone(digest string) string {
	if digest == "" {
		return "none"
	}
	return digest
}

// sameTexts reports how the texts of two trials of one condition differ.
func sameTexts(a, b *Run) error {
	if err := comparable(a, b, MetricOf("loss_best")); err != nil {
		return err
	}
	return sameHeldout(a, b)
}

func (a *Answer) doubt(group int, format string, args ...any) {
	a.Doubts[group] = append(a.Doubts[group], fmt.Sprintf(format, args...))
}

// doubtGroup notes what a reader should know about a group's runs.
func (a *Answer) doubtGroup(i int, runs []*Run) {
	unfinished := 0
	for _, r := range runs {
		if !r.finished() {
			unfinished++
		}
	}
	if unfinished > 0 {
		a.doubt(i, "%d of %d runs are not finished", unfinished, len(runs))
	}
	if kinds := count(runs, (*Run).deviceKind); len(kinds) > 1 {
		a.doubt(i, "mixed devices or precisions: %s", listed(kinds))
	}
	if settings := count(runs, (*Run).identity); len(settings) > 1 {
		a.doubt(i, "the runs differ in more than their seeds: %d different configs or texts", len(settings))
	}
}

// sideBySide is an answer without values: what makes groups doubtful of which
// all generations are shown.
func sideBySide(groups []Group, keys ...string) Answer {
	a := Answer{Doubts: make([][]string, len(groups))}
	for i, g := range groups {
		a.Groups, a.Runs = append(a.Groups, stats.Group{Name: g.Name}), append(a.Runs, g.Runs)
		a.doubtGroup(i, g.Runs)
	}
	a.doubtAll(keys...)
	return a
}

// doubtAll notes what makes groups hard to compare with each other by the keys.
func (a *Answer) doubtAll(keys ...string) {
	var all []*Run
	for _, runs := range a.Runs {
		all = append(all, runs...)
	}
	note := func(what string, of func(*Run) string) {
		if seen := count(all, of); len(seen) > 1 {
			a.Caveats = append(a.Caveats, what+": "+listed(seen))
		}
	}
	note("groups on mixed devices or precisions, whose results differ in the last digits and, over generations, altogether", (*Run).deviceKind)
	note("made by different versions of the program", func(r *Run) string { return r.Manifest.Version })
	if slices.ContainsFunc(keys, isTime) {
		note("times of different machines or devices", func(r *Run) string { return r.Manifest.Host + ", " + r.Manifest.Device })
	}
	for i := range a.Runs {
		for j := range i {
			if len(a.Runs[i]) > 0 && len(a.Runs[j]) > 0 && a.Runs[i][0].identity() == a.Runs[j][0].identity() {
				a.Caveats = append(a.Caveats, fmt.Sprintf("%s and %s are the same experiment", a.Groups[j].Name, a.Groups[i].Name))
			}
		}
	}
}

func (r *Run) deviceKind() string { return r.Manifest.DeviceKind + " " + r.Manifest.Precision }

// count counts the runs by what of returns for them.
func count(runs []*Run, of func(*Run) string) map[string]int {
	counts := map[string]int{}
	for _, r := range runs {
		counts[of(r)]++
	}
	return counts
}

func listed(counts map[string]int) string {
	var words []string
	for _, key := range sortedKeys(counts) {
		words = append(words, fmt.Sprintf("%d × %s", counts[key], key))
	}
	return strings.Join(words, ", ")
}

// Compare runs the statistics over the values and sets the doubts beside them.
func (a Answer) Compare(o stats.Options) (stats.Report, error) {
	o.Metric, o.Unit = fmt.Sprintf("%s, %s, generation %d", a.Metric.Key, a.Metric.withDirection(), a.Generation), a.Metric.Unit
	report, err := stats.Compare(a.Groups, o)
	if err != nil {
		return report, badConfig(err)
	}
	for i, doubts := range a.Doubts {
		report.Groups[i].Caveats = append(report.Groups[i].Caveats, doubts...)
	}
	report.Overall.Caveats = append(report.Overall.Caveats, a.Caveats...)
	return report, nil
}
