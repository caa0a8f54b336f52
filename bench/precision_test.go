package bench

import (
	"context"
	"math"
	"path/filepath"
	"testing"

	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/run/lineage"
)

func TestKendall(t *testing.T) {
	x := []float64{1, 2, 3, 4}
	for _, c := range []struct {
		y    []float64
		want float64
	}{
		{[]float64{1, 2, 3, 4}, 1},
		{[]float64{4, 3, 2, 1}, -1},
		{[]float64{1, 3, 2, 4}, 4.0 / 6},
		{[]float64{1, 1, 2, 3}, 5 / math.Sqrt(6*5)},
		{[]float64{1, math.NaN(), 2, 3}, 3 / math.Sqrt(6*3)},
	} {
		if got := kendall(x, c.y); !(math.Abs(got-c.want) <= 1e-15) {
			t.Errorf("%v: %v, want %v", c.y, got, c.want)
		}
	}
}

func TestAgree(t *testing.T) {
	truth := []float64{1.0, 1.1, 1.2, 1.3, 2.0, 3.0}
	got := Agree(truth, []float64{1.0, 1.15, 1.25, 1.2, 1.05, math.Inf(1)}, 3)
	// selected: 0, 4, 1; truly: 0, 1, 2. 4 is worse than 2 by 0.8, the largest difference is 0.95.
	if got.Same != 2 || got.Tied != 1 || got.Wrong != 0 || got.Unfit != 1 || !(math.Abs(got.Worse-0.8) <= 1e-12 && math.Abs(got.Largest-0.95) <= 1e-12 && math.Abs(got.Mean-1.15/5) <= 1e-12) {
		t.Errorf("%+v", got)
	}
	// Both move by 0.06, and change places though 0.1 apart.
	if got = Agree([]float64{1.0, 1.1}, []float64{1.06, 1.04}, 1); got.Same != 0 || got.Tied != 0 || got.Wrong != 1 {
		t.Errorf("%+v", got)
	}
	// Who is not a number is not selected, though it was the best.
	if got = Agree([]float64{1, 2, 3}, []float64{math.NaN(), 2, 3}, 1); got.Same != 0 || got.Wrong != 1 || got.Worse != 1 || got.Unfit != 1 {
		t.Errorf("%+v", got)
	}
	if got = Agree(truth, truth, 3); got.Same != 3 || got.Largest != 0 || got.Tau != 1 || got.Worse != 0 {
		t.Errorf("%+v", got)
	}
}

// entry is a record of a lineage; without a seed, a survivor.
func entry(g model.Generation, i int, id, parent model.ID, seed model.Seed, selected model.Slot) model.Record {
	r := model.Record{Generation: g, Index: int32(i), ID: id, Parent: parent, Cases: 1, Selected: selected}
	switch {
	case seed != 0 && parent == 0:
		r.Gene = model.Gene{Kind: model.GeneInit, Seed: seed, Multiplier: 1}
	case seed != 0:
		r.Gene = model.Gene{Kind: model.GeneMutation, Seed: seed, Multiplier: 1}
	}
	return r
}

// writeLineage writes three generations of four.
func writeLineage(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lineage.bin")
	log, err := lineage.Create(path, lineage.Header{Population: 4})
	if err != nil {
		t.Fatal(err)
	}
	for _, generation := range [][]model.Record{
		{entry(1, 0, 1, 0, 11, 1), entry(1, 1, 2, 0, 12, -1), entry(1, 2, 3, 0, 13, 0), entry(1, 3, 4, 0, 14, -1)},
		{entry(2, 0, 3, 0, 0, 0), entry(2, 1, 1, 0, 0, -1), entry(2, 2, 5, 3, 15, 1), entry(2, 3, 6, 1, 16, -1)},
		{entry(3, 0, 3, 0, 0, 0), entry(3, 1, 5, 3, 0, 1), entry(3, 2, 7, 5, 17, -1), entry(3, 3, 8, 3, 18, -1)},
	} {
		if err := log.Append(generation); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPopulationOfALineage: survivors and children have the losses of their
// whole genomes.
func TestPopulationOfALineage(t *testing.T) {
	path := writeLineage(t)
	n := PaperNetworks(40)[1]
	layout, err := n.layout()
	if err != nil {
		t.Fatal(err)
	}
	e := &Evolved{Spec: n.Spec, Layout: layout, Stories: Synthetic(2, 40)}
	if err := e.Population(path, 3); err != nil {
		t.Fatal(err)
	}
	if e.Individuals() != 4 || e.Survivors != 2 || len(e.parents) != 2 {
		t.Fatalf("%d individuals, %d survivors, %d slots", e.Individuals(), e.Survivors, len(e.parents))
	}
	got, err := e.OnCPU(context.Background(), "fp64", 4)
	if err != nil {
		t.Fatal(err)
	}
	gene := func(kind model.GeneKind, seed model.Seed) model.Gene {
		return model.Gene{Kind: kind, Seed: seed, Multiplier: 1}
	}
	three, five := gene(model.GeneInit, 13), gene(model.GeneMutation, 15)
	whole := &Evolved{Spec: n.Spec, Layout: layout, Stories: e.Stories}
	whole.parents = []model.Genome{{three}, {three, five}, {three, five, gene(model.GeneMutation, 17)}, {three, gene(model.GeneMutation, 18)}}
	for i := range whole.parents {
		whole.candidates = append(whole.candidates, model.Candidate{Parent: model.Slot(i)})
	}
	want, err := whole.OnCPU(context.Background(), "fp64", 4)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("individual %d: loss %v, of its whole genome %v", i, got[i], want[i])
		}
	}
	if err := e.Population(path, 4); err == nil {
		t.Error("a generation that is not there was found")
	}
}
