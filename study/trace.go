package study

import (
	"errors"
	"io"
	"math"
	"slices"

	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/run"
	"github.com/evorank/evorank/run/lineage"
	"github.com/evorank/evorank/stats"
)

// Curve is what one trial measured over its generations: the metrics, and the
// sums of seconds and tokens so far.
type Curve struct {
	Condition string
	Seed      uint64
	Rows      []Row
}

// Places on the x axis of a curve, beside the generation.
const (
	keySeconds = "seconds"
	keyTokens  = "tokens" // of language models
	keySteps   = "steps"  // of environments
)

// summed are the metrics whose sums so far are places.
var summed = map[string]string{"tokens_scored": keyTokens, "env_steps": keySteps}

const keyFounders = "founders"

// newCurve keeps the metrics asked for and the usual ones, and counts the
// founders that still have descendants, if the lineage is at hand.
func newCurve(condition string, r *Run, metrics []string) (Curve, error) {
	c := Curve{Condition: condition, Seed: r.Seed()}
	var founders []int
	if r.kept == nil && hasLineage(r.Dir) {
		var err error
		if founders, err = survivingFounders(run.LineagePath(r.Dir)); err != nil {
			return c, badData(err)
		}
	}
	keep := append([]string{keyGeneration, keySeconds, keyTokens, keySteps, keyFounders}, metrics...)
	for i, row := range r.Rows {
		kept := Row{}
		for key, v := range row {
			if isScore(key) || slices.Contains(keep, key) {
				kept[key] = v
			}
		}
		if i < len(founders) {
			kept[keyFounders] = float64(founders[i])
		}
		c.Rows = append(c.Rows, kept)
	}
	return c, nil
}

// known is x, or 0 if nobody knows it.
func known(x float64) float64 {
	if math.IsNaN(x) {
		return 0
	}
	return x
}

// series returns a metric over an axis, where it was measured.
func series(rows []Row, axis, key string) stats.Series {
	var s stats.Series
	for _, row := range rows {
		if v, there := row[key]; there {
			s.X, s.Y = append(s.X, row[axis]), append(s.Y, v)
		}
	}
	return s
}

// survivingFounders counts, for each generation, from how many founders the
// selected descend.
func survivingFounders(path string) ([]int, error) {
	var counts []int
	ancestor := map[model.ID]model.ID{} // of the living
	err := eachGeneration(path, func(records []model.Record) {
		next, alive := map[model.ID]model.ID{}, map[model.ID]bool{}
		for _, r := range records {
			if r.Selected == model.Unselected {
				continue
			}
			founder := r.ID
			if r.Gene.Kind == model.GeneNone {
				founder = ancestor[r.ID]
			} else if r.Parent != 0 {
				founder = ancestor[r.Parent]
			}
			next[r.ID], alive[founder] = founder, true
		}
		ancestor = next
		counts = append(counts, len(alive))
	})
	return counts, err
}

// eachGeneration visits the complete generations of a lineage.
func eachGeneration(path string, visit func([]model.Record)) error {
	reader, err := lineage.Open(path)
	if err != nil {
		return err
	}
	defer reader.Close()
	for {
		records, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		visit(records)
	}
}
