package study

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evorank/evorank/run"
	"github.com/evorank/evorank/stats"
)

// Results are all that a report needs, in a few hundred KiB: what was asked,
// what each trial was and gave, and the curves. The run directories can be
// thrown away; their lineages' digests are here.
type Results struct {
	Study      Study          `json:"study"`
	Generation int            `json:"generation"` // that the values are of
	Levels     *run.Levels    `json:"levels,omitempty"`
	Conditions []Setting      `json:"conditions"`
	Trials     []Outcome      `json:"trials"`
	Doubts     []Doubts       `json:"doubts"` // one per metric of the study
	Reports    []stats.Report `json:"reports"`
	Caveats    []string       `json:"caveats,omitempty"`
	curves     []Curve
}

// Setting is what the trials of a condition were made with.
type Setting struct {
	Name       string `json:"name"`
	Config     string `json:"config"` // resolved, as YAML; the seed is the first trial's
	Parameters int    `json:"parameters"`
	Phenotype  int    `json:"phenotype"`
}

// Outcome is one trial: what it was, how far it came and what it gave.
type Outcome struct {
	Condition  string                  `json:"condition"`
	Seed       uint64                  `json:"seed"`
	Status     string                  `json:"status"`
	Generation int                     `json:"generation"` // the last one
	Values     map[string]stats.Number `json:"values"`     // by metric; null: not a number; absent: not measured
	Seconds    stats.Number            `json:"seconds"`    // of all generations; null: of some nobody knows
	Tokens     stats.Number            `json:"tokens"`     // scored
	Stories    int                     `json:"stories"`
	Device     string                  `json:"device"`
	DeviceKind string                  `json:"device_kind"`
	Precision  string                  `json:"precision"`
	Version    string                  `json:"version"`
	Data       string                  `json:"data_digest"`
	Tokenizer  string                  `json:"tokenizer_digest"`
	Config     string                  `json:"config_identity"`
	Lineage    string                  `json:"lineage_sha256"`
}

// Doubts are what makes a metric's values doubtful.
type Doubts struct {
	Metric string     `json:"metric"`
	Groups [][]string `json:"groups"`
	All    []string   `json:"all,omitempty"`
}

// Collect reads the trials below a study's directory. Trials that are missing
// or not finished are left out or marked.
func (s *Study) Collect(dir string) (*Results, error) {
	groups, err := s.Groups(dir)
	if err != nil {
		return nil, err
	}
	res := &Results{Study: *s, Generation: s.generation()}
	res.Study.Set, res.Study.Override = withoutFolders(s.Set), withoutFolders(s.Override)
	for i, g := range groups {
		if len(g.Runs) == 0 {
			return nil, badDataf("study: %s: condition %s has no runs in %s yet: evorank study run makes them", s.Name, g.Name, dir)
		}
		res.Conditions = append(res.Conditions, setting(g))
		if n := len(g.Runs); n < int(s.Trials) {
			res.Caveats = append(res.Caveats, fmt.Sprintf("condition %s: %d of %d trials were begun", s.Conditions[i].Name, n, s.Trials))
		}
		for _, r := range g.Runs {
			if err := res.add(g.Name, r, s.Metrics()); err != nil {
				return nil, err
			}
		}
	}
	if err := res.ask(groups); err != nil {
		return nil, err
	}
	res.measureLevels(groups[0].Runs[0].Dir)
	return res, res.analyse()
}

func setting(g Group) Setting {
	r := g.Runs[0]
	cfg := r.Config
	for _, path := range []*string{&cfg.LM.Data.Text, &cfg.LM.Data.Heldout, &cfg.LM.Data.Tokenizer} {
		*path = withoutFolder(*path)
	}
	return Setting{g.Name, string(cfg.Print(false)), r.Manifest.Parameters, r.Manifest.Phenotype}
}

// withoutFolder leaves the name of a file: where it lay on somebody's machine
// does not belong into a report.
func withoutFolder(path string) string {
	if path == "" {
		return ""
	}
	return filepath.Base(path)
}

// withoutFolders does the same to settings of paths.
func withoutFolders(settings []string) []string {
	out := slices.Clone(settings)
	for i, setting := range out {
		for _, key := range []string{"lm.data.text", "lm.data.heldout", "lm.data.tokenizer"} {
			if path, found := strings.CutPrefix(setting, key+"="); found {
				out[i] = key + "=" + withoutFolder(path)
			}
		}
	}
	return out
}

// ask notes the doubts about every metric of the study.
func (res *Results) ask(groups []Group) error {
	s := &res.Study
	for _, metric := range s.Metrics() {
		a, err := Select(groups, Question{metric, res.Generation, true})
		if err != nil {
			return err
		}
		res.Doubts = append(res.Doubts, Doubts{metric, a.Doubts, a.Caveats})
	}
	return nil
}

// add notes what a trial was and its curve.
func (res *Results) add(condition string, r *Run, metrics []string) error {
	digest, err := digestOf(run.LineagePath(r.Dir))
	if err != nil {
		return badDataf("study: %w", err)
	}
	c, err := newCurve(condition, r, metrics)
	if err != nil {
		return err
	}
	c.round()
	m := r.Manifest
	res.Trials = append(res.Trials, Outcome{
		Condition: condition, Seed: r.Config.Seed, Status: string(m.Status), Generation: r.Last(), Stories: m.Stories,
		Device: m.Device, DeviceKind: m.DeviceKind, Precision: m.Precision, Version: m.Version,
		Data: m.DataDigest, Tokenizer: m.TokenizerDigest, Config: fmt.Sprintf("%016x", r.Config.Identity()), Lineage: digest,
		Values:  r.valuesAt(res.Generation, metrics),
		Seconds: stats.Number(total(r.Rows, "generation_seconds")), Tokens: stats.Number(total(r.Rows, "tokens_scored")),
	})
	res.curves = append(res.curves, c)
	return nil
}

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

// total sums a metric over generations: NaN if one is not known.
func total(rows []Row, key string) float64 {
	sum := 0.0
	for _, row := range rows {
		sum += row[key]
	}
	return sum
}

func digestOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}

// measureLevels adds what losses are compared with, if the text is at hand.
func (res *Results) measureLevels(dir string) {
	a, err := run.OpenArchive(dir, run.Options{})
	if err == nil {
		err = a.LoadData()
	}
	if err != nil {
		res.Caveats = append(res.Caveats, fmt.Sprintf("no entropies of the text to compare with: %v", err))
		return
	}
	l := a.Experiment.Levels()
	res.Levels = &l
}

// analyse computes the statistics from the trials' values; of one condition
// there are none.
func (res *Results) analyse() error {
	res.Reports = nil
	if len(res.Study.Conditions) < 2 {
		return nil
	}
	for i := range res.Study.Metrics() {
		a := res.answer(i)
		report, err := a.Compare(stats.Options{Baseline: res.Study.Baseline, Pairs: res.Study.pairs()})
		if err != nil {
			return err
		}
		res.Reports = append(res.Reports, report)
	}
	return nil
}

// values returns a metric of a condition's trials.
func (res *Results) values(condition, metric string) []float64 {
	var out []float64
	for _, t := range res.Trials {
		if v, there := t.Values[metric]; there && t.Condition == condition {
			out = append(out, float64(v))
		}
	}
	return out
}

// writeSummary writes the results as JSON, the curves apart.
func (res *Results) writeSummary(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	return encoder.Encode(res)
}
