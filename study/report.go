package study

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/evorank/evorank/files"
	"github.com/evorank/evorank/plot"
	"github.com/evorank/evorank/stats"
)

// Write writes a report into a directory: report.md, report.html (one file
// that needs no other), summary.json and curves.csv (from which ReadResults
// makes all of it again), trials.csv and the figures as SVG and PNG.
func (res *Results) Write(dir string) error {
	folder := filepath.Join(dir, "figures")
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	d, figures := res.document()
	for _, f := range figures {
		for _, ending := range []string{".svg", ".png"} {
			if err := f.drawing.Save(filepath.Join(folder, f.name+ending)); err != nil {
				return err
			}
		}
	}
	for name, write := range map[string]func(io.Writer) error{
		"report.md": d.writeMarkdown, "report.html": d.writeHTML,
		fileSummary: res.writeSummary, fileTrials: res.writeTrials, fileCurves: res.writeCurves,
	} {
		if err := files.WriteWhole(filepath.Join(dir, name), write); err != nil {
			return err
		}
	}
	return nil
}

// document lays the report out and returns its figures, too.
func (res *Results) document() (document, []figure) {
	s := &res.Study
	d := document{title: "Study " + s.Name}
	if s.Description != "" {
		d.add(paragraph(capital(strings.TrimSuffix(s.Description, ".")) + "."))
	}
	d.add(paragraph(res.summary()))
	if caveats := res.caveats(); len(caveats) > 0 {
		d.add(heading("Mind"), list(caveats))
	}
	d.add(heading("Conditions"), res.conditionTable())
	if len(res.Reports) > 0 {
		d.add(heading("Comparisons"), paragraph("Tests, intervals and effect sizes are named under each table. The first table is of the metric that the study was made for; p-values are corrected within a table, not over tables."))
	}
	for _, r := range res.Reports {
		d.add(statistics{r})
	}
	d.add(heading("Figures"))
	var figures []figure
	for _, draw := range res.drawings() {
		drawing, err := draw.draw()
		if err != nil {
			d.add(paragraph(fmt.Sprintf("No figure %s: %v.", draw.name, err)))
			continue
		}
		f := figure{draw.name, drawing}
		figures = append(figures, f)
		d.add(f)
	}
	d.add(heading("Trials"), res.trialTable(), heading("Configs"))
	for _, c := range res.Conditions {
		d.add(paragraph(c.Name+" (the seed is the first trial's):"), verbatim(c.Config))
	}
	d.add(paragraph("Tests, figures and this text are made again from summary.json and curves.csv, without the runs, by evorank study report --from and the folder of this file."))
	return d, figures
}

// summary says in a paragraph what was done.
func (res *Results) summary() string {
	s, m := &res.Study, MetricOf(res.Study.Metric)
	devices := map[string]int{}
	for _, t := range res.Trials {
		devices[t.Device]++
	}
	text := fmt.Sprintf("%d conditions, %d trials each with seeds %d to %d, compared by %s (%s) at generation %d. Devices: %s.",
		len(s.Conditions), s.Trials, s.FirstSeed, s.FirstSeed+s.Trials-1, s.Metric, m.withDirection(), res.Generation, listed(devices))
	if l := res.Levels; l != nil {
		text += fmt.Sprintf(" For comparison, on the same stories: a uniform guess has a loss of %.3f, the unigram entropy is %.3f, the bigram entropy %.3f nats.", l.Uniform, l.Unigram, l.Bigram)
	}
	return text
}

// caveats are those of the results as a whole; the tables have their own.
func (res *Results) caveats() []string {
	out := append([]string{}, res.Caveats...)
	seen := map[string]bool{}
	for _, doubts := range res.Doubts {
		for _, text := range doubts.All {
			if !seen[text] {
				seen[text] = true
				out = append(out, text)
			}
		}
	}
	return out
}

func (res *Results) conditionTable() grid {
	g := grid{head: []string{"condition", "config", "set", "parameters evolved", "developed"}}
	for i, c := range res.Study.Conditions {
		set := strings.Join(res.Study.settingsOf(c), " ")
		g.rows = append(g.rows, []string{c.Name, res.Study.configOf(c), set, fmt.Sprint(res.Conditions[i].Parameters), fmt.Sprint(res.Conditions[i].Phenotype)})
	}
	return g
}

func (res *Results) trialTable() grid {
	g := grid{head: append([]string{"condition", "seed", "status", "generations"}, append(res.Study.Metrics(), "seconds", "lineage (SHA-256, first digits)")...)}
	for _, t := range res.Trials {
		row := []string{t.Condition, fmt.Sprint(t.Seed), t.Status, fmt.Sprint(t.Generation)}
		for _, key := range res.Study.Metrics() {
			row = append(row, shown(t.Values, key))
		}
		seconds := "unknown"
		if t.Seconds.Known() {
			seconds = fmt.Sprintf("%.1f", t.Seconds)
		}
		g.rows = append(g.rows, append(row, seconds, t.Lineage[:min(12, len(t.Lineage))]))
	}
	return g
}

func shown(values map[string]stats.Number, key string) string {
	switch v, there := values[key]; {
	case !there:
		return "–"
	case !v.Known():
		return "NaN"
	default:
		return fmt.Sprintf("%.4f", v)
	}
}

// drawing is a figure that may turn out impossible.
type drawing struct {
	name string
	draw func() (*plot.Figure, error)
}

// drawings lists the figures of the report.
func (res *Results) drawings() []drawing {
	var out []drawing
	curves := func(name, metric, axis string, levels bool) {
		out = append(out, drawing{name, func() (*plot.Figure, error) {
			v := View{Metric: metric, Axis: axis, Band: stats.MedianInterval, Trials: true}
			if levels {
				v.Levels = res.Levels
			}
			return drawCurves(res.curveSets(), v)
		}})
	}
	for i, metric := range res.Study.Metrics() {
		name := strings.ReplaceAll(metric, "_", "-")
		curves(name+"-over-generations", metric, keyGeneration, true)
		if i == 0 {
			curves(name+"-over-seconds", metric, keySeconds, false)
			curves(name+"-over-tokens", metric, keyTokens, false)
		}
		out = append(out, drawing{name + "-by-trial", func() (*plot.Figure, error) { return DrawStrips(res.answer(i), nil) }})
	}
	if ranks := res.ranks(); ranks != nil {
		out = append(out, drawing{"against-rank", func() (*plot.Figure, error) { return DrawAgainstRank(res.answer(0), ranks) }})
	}
	curves("diversity-loss", "loss_std", keyGeneration, false)
	curves("diversity-founders", keyFounders, keyGeneration, false)
	return out
}

// curveSets groups the curves of all conditions.
func (res *Results) curveSets() []curveSet {
	var sets []curveSet
	for _, c := range res.Study.Conditions {
		set := curveSet{name: c.Name}
		for _, curve := range res.curvesOf(c.Name) {
			if len(curve.Rows) > 0 {
				set.rows = append(set.rows, curve.Rows)
			}
		}
		sets = append(sets, set)
	}
	return sets
}

// answer puts the values of the i-th metric together again.
func (res *Results) answer(i int) Answer {
	metric := res.Study.Metrics()[i]
	a := Answer{Metric: MetricOf(metric), Generation: res.Generation, Doubts: res.Doubts[i].Groups, Caveats: res.Doubts[i].All}
	for _, c := range res.Study.Conditions {
		a.Groups = append(a.Groups, stats.Group{Name: c.Name, Values: res.values(c.Name, metric)})
	}
	return a
}

// ranks returns the conditions' ranks, nil if the study names none.
func (res *Results) ranks() []Ranked {
	var out []Ranked
	any := false
	for _, c := range res.Study.Conditions {
		out = append(out, Ranked{float64(c.Rank), c.Name})
		any = any || c.Rank > 0
	}
	if !any {
		return nil
	}
	return out
}
