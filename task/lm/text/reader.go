package text

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"unicode"
)

const separator = "<|endoftext|>"

// Reader reads the stories of a file one after another. Every error of it names
// the file, and the line where there is one.
type Reader struct {
	source  Source // with its format settled
	file    *file
	lines   *lineReader
	read    int
	skipped int
	ended   bool
}

// Format is how the file holds its stories: what Auto turned out to be.
func (r *Reader) Format() Format { return r.source.Format }

// Skipped is the number of empty stories so far.
func (r *Reader) Skipped() int { return r.skipped }

// Close closes the file.
func (r *Reader) Close() error { return r.file.Close() }

// All reads the stories that are left; an error is the last thing it yields.
func (r *Reader) All() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for {
			story, err := r.Next()
			if err == io.EOF || !yield(story, err) || err != nil {
				return
			}
		}
	}
}

// Next returns the next story that is not empty. It returns io.EOF after the last
// one or after as many as the source's limit. A file without any story is an error.
func (r *Reader) Next() (string, error) {
	for !r.ended && (r.source.Limit <= 0 || r.read < r.source.Limit) {
		story, err := r.nextRaw()
		switch {
		case err == io.EOF:
			r.ended = true
		case err != nil:
			return "", fmt.Errorf("read stories: %s: line %d: %w", r.source.Path, r.lines.number, err)
		case isEmpty(story):
			r.skipped++
		default:
			r.read++
			return story, nil
		}
	}
	if r.read == 0 {
		return "", fmt.Errorf("read stories: %s: no stories (%d empty ones skipped)", r.source.Path, r.skipped)
	}
	return "", io.EOF
}

func isEmpty(story string) bool {
	return strings.IndexFunc(story, func(char rune) bool { return !unicode.IsSpace(char) }) < 0
}

// nextRaw returns the next story, empty or not, or io.EOF.
func (r *Reader) nextRaw() (string, error) {
	if r.source.Format == Separated {
		return r.nextSeparated()
	}
	line, err := r.nextLine()
	if err != nil || r.source.Format == Lines {
		return string(line), err
	}
	if isEmpty(string(line)) {
		return "", nil
	}
	return fieldOf(line, r.source.Field)
}

func (r *Reader) nextLine() ([]byte, error) {
	line, err := r.lines.next()
	if err != nil {
		return nil, err
	}
	return line, r.lines.checkUTF8(line)
}

// nextSeparated joins lines up to a separator or the end of the file. What follows
// the last separator is a story only if there is a line.
func (r *Reader) nextSeparated() (string, error) {
	var story []byte
	for count := 0; ; count++ {
		line, err := r.nextLine()
		switch {
		case err == io.EOF && count > 0:
			return string(story), nil
		case err != nil:
			return "", err
		case string(line) == separator:
			return string(story), nil
		case len(story)+len(line) >= r.lines.most:
			return "", fmt.Errorf("a story longer than %d MiB: is there no line %s?", r.lines.most>>20, separator)
		}
		if count > 0 {
			story = append(story, '\n')
		}
		story = append(story, line...)
	}
}

// fieldOf is the string in one field of a JSON object.
func fieldOf(line []byte, field string) (string, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(line, &object); err != nil {
		if mismatch := (*json.UnmarshalTypeError)(nil); errors.As(err, &mismatch) {
			return "", fmt.Errorf("a JSON %s, not an object", mismatch.Value)
		}
		return "", fmt.Errorf("not a JSON object: %w", err)
	}
	if object == nil {
		return "", errors.New("a JSON null, not an object")
	}
	raw, ok := object[field]
	if !ok {
		return "", fmt.Errorf("no field %q: there is %s", field, fieldNames(object))
	}
	if !bytes.HasPrefix(raw, []byte(`"`)) {
		return "", fmt.Errorf("field %q is %s, not a string", field, kindOf(raw))
	}
	var story string
	err := json.Unmarshal(raw, &story)
	return story, err
}

// fieldNames lists the first few fields, so that the user sees which one to name.
func fieldNames(object map[string]json.RawMessage) string {
	const most = 5
	names := slices.Sorted(maps.Keys(object))
	if len(names) == 0 {
		return "none"
	}
	more := ""
	if len(names) > most {
		names, more = names[:most], ", …"
	}
	return fmt.Sprintf("%q", names) + more
}

func kindOf(raw json.RawMessage) string {
	switch raw[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case 'n':
		return "null"
	case 't', 'f':
		return "a boolean"
	}
	return "a number"
}
