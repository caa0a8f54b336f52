package study

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/evorank/evorank/stats"
)

// Files that results are kept in.
const (
	fileSummary = "summary.json"
	fileTrials  = "trials.csv"
	fileCurves  = "curves.csv"
)

// ReadResults reads the results that an earlier report kept in a directory and
// computes the statistics again.
func ReadResults(dir string) (*Results, error) {
	path := filepath.Join(dir, fileSummary)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, badDataf("results: %w", err)
	}
	var res Results
	if err := json.Unmarshal(text, &res); err != nil {
		return nil, badDataf("results: %s: %w", path, err)
	}
	if len(res.Study.Conditions) == 0 || len(res.Trials) == 0 {
		return nil, badDataf("results: %s: not the summary of a study", path)
	}
	curves, err := readCurves(filepath.Join(dir, fileCurves))
	if err != nil {
		return nil, badDataf("results: %w", err)
	}
	for _, o := range res.Trials {
		at := slices.IndexFunc(curves, func(c Curve) bool { return c.Condition == o.Condition && c.Seed == o.Seed })
		if res.Study.index(o.Condition) < 0 || at < 0 && o.Generation > 0 {
			return nil, badDataf("results: %s: condition %s, seed %d: no such condition, or no curve in %s", path, o.Condition, o.Seed, fileCurves)
		}
		c := Curve{Condition: o.Condition, Seed: o.Seed}
		if at >= 0 {
			c = curves[at]
		}
		res.curves = append(res.curves, c)
	}
	return &res, res.analyse()
}

// writeTrials writes one row per trial.
func (res *Results) writeTrials(w io.Writer) error {
	metrics := res.Study.Metrics()
	out := csv.NewWriter(w)
	head := append([]string{"condition", "seed", "status", "generations"}, metrics...)
	out.Write(append(head, "seconds", "tokens", "steps", "device", "device_kind", "precision", "version", "config_identity", "data_digest", "heldout_digest", "lineage_sha256"))
	for _, t := range res.Trials {
		row := []string{t.Condition, strconv.FormatUint(t.Seed, 10), t.Status, strconv.Itoa(t.Generation)}
		for _, key := range metrics {
			v, there := t.Values[key]
			row = append(row, cell(float64(v), there, -1))
		}
		row = append(row, cell(float64(t.Seconds), true, -1), cell(float64(t.Tokens), true, -1), cell(float64(t.Steps), true, -1))
		out.Write(append(row, t.Device, t.DeviceKind, t.Precision, t.Version, t.Config, t.Data, t.Heldout, t.Lineage))
	}
	out.Flush()
	return out.Error()
}

// cell writes a number: all its digits, or so many; nothing for none.
func cell(x float64, there bool, digits int) string {
	switch {
	case !there:
		return ""
	case math.IsNaN(x):
		return "NaN"
	}
	return strconv.FormatFloat(x, 'g', digits, 64)
}

// curveDigits are kept of what is only drawn. Curves are rounded before they
// are drawn the first time, so that they look the same when they are read back.
const curveDigits = 7

// isCount reports whether a value of a curve is a whole number of things.
func isCount(key string) bool { return key == keyGeneration || key == keyTokens || key == keySteps }

func (c Curve) round() {
	for _, row := range c.Rows {
		for key, v := range row {
			if !isCount(key) {
				row[key], _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', curveDigits, 64), 64) // what it wrote it reads
			}
		}
	}
}

// writeCurves writes one row per trial and generation.
func (res *Results) writeCurves(w io.Writer) error {
	keys := res.keys()
	out := csv.NewWriter(w)
	out.Write(append([]string{"condition", "seed", keyGeneration, keySeconds}, keys...))
	for _, c := range res.curves {
		for _, row := range c.Rows {
			line := []string{c.Condition, strconv.FormatUint(c.Seed, 10), strconv.Itoa(row.generation())}
			line = append(line, cell(row[keySeconds], true, curveDigits))
			for _, key := range keys {
				v, there := row[key]
				digits := curveDigits
				if isCount(key) {
					digits = -1
				}
				line = append(line, cell(v, there, digits))
			}
			out.Write(line)
		}
	}
	out.Flush()
	return out.Error()
}

// keys lists the metrics that any curve has, sorted.
func (res *Results) keys() []string {
	seen := map[string]bool{}
	for _, c := range res.curves {
		for _, row := range c.Rows {
			for key := range row {
				seen[key] = true
			}
		}
	}
	delete(seen, keyGeneration)
	delete(seen, keySeconds)
	return sortedKeys(seen)
}

// readCurves is the inverse of writeCurves.
func readCurves(path string) ([]Curve, error) {
	t, err := ReadTable(path)
	if err != nil {
		return nil, err
	}
	if err := t.has("condition", "seed", keyGeneration, keySeconds); err != nil {
		return nil, err
	}
	var curves []Curve
	for i, cells := range t.Rows {
		seed, err := strconv.ParseUint(cells["seed"], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: seed: %q is not a seed", path, t.lines[i], cells["seed"])
		}
		at := slices.IndexFunc(curves, func(c Curve) bool { return c.Condition == cells["condition"] && c.Seed == seed })
		if at < 0 {
			at, curves = len(curves), append(curves, Curve{Condition: cells["condition"], Seed: seed})
		}
		row := Row{}
		for _, key := range t.Columns {
			if key == "condition" || key == "seed" || cells[key] == "" {
				continue
			}
			if row[key], err = t.number(i, key); err != nil {
				return nil, err
			}
		}
		curves[at].Rows = append(curves[at].Rows, row)
	}
	return curves, nil
}

// Thin keeps every so manieth generation of the curves, the first ten, in
// which most happens, the last, and that of interest.
func (res *Results) Thin(every int) {
	for i := range res.curves {
		rows := res.curves[i].Rows
		res.curves[i].Rows = slices.DeleteFunc(slices.Clone(rows), func(row Row) bool {
			g := row.generation()
			return g > 10 && g%every != 0 && g != res.Generation && g != rows[len(rows)-1].generation()
		})
	}
}

// bootstrap is how the intervals of curves are resampled: fewer times than
// those of tables, for every generation has one.
var bootstrap = stats.Bootstrap{Confidence: 0.95, Resamples: 1000, Seed: 1}
