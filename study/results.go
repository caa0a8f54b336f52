package study

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/evorank/evorank/configs"
	"github.com/evorank/evorank/run"
	"github.com/evorank/evorank/stats"
)

// Results are all that a report needs, in a few hundred KiB: what was asked,
// what each trial was and gave, and the curves. The run directories can be
// thrown away; their lineages' digests are here.
type Results struct {
	Study      Study       `json:"study"`
	Generation int         `json:"generation"` // that the values are of
	Levels     *run.Levels `json:"levels,omitempty"`
	Conditions []Setting   `json:"conditions"` // those of the study, in its order
	Trials     []Outcome   `json:"trials"`
	Sections   []Findings  `json:"sections"` // computed from the above whenever they are read
	Caveats    []string    `json:"caveats,omitempty"`
	curves     []Curve     // of the trials, in their order
}

// Setting is what the trials of a condition were made with; all but the name
// is empty as long as there are none.
type Setting struct {
	Name       string `json:"name"`
	Config     string `json:"config"` // resolved, as YAML; the seed is the first trial's
	Parameters int    `json:"parameters"`
	Phenotype  int    `json:"phenotype"`
}

// Outcome is one trial: what it was, how far it came and what it gave.
type Outcome struct {
	Condition      string                  `json:"condition"`
	Seed           uint64                  `json:"seed"`
	Status         string                  `json:"status"`
	Generation     int                     `json:"generation"` // the last one
	Values         map[string]stats.Number `json:"values"`     // by metric; null: not a number; absent: not measured
	Seconds        stats.Number            `json:"seconds"`    // of all generations; null: of some nobody knows
	Tokens         stats.Number            `json:"tokens"`     // scored
	Steps          stats.Number            `json:"steps,omitempty"`
	Task           string                  `json:"task"`
	Stories        int                     `json:"stories"`
	HeldoutStories int                     `json:"heldout_stories"`
	Device         string                  `json:"device"`
	DeviceKind     string                  `json:"device_kind"`
	Precision      string                  `json:"precision"`
	Machine        string                  `json:"machine"` // equal digits: the same host
	Version        string                  `json:"version"`
	Data           string                  `json:"data_digest"`
	Heldout        string                  `json:"heldout_digest,omitempty"`
	Tokenizer      string                  `json:"tokenizer_digest"`
	Config         string                  `json:"config_identity"`
	Setting        string                  `json:"setting_identity"` // the same with the seed left out
	Lineage        string                  `json:"lineage_sha256"`
	made           Setting                 // of its condition
}

// Findings are the statistics of one section, a report for each metric.
type Findings struct {
	Name       string         `json:"name"`
	Conditions []string       `json:"conditions"` // that have trials
	Missing    []string       `json:"missing,omitempty"`
	Reports    []stats.Report `json:"reports,omitempty"` // none of fewer than two conditions
}

// Collect reads the trials below a study's directory and, if they are not done
// there, in other places (see States). Conditions and trials that are missing
// are named; so are trials that have not come to the generation of interest,
// which are in no number and no figure.
func (s *Study) Collect(dir string, places ...string) (*Results, error) {
	states, err := s.States(dir, places...)
	if err != nil {
		return nil, err
	}
	res := &Results{Study: *s, Generation: s.generation()}
	res.Study.Set, res.Study.Override = withoutFolders(s.Set), withoutFolders(s.Override)
	groups := s.groupsOf(states)
	onTheWay, err := res.leaveOut(groups)
	if err != nil {
		return nil, err
	}
	var first *Run
	var missing []string
	for i, g := range groups {
		res.Conditions = append(res.Conditions, Setting{Name: g.Name})
		if n := len(g.Runs); n < s.trialsOf(i) {
			missing = append(missing, fmt.Sprintf("%s %d of %d", g.Name, s.trialsOf(i)-n, s.trialsOf(i)))
		}
		for _, r := range g.Runs {
			if first == nil || first.kept != nil {
				first = r
			}
			if res.Conditions[i].Config == "" {
				res.Conditions[i] = settingOf(g.Name, r)
			}
			if err := res.add(g.Name, r, s.Metrics()); err != nil {
				return nil, err
			}
		}
	}
	if first == nil {
		return nil, badDataf("study: %s: has no runs in %s yet: evorank study run makes them", s.Name, dir)
	}
	if len(missing) > 0 {
		res.Caveats = append(res.Caveats, fmt.Sprintf("preliminary: %d of %d trials; missing: %s", len(res.Trials), len(states), strings.Join(missing, "; ")))
	}
	if len(onTheWay) > 0 {
		res.Caveats = append(res.Caveats, fmt.Sprintf("left out, they have not come to generation %d: %s", res.Generation, strings.Join(onTheWay, "; ")))
	}
	res.measureLevels(first, s, places)
	return res, res.analyse()
}

// leaveOut takes from the groups the runs that have not come to the generation
// of interest, and names them. It refuses to go on when none has come so far.
func (res *Results) leaveOut(groups []Group) (names []string, err error) {
	last, arrived := 0, 0
	for i, g := range groups {
		groups[i].Runs = slices.DeleteFunc(g.Runs, func(r *Run) bool {
			last = max(last, r.Last())
			if r.Last() >= res.Generation {
				arrived++
				return false
			}
			names = append(names, fmt.Sprintf("%s, seed %d (at %d)", g.Name, r.Seed(), r.Last()))
			return true
		})
	}
	if len(names) > 0 && arrived == 0 {
		return nil, badDataf("study: %s: no trial has come to generation %d, that is compared; the last is at %d: go on with evorank study run, or give --generations", res.Study.Name, res.Generation, last)
	}
	return names, nil
}

func settingOf(condition string, r *Run) Setting {
	if r.kept != nil {
		return r.kept.made
	}
	cfg := r.Config
	for _, path := range []*string{&cfg.LM.Data.Text, &cfg.LM.Data.Heldout, &cfg.LM.Data.Tokenizer} {
		*path = withoutFolder(*path)
	}
	return Setting{condition, string(cfg.Print(false)), r.Manifest.Parameters, r.Manifest.Phenotype}
}

// withoutFolder leaves the name of a file: where it lay on somebody's machine
// does not belong into a report.
func withoutFolder(path string) string {
	if path == "" {
		return ""
	}
	return filepath.Base(path)
}

// pathKeys are the knobs that hold paths.
var pathKeys = []string{"lm.data.text", "lm.data.heldout", "lm.data.tokenizer"}

// withoutFolders does the same to settings of paths.
func withoutFolders(settings []string) []string {
	out := slices.Clone(settings)
	for i, setting := range out {
		for _, key := range pathKeys {
			if path, found := strings.CutPrefix(setting, key+"="); found {
				out[i] = key + "=" + withoutFolder(path)
			}
		}
	}
	return out
}

// add notes what a trial was and its curve.
func (res *Results) add(condition string, r *Run, metrics []string) error {
	c, err := newCurve(condition, r, metrics)
	if err != nil {
		return err
	}
	c.round()
	res.curves = append(res.curves, c)
	o, err := outcomeOf(r)
	if err != nil {
		return err
	}
	o.Condition, o.Values = condition, r.valuesAt(res.Generation, metrics)
	res.Trials = append(res.Trials, o)
	return nil
}

func outcomeOf(r *Run) (Outcome, error) {
	if r.kept != nil {
		return *r.kept, nil
	}
	digest, err := lineageDigest(r.Dir)
	m := r.Manifest
	return Outcome{
		Seed: r.Seed(), Status: string(m.Status), Generation: r.Last(), Seconds: stats.Number(r.Seconds), Tokens: stats.Number(r.Tokens), Steps: stats.Number(r.Steps),
		Task: r.Config.Task, Stories: m.Stories, HeldoutStories: m.HeldoutStories,
		Device: m.Device, DeviceKind: m.DeviceKind, Precision: m.Precision, Machine: machineOf(m.Host), Version: m.Version,
		Data: m.DataDigest, Heldout: m.HeldoutDigest, Tokenizer: m.TokenizerDigest, Config: m.Config, Setting: r.setting(), Lineage: digest,
	}, err
}

// machineOf tells hosts apart without naming them.
func machineOf(host string) string { return fmt.Sprintf("%08x", uint32(xxhash.Sum64String(host))) }

// valuesAt returns the metrics of a generation, as far as they were measured.
func (r *Run) valuesAt(generation int, metrics []string) map[string]stats.Number {
	values := map[string]stats.Number{}
	for _, key := range metrics {
		if v, there := r.At(generation)[key]; there {
			values[key] = stats.Number(v)
		}
	}
	return values
}

// groups returns the conditions with their trials as runs: their rows are
// those of the curves, with all digits in the generation of interest.
func (res *Results) groups() []Group {
	groups := make([]Group, len(res.Conditions))
	for i, c := range res.Conditions {
		groups[i].Name = c.Name
		cfg, err := configs.Read([]byte(c.Config), c.Name)
		if err != nil { // of an earlier version of the program
			cfg = configs.Config{}
		}
		for k, o := range res.Trials {
			if o.Condition == c.Name {
				o.made = c
				groups[i].Runs = append(groups[i].Runs, res.keptRun(o, res.curves[k], cfg))
			}
		}
	}
	return groups
}

func (res *Results) keptRun(o Outcome, c Curve, cfg configs.Config) *Run {
	cfg.Seed, cfg.Task = o.Seed, o.Task
	r := &Run{
		Dir: fmt.Sprintf("%s, seed %d", o.Condition, o.Seed), Config: cfg, Seconds: float64(o.Seconds), Tokens: float64(o.Tokens), Steps: float64(o.Steps), kept: &o,
		Manifest: run.Manifest{
			Status: run.Status(o.Status), Generation: o.Generation, Config: o.Config, Version: o.Version, Host: o.Machine,
			Device: o.Device, DeviceKind: o.DeviceKind, Precision: o.Precision, Parameters: o.made.Parameters, Phenotype: o.made.Phenotype,
			Stories: o.Stories, HeldoutStories: o.HeldoutStories, DataDigest: o.Data, HeldoutDigest: o.Heldout, TokenizerDigest: o.Tokenizer,
		},
	}
	for _, row := range c.Rows {
		row = maps.Clone(row)
		if row.generation() == res.Generation {
			for _, key := range res.Study.Metrics() {
				if v, there := o.Values[key]; there {
					row[key] = float64(v)
				} else {
					delete(row, key)
				}
			}
		}
		r.Rows = append(r.Rows, row)
	}
	return r
}

// measureLevels adds what losses are compared with: from the text, if it is at
// hand, or from a report about the same text.
func (res *Results) measureLevels(first *Run, s *Study, places []string) {
	if !isLoss(s.Metric) {
		return
	}
	err := fmt.Errorf("the runs are not at hand")
	if first.kept == nil {
		var l run.Levels
		if l, err = s.levelsOf(first); err == nil {
			res.Levels = &l
			return
		}
	}
	for _, dir := range places {
		if !isReport(dir) {
			continue
		}
		earlier, readErr := ReadResults(dir)
		if readErr == nil && earlier.Levels != nil && earlier.Trials[0].Data == first.Manifest.DataDigest {
			res.Levels = earlier.Levels
			return
		}
	}
	res.Caveats = append(res.Caveats, fmt.Sprintf("no entropies of the text to compare with: %v", err))
}

// levelsOf reads a run's text from where the run had it, or else from where
// the study has it.
func (s *Study) levelsOf(r *Run) (run.Levels, error) {
	a, err := run.OpenArchive(r.Dir, run.Options{})
	if err != nil {
		return run.Levels{}, err
	}
	if text := &a.Experiment.Config.LM.Data.Text; *text != "" {
		if _, err := os.Stat(*text); err != nil && s.configs[0].LM.Data.Text != "" {
			*text = s.configs[0].LM.Data.Text
		}
	}
	if held := a.Experiment.Config.LM.Data.Heldout; held != "" {
		a.Experiment.Config.LM.Data.Heldout = "" // no level is of it
	}
	if err := a.LoadData(); err != nil {
		return run.Levels{}, err
	}
	return a.Experiment.Levels(), nil
}

// analyse computes the statistics from the trials' values; of fewer than two
// conditions there are none.
func (res *Results) analyse() error {
	res.Sections = nil
	for _, section := range res.Study.sections() {
		f := Findings{Name: section.Name}
		for _, name := range section.Conditions {
			if slices.ContainsFunc(res.Trials, func(o Outcome) bool { return o.Condition == name }) {
				f.Conditions = append(f.Conditions, name)
			} else {
				f.Missing = append(f.Missing, name)
			}
		}
		if err := res.compare(section, &f); err != nil {
			return err
		}
		res.Sections = append(res.Sections, f)
	}
	return nil
}

// compare fills in a section's reports, one for each metric, if there is
// anything to compare yet.
func (res *Results) compare(section Section, f *Findings) error {
	o := stats.Options{Baseline: section.Baseline, Pairs: section.pairs(f.Conditions)}
	if len(f.Conditions) < 2 || len(section.Comparisons) > 0 && len(o.Pairs) == 0 {
		return nil
	}
	if o.Baseline == "" || !slices.Contains(f.Conditions, o.Baseline) {
		o.Baseline = f.Conditions[0]
	}
	for _, metric := range res.Study.Metrics() {
		a, err := res.answer(f.Conditions, metric)
		if err != nil {
			return err
		}
		report, err := a.Compare(o)
		if err != nil {
			return err
		}
		f.Reports = append(f.Reports, report)
	}
	return nil
}

// answer takes a metric of the generation of interest from the conditions'
// trials.
func (res *Results) answer(conditions []string, metric string) (Answer, error) {
	return Select(res.groupsNamed(conditions), Question{metric, res.Generation, true})
}

func (res *Results) groupsNamed(conditions []string) []Group {
	return slices.DeleteFunc(res.groups(), func(g Group) bool { return !slices.Contains(conditions, g.Name) })
}

// writeSummary writes the results as JSON, the curves apart.
func (res *Results) writeSummary(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	return encoder.Encode(res)
}
