package lineage

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/evorank/evorank/model"
	"pgregory.net/rapid"
)

// story is a run as the tests know it, beside the log that they write of it.
type story struct {
	header      Header
	generations [][]model.Record
	genomes     []map[model.ID]model.Genome // of each generation
	marked      []bool                      // a device change after that generation
}

// drawStory invents a run: truncation, ties and reproduction as the
// dice fall, but every child has a parent that was selected.
func drawStory(t *rapid.T) *story {
	s := &story{header: Header{
		Seed:       model.Seed(rapid.Uint64().Draw(t, "run seed")),
		Population: rapid.IntRange(1, 6).Draw(t, "population"),
		Earlier:    rapid.IntRange(0, model.MaxStages-1).Draw(t, "earlier"),
	}}
	copy(s.header.Config[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "config"))
	next := model.ID(0)
	var parents []model.Record
	for g := range rapid.IntRange(0, 7).Draw(t, "generations") {
		records := make([]model.Record, s.header.Population)
		genomes := map[model.ID]model.Genome{}
		for i := range records {
			r := &records[i]
			s.conceive(t, r, parents, i, &next)
			r.Generation, r.Index, r.Selected = model.Generation(g+1), int32(i), model.Unselected
			r.Fitness = model.Fitness(rapid.Float64().Draw(t, "fitness"))
			r.Cases = rapid.Int32().Draw(t, "cases")
			for stage := range s.header.Earlier {
				r.Earlier[stage] = model.Fitness(rapid.Float64().Draw(t, "earlier fitness"))
			}
			if g > 0 {
				genomes[r.ID] = s.genomes[g-1][or(r.Gene.Kind == model.GeneNone, r.ID, r.Parent)]
			}
			genomes[r.ID] = genomes[r.ID].With(r.Gene)
		}
		parents = selectSome(t, records)
		s.generations = append(s.generations, records)
		s.genomes = append(s.genomes, genomes)
		s.marked = append(s.marked, rapid.IntRange(0, 5).Draw(t, "mark") == 0)
	}
	return s
}

func or[T any](first bool, a, b T) T {
	if first {
		return a
	}
	return b
}

// conceive makes the i-th individual: a founder, a survivor or a child.
func (s *story) conceive(t *rapid.T, r *model.Record, parents []model.Record, i int, next *model.ID) {
	if i < len(parents) && rapid.Bool().Draw(t, "survives") {
		r.ID, r.Parent = parents[i].ID, parents[i].Parent
		return
	}
	*next++
	r.ID, r.Gene.Seed = *next, model.Seed(rapid.Uint64().Draw(t, "seed"))
	r.Gene.Kind = model.GeneInit
	if len(parents) > 0 {
		r.Gene.Kind, r.Parent = model.GeneMutation, rapid.SampledFrom(parents).Draw(t, "parent").ID
		r.Gene.Multiplier = rapid.Float32().Draw(t, "multiplier")
	}
}

// selectSome marks at least one record as selected, into slots in an order of
// their own.
func selectSome(t *rapid.T, records []model.Record) (parents []model.Record) {
	order := rapid.Permutation(indices(len(records))).Draw(t, "order")
	for slot, i := range order[:rapid.IntRange(1, len(order)).Draw(t, "selected")] {
		records[i].Selected = model.Slot(slot)
		records[i].Digest = model.Digest(rapid.Uint64Min(1).Draw(t, "digest"))
		parents = append(parents, records[i])
	}
	return parents
}

func indices(n int) (list []int) {
	for i := range n {
		list = append(list, i)
	}
	return list
}

// write writes the story up to a generation into a new log.
func (s *story) write(t rapid.TB, path string) {
	t.Helper()
	w, err := Create(path, s.header)
	check(t, err)
	defer w.Close()
	s.continueFrom(t, w, 0)
}

func (s *story) continueFrom(t rapid.TB, w *Writer, first int) {
	for g := first; g < len(s.generations); g++ {
		check(t, w.Append(s.generations[g]))
		if s.marked[g] {
			check(t, w.MarkDeviceChange())
		}
	}
}

func check(t rapid.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sameRecords compares bits, because NaN differs from itself.
func sameRecords(a, b []model.Record) bool {
	return slices.EqualFunc(a, b, func(a, b model.Record) bool {
		same := a.Generation == b.Generation && a.Index == b.Index
		widest := Header{Earlier: model.MaxStages - 1}
		return same && bytes.Equal(widest.appendRecord(nil, &a), widest.appendRecord(nil, &b))
	})
}

// temporary is a path in a folder that goes away with the property's case.
func temporary(t *rapid.T) string {
	folder, err := os.MkdirTemp("", "lineage")
	check(t, err)
	t.Cleanup(func() { os.RemoveAll(folder) })
	return filepath.Join(folder, "lineage.bin")
}

func TestWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, path := drawStory(t), temporary(t)
		s.write(t, path)
		r, err := Open(path)
		check(t, err)
		defer r.Close()
		if r.Header() != s.header {
			t.Errorf("header %+v, want %+v", r.Header(), s.header)
		}
		for g, want := range s.generations {
			got, err := r.Next()
			check(t, err)
			if !sameRecords(got, want) {
				t.Errorf("generation %d: %+v, want %+v", g+1, got, want)
			}
		}
		if _, err := r.Next(); err != io.EOF || r.Dropped() != 0 {
			t.Errorf("at the end: %v, %d bytes dropped", err, r.Dropped())
		}
		s.checkGenomes(t, path)
	})
}

// checkGenomes compares everybody's genome, and the marks, with the story.
func (s *story) checkGenomes(t *rapid.T, path string) {
	r, err := Open(path)
	check(t, err)
	defer r.Close()
	var ancestry Ancestry
	var marks []model.Generation
	for g := range s.generations {
		records, err := r.Next()
		check(t, err)
		for i := range records {
			genome, err := ancestry.Genome(&records[i])
			check(t, err)
			if want := s.genomes[g][records[i].ID]; !slices.Equal(genome, want) {
				t.Errorf("generation %d: individual %d: %v, want %v", g+1, records[i].ID, genome, want)
			}
		}
		check(t, ancestry.Advance(records))
		if s.marked[g] {
			marks = append(marks, model.Generation(g+1))
		}
	}
	if _, err := r.Next(); err != io.EOF || !slices.Equal(r.DeviceChanges(), marks) {
		t.Errorf("marks %v, %v, want %v", r.DeviceChanges(), err, marks)
	}
}

// TestStoppedAnywhereContinues cuts a log at a random byte, goes on from what
// is left and wants the bytes of the run that was never stopped.
func TestStoppedAnywhereContinues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, path := drawStory(t), temporary(t)
		for g := range s.marked {
			s.marked[g] = false // a mark that was cut short is the caller's to repeat
		}
		s.write(t, path)
		whole, err := os.ReadFile(path)
		check(t, err)
		check(t, os.Truncate(path, int64(rapid.IntRange(headerSize, len(whole)).Draw(t, "cut"))))
		w, _, err := Continue(path)
		check(t, err)
		defer w.Close()
		if info, err := os.Stat(path); err != nil || info.Size() != w.end {
			t.Errorf("%v bytes before going on, %v, want %d", info.Size(), err, w.end)
		}
		s.continueFrom(t, w, int(w.last))
		if got, _ := os.ReadFile(path); !bytes.Equal(got, whole) {
			t.Errorf("%d bytes differ from the %d of the uninterrupted run", len(got), len(whole))
		}
	})
}

func TestTruncateAfter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, path := drawStory(t), temporary(t)
		s.write(t, path)
		keep := rapid.IntRange(0, len(s.generations)).Draw(t, "keep")
		check(t, TruncateAfter(path, model.Generation(keep)))
		kept := *s
		kept.generations, kept.marked = s.generations[:keep], slices.Clone(s.marked[:keep])
		if keep > 0 {
			kept.marked[keep-1] = false
		}
		other := temporary(t)
		kept.write(t, other)
		got, _ := os.ReadFile(path)
		if want, _ := os.ReadFile(other); !bytes.Equal(got, want) {
			t.Errorf("%d bytes, want the %d of a run of %d generations", len(got), len(want), keep)
		}
		if err := TruncateAfter(path, model.Generation(keep+1)); err == nil {
			t.Errorf("the future was cut off")
		}
	})
}
