package study

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evorank/evorank/configs"
	"github.com/evorank/evorank/run"
)

// Run is a run directory as it was found: what it is and what it measured.
type Run struct {
	Dir      string
	Manifest run.Manifest
	Config   configs.Config
	Rows     []Row // one per generation, rising
	// Seconds are what all generations took, Tokens and Steps what they
	// scored and drove; NaN if nobody knows of one.
	Seconds, Tokens, Steps float64
	kept                   *Outcome // of a report that the run is read from; nil if it was read from its directory
}

// Seed returns the trial's seed.
func (r *Run) Seed() uint64 { return r.Config.Seed }

// Row is one line of metrics.jsonl: the numbers by key. A number that nobody
// knows is NaN; a key that the line lacks was not measured in that generation.
type Row map[string]float64

const (
	fileMetrics   = "metrics.jsonl"
	keyGeneration = "generation"
)

// ReadRun reads a run directory. Nothing in it is changed, so it may be that
// of a run in progress.
func ReadRun(dir string) (*Run, error) {
	a, err := run.OpenArchive(dir, run.Options{})
	if err != nil {
		return nil, err
	}
	r := &Run{Dir: dir, Manifest: a.Manifest, Config: a.Experiment.Config}
	path := filepath.Join(dir, fileMetrics)
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return r, nil // no generation yet
	}
	if err != nil {
		return nil, badDataf("metrics: %w", err)
	}
	defer f.Close()
	if r.Rows, err = readRows(f); err != nil {
		return nil, badDataf("metrics: %s: %w", path, err)
	}
	r.sumUp()
	return r, nil
}

// sumUp adds to every row the seconds, tokens and steps spent so far. What
// nobody knows counts as nothing there: the totals are NaN then.
func (r *Run) sumUp() {
	r.Seconds = r.sum("generation_seconds", keySeconds)
	r.Tokens, r.Steps = r.sum("tokens_scored", keyTokens), r.sum("env_steps", keySteps)
}

func (r *Run) sum(key, place string) (total float64) {
	soFar := 0.0
	for _, row := range r.Rows {
		v, there := row[key]
		if !there && place != keySeconds {
			continue
		}
		total, soFar = total+v, soFar+known(v)
		row[place] = soFar
	}
	return total
}

// readRows reads all complete lines; the last may be cut short.
func readRows(from io.Reader) ([]Row, error) {
	lines := bufio.NewReader(from)
	var rows []Row
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		row, err := readRow(line)
		if err == nil && len(rows) > 0 && row[keyGeneration] <= rows[len(rows)-1][keyGeneration] {
			err = errors.New("generations do not rise")
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w: the file was damaged after it was written: evorank resume rebuilds it once the line is gone", number, err)
		}
		rows = append(rows, row)
	}
}

func readRow(line []byte) (Row, error) {
	var object map[string]any
	if err := json.Unmarshal(bytes.TrimSpace(line), &object); err != nil {
		return nil, errors.New("not a JSON object")
	}
	row := Row{}
	for key, value := range object {
		switch v := value.(type) {
		case float64:
			row[key] = v
		case nil:
			row[key] = math.NaN()
		}
	}
	if !(row[keyGeneration] >= 1) {
		return nil, errors.New("no generation of 1 or more")
	}
	row.forget()
	return row, nil
}

// forget makes NaN of what package run had to write as 0: fitness of a
// generation in which nobody had any, and the cost of a generation whose line
// was made again from the lineage after a crash.
func (r Row) forget() {
	nobody, mended := hasZero(r, "best_id"), hasZero(r, "evaluated")
	for key := range r {
		if nobody && strings.Contains(key, "loss_") || mended && (isTime(key) || isWork(key)) {
			r[key] = math.NaN()
		}
	}
}

func hasZero(r Row, key string) bool {
	v, there := r[key]
	return there && v == 0
}

// isTime reports whether a metric depends on the clock.
func isTime(key string) bool {
	return key == keySeconds || strings.HasSuffix(key, "_seconds") || strings.HasSuffix(key, "_per_second")
}

// isWork reports whether a metric counts what a generation did.
func isWork(key string) bool {
	return key == "evaluated" || key == "episodes" || summed[key] != "" || strings.HasSuffix(key, "_bytes")
}

// Last returns the last generation measured, 0 if there is none.
func (r *Run) Last() int {
	if len(r.Rows) == 0 {
		return 0
	}
	return r.Rows[len(r.Rows)-1].generation()
}

func (r Row) generation() int { return int(r[keyGeneration]) }

// At returns the row of a generation, nil if there is none.
func (r *Run) At(generation int) Row {
	i, found := slices.BinarySearchFunc(r.Rows, generation, func(row Row, g int) int { return row.generation() - g })
	if !found {
		return nil
	}
	return r.Rows[i]
}

// Keys lists the metrics that any generation has, sorted.
func (r *Run) Keys() []string {
	seen := map[string]bool{}
	for _, row := range r.Rows {
		for key := range row {
			seen[key] = true
		}
	}
	delete(seen, keyGeneration)
	return sortedKeys(seen)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// identity names what the run computes, its seed left out: knobs and text.
func (r *Run) identity() string { return r.setting() + " " + r.Manifest.DataDigest }

// setting is the identity of the run's config, its seed left out.
func (r *Run) setting() string {
	if r.kept != nil {
		return r.kept.Setting
	}
	cfg := r.Config
	cfg.Seed = 0
	return fmt.Sprintf("%016x", cfg.Identity())
}

// finished reports whether the run says that it is done.
func (r *Run) finished() bool { return r.Manifest.Status == run.Done }
