package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// document reads JSON strictly: every member is taken, once, or is a fault. It
// keeps the first fault, so that code which reads a file needs no error checks.
type document struct{ err error }

// value is one JSON value and its place in the file, model.merges[3] say. A
// missing member is a value without bytes.
type value struct {
	doc   *document
	place string
	raw   json.RawMessage
}

// object is a JSON object whose members are taken one after another.
type object struct {
	value
	list  []member
	index map[string]int
	taken map[string]bool
}

type member struct {
	name string
	value
}

// open checks the encoding and the syntax of a whole file.
func (d *document) open(data []byte) value {
	v := value{doc: d, raw: data}
	if at := invalidUTF8(data); at >= 0 {
		v.fail("line %d: broken UTF-8 at byte %d", lineOf(data, at), at)
	}
	var all json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		at := len(data)
		if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
			at = int(syntax.Offset)
		}
		v.fail("line %d: %v", lineOf(data, at), err)
	}
	return v
}

// invalidUTF8 is the offset of the first byte that is not UTF-8, or -1.
func invalidUTF8(data []byte) int {
	for at := 0; at < len(data); {
		r, n := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && n == 1 {
			return at
		}
		at += n
	}
	return -1
}

func lineOf(data []byte, at int) int {
	return 1 + bytes.Count(data[:min(at, len(data))], []byte("\n"))
}

func (v value) fail(format string, args ...any) {
	if v.doc.err != nil {
		return
	}
	v.doc.err = fmt.Errorf(format, args...)
	if v.place != "" {
		v.doc.err = fmt.Errorf("%s: %w", v.place, v.doc.err)
	}
}

// decode fails with what is wanted unless the value is of that kind. Values from
// a broken document are zero.
func (v value) decode(into any, first string, want string) bool {
	if v.doc.err != nil {
		return false
	}
	raw := bytes.TrimSpace(v.raw)
	if len(raw) == 0 {
		v.fail("missing")
		return false
	}
	if !strings.Contains(first, string(raw[:1])) || json.Unmarshal(raw, into) != nil {
		v.fail("%s is not %s", v.describe(), want)
		return false
	}
	return true
}

func (v value) text() (s string) {
	v.decode(&s, `"`, "a string")
	return s
}

// label reads a non-negative integer that fits an int32.
func (v value) label() (label int32) {
	if v.decode(&label, "-0123456789", fmt.Sprintf("an id (0 to %d)", math.MaxInt32)) && label < 0 {
		v.fail("id %d is negative", label)
		return 0
	}
	return label
}

func (v value) array() []value {
	var items []json.RawMessage
	v.decode(&items, "[", "a list")
	values := make([]value, len(items))
	for i, raw := range items {
		values[i] = value{v.doc, v.place + "[" + strconv.Itoa(i) + "]", raw}
	}
	return values
}

// object lists the members in file order; a name that appears twice is a fault.
func (v value) object() *object {
	o := &object{value: v, index: map[string]int{}, taken: map[string]bool{}}
	var probe json.RawMessage
	if !v.decode(&probe, "{", "an object") {
		return o
	}
	tokens := json.NewDecoder(bytes.NewReader(v.raw))
	tokens.Token() // the brace; open has checked the syntax, so no call here fails
	for tokens.More() {
		key, _ := tokens.Token()
		var raw json.RawMessage
		tokens.Decode(&raw)
		m := member{key.(string), value{v.doc, v.within(key.(string)), raw}}
		if _, twice := o.index[m.name]; twice {
			m.fail("appears twice")
			return o
		}
		o.index[m.name] = len(o.list)
		o.list = append(o.list, m)
	}
	return o
}

// within is the place of a member: model.vocab, or model.vocab["a b"] if its name
// is not plain.
func (v value) within(name string) string {
	plain := name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") == ""
	switch {
	case !plain:
		return v.place + "[" + strconv.Quote(name) + "]"
	case v.place == "":
		return name
	}
	return v.place + "." + name
}

func (v value) isNull() bool   { return len(v.raw) == 0 || string(bytes.TrimSpace(v.raw)) == "null" }
func (v value) isString() bool { return bytes.HasPrefix(bytes.TrimSpace(v.raw), []byte(`"`)) }

// typeName is the "type" of an object, "" where there is none.
func (v value) typeName() string {
	var head struct {
		Type any `json:"type"`
	}
	if json.Unmarshal(v.raw, &head) != nil {
		return ""
	}
	name, _ := head.Type.(string)
	return name
}

// describe names a value in an error: its type if it says one, else its text.
func (v value) describe() string {
	if name := v.typeName(); name != "" {
		return strconv.Quote(name)
	}
	var line bytes.Buffer
	if json.Compact(&line, v.raw) != nil {
		return "this"
	}
	const most = 40
	text := []rune(line.String())
	if len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(text)
}

// take returns a member.
func (o *object) take(name string) value {
	o.taken[name] = true
	if at, ok := o.index[name]; ok {
		return o.list[at].value
	}
	return value{doc: o.doc, place: o.within(name)}
}

// members takes them all.
func (o *object) members() []member {
	for _, m := range o.list {
		o.taken[m.name] = true
	}
	return o.list
}

// optional fails unless the member is missing or one of these JSON texts.
func (o *object) optional(name string, allowed ...string) {
	if v := o.take(name); len(v.raw) > 0 {
		o.expect(name, allowed...)
	}
}

// expect fails unless the member is one of these JSON texts.
func (o *object) expect(name string, allowed ...string) {
	v := o.take(name)
	if len(v.raw) == 0 {
		v.fail("missing")
		return
	}
	for _, text := range allowed {
		if string(bytes.TrimSpace(v.raw)) == text {
			return
		}
	}
	v.fail("%s is not supported (only %s)", v.describe(), strings.Join(allowed, " or "))
}

// oneOf reads a string that must be one of these.
func (o *object) oneOf(name string, allowed ...string) string {
	v := o.take(name)
	got := v.text()
	for _, text := range allowed {
		if got == text {
			return got
		}
	}
	v.fail("%q is not supported (only %s)", got, strings.Join(allowed, ", "))
	return got
}

// done fails if a member was not taken.
func (o *object) done() {
	for _, m := range o.list {
		if !o.taken[m.name] {
			m.fail("%s is not supported (unknown name)", m.describe())
			return
		}
	}
}
