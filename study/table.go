package study

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/evorank/evorank/stats"
)

// Table is a plain table of somebody's results: one row per trial.
type Table struct {
	Path    string
	Columns []string
	Rows    []cells // a cell of JSON null is "NaN"
	lines   []int   // of the rows in the file
}

// cells are a row's words by column.
type cells map[string]string

const maxTable = 256 << 20 // bytes

// ReadTable reads CSV with a header, or JSON: a list of objects, or one object
// a line. The file's ending says which.
func ReadTable(path string) (*Table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, badDataf("table: %w", err)
	}
	defer f.Close()
	t := &Table{Path: path}
	limited := io.LimitReader(f, maxTable)
	switch ending := strings.ToLower(filepath.Ext(path)); ending {
	case ".csv":
		err = t.readCSV(limited)
	case ".json", ".jsonl":
		err = t.readJSON(limited)
	default:
		err = fmt.Errorf("unknown ending %q: want .csv, .json or .jsonl", ending)
	}
	if err == nil && len(t.Rows) == 0 {
		err = errors.New("it has no rows")
	}
	if err != nil {
		return nil, badDataf("table: %s: %w", path, err)
	}
	return t, nil
}

func (t *Table) readCSV(from io.Reader) error {
	reader := csv.NewReader(from)
	reader.Comment = '#'
	head, err := reader.Read()
	if err == io.EOF {
		return errors.New("the file is empty")
	}
	if err != nil {
		return err
	}
	for i := range head {
		head[i] = strings.TrimSpace(strings.TrimPrefix(head[i], "\ufeff"))
		if slices.Contains(head[:i], head[i]) {
			return fmt.Errorf("two columns are called %q", head[i])
		}
	}
	t.Columns = head
	for {
		words, err := reader.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		row := cells{}
		for i, cell := range words {
			row[head[i]] = strings.TrimSpace(cell)
		}
		line, _ := reader.FieldPos(0)
		t.Rows, t.lines = append(t.Rows, row), append(t.lines, line)
	}
}

func (t *Table) readJSON(from io.Reader) error {
	decoder := json.NewDecoder(from)
	decoder.UseNumber()
	columns := map[string]bool{}
	for {
		var value any
		err := decoder.Decode(&value)
		if err == io.EOF {
			t.Columns = sortedKeys(columns)
			return nil
		}
		if err != nil {
			return fmt.Errorf("row %d: %w", len(t.Rows)+1, err)
		}
		list, isList := value.([]any)
		if !isList {
			list = []any{value}
		}
		for _, item := range list {
			object, ok := item.(map[string]any)
			if !ok {
				return fmt.Errorf("row %d: not an object", len(t.Rows)+1)
			}
			row := cells{}
			for key, v := range object {
				columns[key] = true
				row[key] = cellOf(v)
			}
			t.Rows, t.lines = append(t.Rows, row), append(t.lines, len(t.Rows)+1)
		}
	}
}

func cellOf(v any) string {
	if v == nil {
		return "NaN"
	}
	return fmt.Sprint(v)
}

// Groups collects a column's numbers by the words of another column, in the
// order in which these appear. Cells that say NaN or inf are values; empty
// ones, and what is no number, are errors. The words of the column pair, if one
// is named, say which rows of different groups belong together.
func (t *Table) Groups(by, value, pair string) ([]stats.Group, error) {
	if err := t.has(by, value); err != nil {
		return nil, err
	}
	if pair != "" {
		if err := t.has(pair); err != nil {
			return nil, err
		}
	}
	var groups []stats.Group
	for i, row := range t.Rows {
		x, err := t.number(i, value)
		if err != nil {
			return nil, err
		}
		name := row[by]
		if name == "" {
			return nil, badDataf("table: %s:%d: %s is empty", t.Path, t.lines[i], by)
		}
		at := slices.IndexFunc(groups, func(g stats.Group) bool { return g.Name == name })
		if at < 0 {
			at, groups = len(groups), append(groups, stats.Group{Name: name})
		}
		groups[at].Values = append(groups[at].Values, x)
		if pair != "" {
			groups[at].Keys = append(groups[at].Keys, pair+" "+row[pair])
		}
	}
	return groups, nil
}

func (t *Table) has(columns ...string) error {
	for _, c := range columns {
		if !slices.Contains(t.Columns, c) {
			return badConfig(fmt.Errorf("table: %s: no column %q: it has %s", t.Path, c, strings.Join(t.Columns, ", ")))
		}
	}
	return nil
}

func (t *Table) number(i int, column string) (float64, error) {
	cell := t.Rows[i][column]
	if cell == "" {
		return 0, badDataf("table: %s:%d: %s is empty: write NaN for a trial without a result, or remove the row", t.Path, t.lines[i], column)
	}
	x, err := strconv.ParseFloat(cell, 64)
	if err != nil && !math.IsInf(x, 0) {
		return 0, badDataf("table: %s:%d: %s: %q is not a number", t.Path, t.lines[i], column, cell)
	}
	return x, nil
}
