package study

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/evorank/evorank/plot"
	"github.com/evorank/evorank/run"
	"github.com/evorank/evorank/stats"
)

// Named curves: what a figure draws for one condition.
type curveSet struct {
	name string
	rows [][]Row // by trial
}

// View says what a figure of curves shows.
type View struct {
	Metric string
	Axis   string         // generation, seconds, tokens or steps
	Band   stats.BandKind // around the median or mean
	Trials bool           // draw each trial too
	Levels *run.Levels    // reference lines, if the metric is a loss
}

// axes of curves, by the words that a user says.
var axes = map[string]plot.Axis{
	keyGeneration: {Name: "generation"},
	keySeconds:    {Name: "time spent on generations", Unit: "s"},
	keyTokens:     {Name: "tokens scored"},
	keySteps:      {Name: "environment steps"},
}

var inWordsOfBand = map[stats.BandKind]string{
	stats.MedianInterval:  "median and its 95 % bootstrap interval",
	stats.MeanInterval:    "mean and its 95 % bootstrap interval",
	stats.MedianQuartiles: "median and quartiles",
	stats.MeanError:       "mean ± 1.96 standard errors",
}

// DrawCurves draws a metric of groups of runs over generations, seconds,
// tokens or steps.
func DrawCurves(groups []Group, v View) (*plot.Figure, error) {
	sets, err := setsOf(groups, v.Metric)
	if err != nil {
		return nil, err
	}
	return drawCurves(groups, sets, v)
}

// setsOf lays out the curves of runs that may be compared.
func setsOf(groups []Group, metric string) ([]curveSet, error) {
	if err := checkGroups(groups, MetricOf(metric)); err != nil {
		return nil, badData(err)
	}
	var sets []curveSet
	for _, g := range groups {
		set := curveSet{name: g.Name}
		for _, r := range g.Runs {
			c, err := newCurve(g.Name, r, []string{metric})
			if err != nil {
				return nil, err
			}
			set.rows = append(set.rows, c.Rows)
		}
		sets = append(sets, set)
	}
	return sets, nil
}

// Centres returns the middles of the groups' curves, for a terminal.
func Centres(groups []Group, v View) ([]plot.Named, error) {
	sets, err := setsOf(groups, v.Metric)
	if err != nil {
		return nil, err
	}
	var out []plot.Named
	for _, set := range sets {
		c, _, err := conditionOf(set, v)
		if err != nil {
			return nil, badDataf("plot: %s: %w", set.name, err)
		}
		out = append(out, plot.Named{Name: set.name, Series: plot.Series{X: c.Band.X, Y: c.Band.Centre}})
	}
	return out, nil
}

// drawCurves draws the groups' curves; what tables say of groups that are hard
// to compare stands in the caption.
func drawCurves(groups []Group, sets []curveSet, v View) (*plot.Figure, error) {
	axis, known := axes[v.Axis]
	if !known {
		return nil, badConfig(fmt.Errorf("plot: axis %q: want generation, seconds, tokens or steps", v.Axis))
	}
	m := MetricOf(v.Metric)
	var conditions []plot.Condition
	var notes []string
	for _, set := range sets {
		c, note, err := conditionOf(set, v)
		if err != nil {
			return nil, badDataf("plot: %s: %w", set.name, err)
		}
		conditions = append(conditions, c)
		notes = append(notes, note...)
	}
	frame := plot.Frame{
		Title: capital(m.withDirection()), X: axis, Y: plot.Axis{Name: m.Name, Unit: m.Unit},
		Caption: strings.Join(append([]string{captionOf(sets, v)}, notes...), " ") + sideBySide(groups, v.Metric, v.Axis).inWords(),
	}
	if isLoss(v.Metric) && m.Better == Lower {
		frame.References = references(v.Levels)
	}
	if v.Metric == keyFounders || strings.HasSuffix(v.Metric, "_std") {
		return wrapData(plot.Diversity(frame, conditions))
	}
	return wrapData(plot.Curves(frame, conditions))
}

func wrapData(f *plot.Figure, err error) (*plot.Figure, error) { return f, badData(err) }

func references(l *run.Levels) []plot.Reference {
	if l == nil {
		return nil
	}
	return []plot.Reference{{Name: "uniform guess", Y: l.Uniform}, {Name: "unigram entropy", Y: l.Unigram}, {Name: "bigram entropy", Y: l.Bigram}}
}

// capital begins a sentence with the text.
func capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

// captionOf says what centre and band are and how many trials there are.
func captionOf(sets []curveSet, v View) string {
	var counts []string
	most := 0
	for _, set := range sets {
		counts = append(counts, fmt.Sprintf("%s (%d)", set.name, len(set.rows)))
		most = max(most, len(set.rows))
	}
	text := "Trials: " + strings.Join(counts, "; ") + "."
	if most > 1 {
		text = capital(inWordsOfBand[v.Band]) + ". " + text
	}
	if v.Axis != keyGeneration && most > 1 {
		text += " A centre ends where the first of its trials ends."
	}
	return text
}

// conditionOf summarises a condition's curves, and says what a reader should
// know of them: trials that stopped early, values and times that are missing.
func conditionOf(set curveSet, v View) (plot.Condition, []string, error) {
	trials, notes, err := seriesOf(set, v)
	if err != nil {
		return plot.Condition{}, nil, err
	}
	band, err := stats.NewBand(v.Band, trials, bootstrap)
	if err != nil {
		return plot.Condition{}, nil, err
	}
	c := plot.Condition{Name: set.name, Band: plot.Band(band)}
	if v.Trials && len(trials) > 1 {
		for _, s := range trials {
			c.Trials = append(c.Trials, plot.Series(s))
		}
	}
	return c, notes, nil
}

// seriesOf returns the curves of the trials that have the metric.
func seriesOf(set curveSet, v View) (trials []stats.Series, notes []string, err error) {
	if len(set.rows) == 0 {
		return nil, nil, errors.New("no generation yet")
	}
	last, bad := map[int]bool{}, 0
	for _, rows := range set.rows {
		if _, there := rows[0][v.Axis]; !there {
			return nil, nil, fmt.Errorf("no %s in a trial: its axes are %s", v.Axis, strings.Join(axesOf(rows[0]), ", "))
		}
		s := series(rows, v.Axis, v.Metric)
		if len(s.X) == 0 {
			continue
		}
		bad += countNotFinite(s.Y)
		last[rows[len(rows)-1].generation()] = true
		trials = append(trials, s)
	}
	note := func(format string, args ...any) {
		notes = append(notes, set.name+": "+fmt.Sprintf(format, args...))
	}
	switch missing := len(set.rows) - len(trials); {
	case len(trials) == 0:
		rows := set.rows[0]
		return nil, nil, fmt.Errorf("no %s in a trial of %d generations: it has %s", v.Metric, len(rows), strings.Join((&Run{Rows: rows}).Keys(), ", "))
	case bad > 0:
		return nil, nil, fmt.Errorf("%s is NaN or infinite in %d generations: there is nothing to draw there", v.Metric, bad)
	case missing > 0:
		note("%d of %d trials have no %s yet.", missing, len(set.rows), v.Metric)
	}
	if len(last) > 1 {
		note("trials end at different generations; the centre ends with the first.")
	}
	if n := flat(set.rows, v.Axis); n > 0 {
		note("the cost of %d generations is unknown, a crash took it, and counts as none.", n)
	}
	return trials, notes, nil
}

// axesOf lists the axes that a trial's curves can have.
func axesOf(row Row) []string {
	return slices.DeleteFunc(sortedKeys(axes), func(axis string) bool { _, there := row[axis]; return !there })
}

// flat counts generations that cost nothing, which none can.
func flat(trials [][]Row, axis string) int {
	n := 0
	for _, rows := range trials {
		before := 0.0
		for _, row := range rows {
			if row[axis] == before {
				n++
			}
			before = row[axis]
		}
	}
	return n
}
