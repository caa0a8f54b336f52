package study

import (
	"fmt"

	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/plot"
	"github.com/evorank/evorank/run"
)

// DrawLineage draws a run's survivors as a tree. With onlyLiving, those whose
// line died out are left out, and the line before the last common ancestor.
func DrawLineage(dir string, onlyLiving bool) (*plot.Figure, error) {
	nodes, generations, err := survivors(run.LineagePath(dir))
	if err != nil {
		return nil, badData(err)
	}
	caption := fmt.Sprintf("%d individuals that were selected at least once, of %d generations.", len(nodes), generations)
	if onlyLiving {
		caption += " Drawn are only those from whom the last generation descends, from its last common ancestor on, if it has one."
	}
	frame := plot.Frame{Title: "Survivors and their descent", X: plot.Axis{Name: keyGeneration}, Caption: caption}
	return wrapData(plot.Lineage(frame, nodes, onlyLiving))
}

// survivors lists those ever selected, in the order of their first selection.
func survivors(path string) (nodes []plot.Node, generations int, err error) {
	at := map[model.ID]int{}
	err = eachGeneration(path, func(records []model.Record) {
		for _, r := range records {
			generations = int(r.Generation)
			if r.Selected == model.Unselected {
				continue
			}
			i, known := at[r.ID]
			if !known {
				i = len(nodes)
				at[r.ID] = i
				nodes = append(nodes, plot.Node{ID: uint64(r.ID), Parent: uint64(r.Parent), Founder: r.Parent == 0, Born: generations})
			}
			nodes[i].Last, nodes[i].Fitness = generations, float64(r.Fitness)
		}
	})
	if err == nil && generations == 0 {
		err = fmt.Errorf("lineage: %s: no generation is complete yet", path)
	}
	return nodes, generations, err
}
