package lineage

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/evorank/evorank/model"
)

// columns of the CSV form. The first three and destruction_time are the ALife
// data standard for phylogenies (Lalejini et al., "Data standards for
// artificial life software", ALIFE 2019).
var columns = []string{
	"id",
	"ancestor_list",    // [parent], founders [none]
	"origin_time",      // generation of its birth
	"seed",             // of its gene
	"fitness",          // in that generation
	"cases",            // that fitness is the mean of
	"gene",             // init or mutation
	"multiplier",       // of the mutation
	"destruction_time", // the last generation that it was part of; inf if it is among the next parents
	"last_fitness",     // in that generation
	"digest",           // of its genotype, empty if never selected
}

// fate is what became of an individual that was selected at least once.
type fate struct {
	last     model.Generation // that evaluated it
	selected bool             // in that generation
	fitness  model.Fitness
	digest   model.Digest
}

// WriteCSV writes one row per individual, in the order of birth, and returns
// how many bytes of a half-written last generation it left out. It reads the
// log twice and remembers only the individuals that were ever selected.
func WriteCSV(w io.Writer, path string) (dropped int64, err error) {
	fates, end, err := readFates(path)
	if err != nil {
		return 0, err
	}
	out := csv.NewWriter(w)
	out.Write(columns)
	dropped, err = eachRecord(path, func(_ Header, r *model.Record) error {
		if r.Gene.Kind == model.GeneNone || r.Generation > end { // written since the first reading
			return nil
		}
		f, selected := fates[r.ID]
		if !selected {
			f = fate{last: r.Generation, fitness: r.Fitness}
		}
		return out.Write(row(r, f, f.selected && f.last == end))
	})
	if err != nil {
		return 0, err
	}
	out.Flush()
	return dropped, out.Error()
}

// readFates returns the fates of those ever selected, and the last generation.
func readFates(path string) (fates map[model.ID]fate, end model.Generation, err error) {
	fates = map[model.ID]fate{}
	_, err = eachRecord(path, func(_ Header, r *model.Record) error {
		end = r.Generation
		f, known := fates[r.ID]
		f.last, f.fitness, f.selected = r.Generation, r.Fitness, r.Selected != model.Unselected
		if f.selected {
			f.digest = r.Digest
		}
		if known || f.selected {
			fates[r.ID] = f
		}
		return nil
	})
	return fates, end, err
}

func row(r *model.Record, f fate, alive bool) []string {
	ancestors, destruction, digest := "[none]", strconv.Itoa(int(f.last)), ""
	if r.Parent != 0 {
		ancestors = fmt.Sprintf("[%d]", r.Parent)
	}
	if alive {
		destruction = "inf"
	}
	if f.digest != 0 {
		digest = f.digest.String()
	}
	return []string{
		strconv.FormatUint(uint64(r.ID), 10), ancestors, strconv.Itoa(int(r.Generation)), r.Gene.Seed.String(),
		number(r.Fitness), strconv.Itoa(int(r.Cases)), r.Gene.Kind.String(),
		strconv.FormatFloat(float64(r.Gene.Multiplier), 'g', -1, 32), destruction, number(f.fitness), digest,
	}
}

// number is the shortest text that reads back as the same float64.
func number(f model.Fitness) string { return strconv.FormatFloat(float64(f), 'g', -1, 64) }

// line is a record as JSON. Seeds and digests are strings, because many
// readers of JSON round integers beyond 2^53.
type line struct {
	Generation model.Generation `json:"generation"`
	Index      int32            `json:"index"`
	ID         model.ID         `json:"id"`
	Parent     *model.ID        `json:"parent"` // null: a founder
	Gene       string           `json:"gene"`   // none, init or mutation
	Seed       string           `json:"seed"`
	Multiplier float32          `json:"multiplier"`
	Cases      int32            `json:"cases"`
	Fitness    *model.Fitness   `json:"fitness"` // null: not finite
	Earlier    []*model.Fitness `json:"earlier_fitness,omitempty"`
	Selected   *model.Slot      `json:"selected"` // null: not selected
	Digest     *string          `json:"digest"`   // null: not selected
}

// ifFinite returns nil for what JSON cannot say.
func ifFinite(f *model.Fitness) *model.Fitness {
	if math.IsNaN(float64(*f)) || math.IsInf(float64(*f), 0) {
		return nil
	}
	return f
}

// WriteJSONLines writes one JSON object per record, in the order of the log,
// and returns how many bytes of a half-written last generation it left out.
func WriteJSONLines(w io.Writer, path string) (dropped int64, err error) {
	buffered := bufio.NewWriter(w)
	out := json.NewEncoder(buffered)
	dropped, err = eachRecord(path, func(h Header, r *model.Record) error {
		l := line{
			Generation: r.Generation, Index: r.Index, ID: r.ID, Gene: r.Gene.Kind.String(), Seed: r.Gene.Seed.String(),
			Multiplier: r.Gene.Multiplier, Cases: r.Cases,
		}
		if r.Parent != 0 {
			l.Parent = &r.Parent
		}
		l.Fitness = ifFinite(&r.Fitness)
		for i := range h.Earlier {
			l.Earlier = append(l.Earlier, ifFinite(&r.Earlier[i]))
		}
		if r.Selected != model.Unselected {
			digest := r.Digest.String()
			l.Selected, l.Digest = &r.Selected, &digest
		}
		return out.Encode(l)
	})
	if err != nil {
		return 0, err
	}
	return dropped, buffered.Flush()
}

// eachRecord visits the records of a log in order.
func eachRecord(path string, visit func(Header, *model.Record) error) (dropped int64, err error) {
	r, err := Open(path)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	for {
		records, err := r.Next()
		if err == io.EOF {
			return r.Dropped(), nil
		}
		if err != nil {
			return 0, err
		}
		for i := range records {
			if err := visit(r.header, &records[i]); err != nil {
				return 0, err
			}
		}
	}
}
