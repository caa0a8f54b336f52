package metrics

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"

	"github.com/evorank/evorank/files"
	"github.com/evorank/evorank/model"
)

// Float is a number that JSON may not have: NaN and infinities become null.
type Float float64

// MarshalJSON writes the shortest text that reads back as the same float64.
func (f Float) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(f))
}

// Log appends to metrics.jsonl. The caller holds the run's lock.
type Log struct {
	path string
	file *os.File
}

// Open opens a log, empty or not, to append to it. To go on with a stopped
// run, call TruncateAfter first.
func Open(path string) (*Log, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return nil, files.Explain("metrics", path, err)
	}
	return &Log{path, f}, nil
}

// Write appends one generation: a struct (its fields in their order) that has
// a "generation" key, as one line.
func (l *Log) Write(generation any) error {
	line, err := json.Marshal(generation)
	if err == nil {
		_, err = generationOf(line)
	}
	if err != nil {
		return fmt.Errorf("metrics: %s: %w", l.path, err)
	}
	_, err = l.file.Write(append(line, '\n'))
	return files.Explain("metrics", l.path, err)
}

// Close releases the file.
func (l *Log) Close() error { return files.Explain("metrics", l.path, l.file.Close()) }

// generationOf reads a line as far as this package understands it.
func generationOf(line []byte) (model.Generation, error) {
	var object struct {
		Generation *model.Generation `json:"generation"`
	}
	if err := json.Unmarshal(line, &object); err != nil {
		return 0, errors.New("not a JSON object: the file was damaged after it was written")
	}
	if object.Generation == nil || *object.Generation < 1 {
		return 0, errors.New(`no "generation" of 1 or more: the file was damaged after it was written`)
	}
	return *object.Generation, nil
}

// TruncateAfter removes the lines after the given generation, and a last line
// that a crash cut short. It returns the last generation that is left, 0 if
// none is or there is no file: it can be earlier than what was asked for. A
// line that is wrong in any other way is an error, and nothing is removed.
func TruncateAfter(path string, generation model.Generation) (last model.Generation, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, files.Explain("metrics", path, err)
	}
	defer f.Close()
	keep, last, err := scan(f, generation)
	if err != nil {
		return 0, fmt.Errorf("metrics: %s: %w", path, err)
	}
	if err := f.Truncate(keep); err != nil {
		return 0, files.Explain("metrics", path, err)
	}
	return last, nil
}

// scan returns the length of the complete lines up to a generation, and the
// last generation in them.
func scan(r io.Reader, generation model.Generation) (keep int64, last model.Generation, err error) {
	lines := bufio.NewReader(r)
	seen := model.Generation(0)
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF { // what is left has no end: cut short, or nothing
			return keep, last, nil
		}
		if err != nil {
			return 0, 0, err
		}
		g, err := generationOf(bytes.TrimSuffix(line, []byte("\n")))
		if err == nil && g <= seen {
			err = fmt.Errorf("generation %d stands after generation %d", g, seen)
		}
		if err != nil {
			return 0, 0, fmt.Errorf("line %d: %w: repair or remove the line", number, err)
		}
		if seen = g; g <= generation {
			keep += int64(len(line))
			last = g
		}
	}
}
