package study

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
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
		d.add(paragraph(sentence(s.Description)))
	}
	d.add(paragraph(res.summary()))
	if caveats := res.caveats(); len(caveats) > 0 {
		d.add(heading("Mind"), list(caveats))
	}
	d.add(heading("Conditions"), res.conditionTable())
	var figures []figure
	for i, section := range s.sections() {
		figures = append(figures, res.write(&d, section, res.Sections[i])...)
	}
	d.add(heading("Trials"), res.trialTable(), heading("Configs"))
	for _, c := range res.Conditions {
		if c.Config != "" {
			d.add(paragraph(c.Name+" (the seed is the first trial's):"), verbatim(c.Config))
		}
	}
	d.add(paragraph("Tests, figures and this text are made again from summary.json and curves.csv, without the runs, by evorank study report --from and the folder of this file."))
	return d, figures
}

func sentence(text string) string {
	if strings.HasSuffix(text, "?") {
		return capital(text)
	}
	return capital(strings.TrimSuffix(text, ".")) + "."
}

// write adds a section: what it asks, what is missing, tables and figures.
func (res *Results) write(d *document, section Section, f Findings) (figures []figure) {
	titles := [2]string{"Comparisons", "Figures"}
	if section.Name != "" {
		titles = [2]string{section.Name, section.Name + ": figures"}
		d.add(heading(titles[0]))
		if section.About != "" {
			d.add(paragraph(sentence(section.About)))
		}
		if len(f.Missing) > 0 {
			d.add(paragraph("No trials yet of: " + strings.Join(f.Missing, "; ") + "."))
		}
	} else if len(f.Reports) > 0 {
		d.add(heading(titles[0]))
	}
	if len(f.Reports) > 0 {
		d.add(paragraph("Tests, intervals and effect sizes are named under each table. The first table is of the metric that the study was made for; p-values are corrected within a table, not over tables."))
	}
	for _, r := range f.Reports {
		d.add(statistics{r})
	}
	if len(f.Conditions) == 0 || section.Name != "" && len(f.Reports) == 0 {
		return nil
	}
	d.add(heading(titles[1]))
	for _, draw := range res.drawings(section, f.Conditions) {
		drawing, err := draw.draw()
		if err != nil {
			d.add(paragraph(fmt.Sprintf("No figure %s: %v.", draw.name, err)))
			continue
		}
		fig := figure{draw.name, drawing}
		figures = append(figures, fig)
		d.add(fig)
	}
	return figures
}

// summary says in a paragraph what was done.
func (res *Results) summary() string {
	s, m := &res.Study, MetricOf(res.Study.Metric)
	devices, few, many := map[string]int{}, s.trialsOf(0), s.trialsOf(0)
	for _, t := range res.Trials {
		devices[t.Device]++
	}
	for i := range s.Conditions {
		few, many = min(few, s.trialsOf(i)), max(many, s.trialsOf(i))
	}
	trials := fmt.Sprintf("%d trials each with seeds %d to %d", many, s.FirstSeed, int(s.FirstSeed)+many-1)
	if few < many {
		trials = fmt.Sprintf("%d to %d trials each with seeds from %d on", few, many, s.FirstSeed)
	}
	text := fmt.Sprintf("%d conditions, %s, compared by %s (%s) at generation %d. Devices: %s.",
		len(s.Conditions), trials, s.Metric, m.withDirection(), res.Generation, listed(devices))
	if l := res.Levels; l != nil {
		text += fmt.Sprintf(" For comparison, on the same stories: a uniform guess has a loss of %.3f, the unigram entropy is %.3f, the bigram entropy %.3f nats.", l.Uniform, l.Unigram, l.Bigram)
	}
	return text
}

// caveats are those of the results as a whole, and of each section's
// comparisons as a whole; the tables have their own.
func (res *Results) caveats() []string {
	out := append([]string{}, res.Caveats...)
	for _, f := range res.Sections {
		for _, metric := range res.Study.Metrics() {
			a, err := res.answer(f.Conditions, metric)
			if err != nil {
				continue // of a section without trials
			}
			for _, text := range a.Caveats {
				if f.Name != "" {
					text = f.Name + ": " + text
				}
				if !slices.Contains(out, text) {
					out = append(out, text)
				}
			}
		}
	}
	return out
}

// withoutPaths leaves out which files were read: digests tell texts apart.
func withoutPaths(settings []string) []string {
	return slices.DeleteFunc(settings, func(setting string) bool {
		key, _, _ := strings.Cut(setting, "=")
		return slices.Contains(pathKeys, key) || key == "execution.device"
	})
}

func (res *Results) conditionTable() grid {
	g := grid{head: []string{"condition", "config", "set", "parameters evolved", "developed"}}
	for i, c := range res.Study.Conditions {
		evolved, developed := "no trials yet", ""
		if made := res.Conditions[i]; made.Parameters > 0 {
			evolved, developed = fmt.Sprint(made.Parameters), fmt.Sprint(made.Phenotype)
		}
		g.rows = append(g.rows, []string{c.Name, res.Study.configOf(c), strings.Join(withoutPaths(res.Study.settingsOf(c)), " "), evolved, developed})
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

// drawings lists the figures of a section.
func (res *Results) drawings(section Section, conditions []string) []drawing {
	a := album{res: res, section: section, conditions: conditions}
	for i, metric := range res.Study.Metrics() {
		name := strings.ReplaceAll(metric, "_", "-")
		a.curves(name+"-over-generations", View{Metric: metric, Axis: keyGeneration, Levels: res.Levels})
		if i == 0 {
			a.curves(name+"-over-seconds", View{Metric: metric, Axis: keySeconds})
			for _, place := range []string{keyTokens, keySteps} {
				if res.has(place) {
					a.curves(name+"-over-"+place, View{Metric: metric, Axis: place})
				}
			}
		}
		strips := func(answer Answer) (*plot.Figure, error) { return DrawStrips(answer, nil) }
		a.values(name+"-by-trial", metric, conditions, strips)
		if near := section.closeUp(conditions); len(near) > 0 {
			a.values(name+"-by-trial-close-up", metric, near, strips)
		}
	}
	if ranks := res.ranks(conditions); ranks != nil {
		a.values("against-rank", res.Study.Metric, conditions, func(answer Answer) (*plot.Figure, error) { return DrawAgainstRank(answer, labelled(ranks, answer)) })
	}
	for _, score := range scores {
		if res.has(score + "_std") {
			a.curves("diversity-"+score, View{Metric: score + "_std", Axis: keyGeneration})
		}
	}
	a.curves("diversity-founders", View{Metric: keyFounders, Axis: keyGeneration})
	return a.drawings
}

// album collects the figures that a section wants.
type album struct {
	res        *Results
	section    Section
	conditions []string
	drawings   []drawing
}

func (a *album) add(name string, draw func() (*plot.Figure, error)) {
	if len(a.section.Figures) > 0 && !slices.Contains(a.section.Figures, name) {
		return
	}
	if a.section.Name != "" {
		name = folderName(a.section.Name) + "-" + name
	}
	a.drawings = append(a.drawings, drawing{name, draw})
}

func (a *album) curves(name string, v View) {
	v.Band, v.Trials = stats.MedianInterval, true
	a.add(name, func() (*plot.Figure, error) {
		groups := a.res.groupsNamed(a.conditions)
		return drawCurves(groups, keptSets(groups), v)
	})
}

func (a *album) values(name, metric string, conditions []string, draw func(Answer) (*plot.Figure, error)) {
	a.add(name, func() (*plot.Figure, error) {
		answer, err := a.res.answer(conditions, metric)
		if err != nil {
			return nil, err
		}
		return draw(answer)
	})
}

// labelled gives ranks the labels that the runs' configs have for them, unless
// the condition's name says more.
func labelled(ranks []Ranked, a Answer) []Ranked {
	for i, of := range RanksOf(a) {
		if !strings.HasPrefix(ranks[i].Label, of.Label) {
			ranks[i].Label = of.Label
		}
	}
	return ranks
}

// scores are what tasks call what they select by.
var scores = []string{"loss", "return"}

// has reports whether any curve has the key.
func (res *Results) has(key string) bool { return slices.Contains(res.keys(), key) }

// keptSets are the curves of the conditions' trials, as far as they were kept.
func keptSets(groups []Group) []curveSet {
	var sets []curveSet
	for _, g := range groups {
		set := curveSet{name: g.Name}
		for _, r := range g.Runs {
			if len(r.Rows) > 0 {
				set.rows = append(set.rows, r.Rows)
			}
		}
		sets = append(sets, set)
	}
	return sets
}

// ranks returns the conditions' ranks in the study's order, nil unless the
// study names several.
func (res *Results) ranks(conditions []string) []Ranked {
	var out []Ranked
	seen := map[whole]bool{}
	for _, c := range res.Study.Conditions {
		if slices.Contains(conditions, c.Name) {
			out = append(out, Ranked{float64(c.Rank), c.Name})
			seen[c.Rank] = c.Rank > 0
		}
	}
	if delete(seen, 0); len(seen) < 2 {
		return nil
	}
	return out
}
