package configs

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// placed is an error at a line of a file.
type placed struct {
	line  int
	cause error
}

func (p *placed) Error() string { return p.cause.Error() }

func at(n *yaml.Node, format string, args ...any) error {
	return &placed{n.Line, fmt.Errorf(format, args...)}
}

// fill applies a mapping to the config. What belongs to another task than the
// config's, once the mapping is applied, is refused.
func (c *Config) fill(m *yaml.Node) error {
	v := reflect.ValueOf(c).Elem()
	if err := fill(v, m, ""); err != nil {
		return err
	}
	return c.refuseForeign(v, m, "")
}

// refuseForeign looks for keys of other tasks in a mapping that was applied.
func (c *Config) refuseForeign(v reflect.Value, m *yaml.Node, prefix string) error {
	if m.Kind == yaml.AliasNode {
		m = m.Alias
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		key := m.Content[i]
		field, ok := indexOf(v, key.Value)
		if !ok {
			continue // fill has complained
		}
		if task := v.Type().Field(field).Tag.Get("task"); !applies(task, c.Task) {
			return at(key, "%s%s: it belongs to task %s, this is %s: leave it out", prefix, key.Value, task, c.Task)
		}
		if inner := v.Field(field); isSection(inner) {
			if err := c.refuseForeign(inner, m.Content[i+1], prefix+key.Value+"."); err != nil {
				return err
			}
		}
	}
	return nil
}

// fill applies a mapping to a struct, key by key, and leaves alone what the
// mapping does not name.
func fill(v reflect.Value, m *yaml.Node, prefix string) error {
	if m.Kind != yaml.MappingNode {
		return at(m, "%s: want keys and values", orTop(prefix))
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(m.Content); i += 2 {
		key, value := m.Content[i], m.Content[i+1]
		field, ok := indexOf(v, key.Value)
		if !ok {
			return at(key, "unknown key %s%s%s", prefix, printable(key.Value), Suggest(key.Value, keysOf(v)))
		}
		if seen[key.Value] {
			return at(key, "%s%s: given twice", prefix, key.Value)
		}
		seen[key.Value] = true
		if err := fillOne(v.Field(field), value, prefix+key.Value); err != nil {
			return err
		}
	}
	return nil
}

func fillOne(v reflect.Value, n *yaml.Node, path string) error {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch {
	case isSection(v):
		return fill(v, n, path+".")
	case n.Tag == "!!null":
		return at(n, "%s: no value given", path)
	case v.Kind() == reflect.Slice:
		return fillList(v, n, path)
	case v.Kind() == reflect.Map:
		return fillMap(v, n, path)
	}
	fresh := reflect.New(v.Type())
	err := n.Decode(fresh.Interface())
	if fraction := (v.CanInt() || v.CanUint()) && n.Tag != "!!int"; err != nil || fraction { // Decode cuts 1.5 to 1
		return at(n, "%s: %s", path, wanted(v, n, err))
	}
	v.Set(fresh.Elem())
	return nil
}

// fillList reads a knob that is a list. Items are as strict as knobs: left to
// the decoder, 32.7 would be 32, and an item without a value would be none.
func fillList(v reflect.Value, n *yaml.Node, path string) error {
	if n.Kind != yaml.SequenceNode {
		return at(n, "%s: want a list in brackets", path)
	}
	list := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		if err := fillOne(list.Index(i), item, fmt.Sprintf("%s: number %d", path, i+1)); err != nil {
			return err
		}
	}
	v.Set(list)
	return nil
}

// fillMap reads a knob that has a value for each of some names, just as strictly.
func fillMap(v reflect.Value, n *yaml.Node, path string) error {
	if n.Kind != yaml.MappingNode {
		return at(n, "%s: want names and values", path)
	}
	m := reflect.MakeMap(v.Type())
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value, item := n.Content[i], n.Content[i+1], reflect.New(v.Type().Elem()).Elem()
		key := fmt.Sprintf("%s.%s", path, printable(name.Value))
		if m.MapIndex(reflect.ValueOf(name.Value)).IsValid() {
			return at(name, "%s: given twice", key)
		}
		if err := fillOne(item, value, key); err != nil {
			return err
		}
		m.SetMapIndex(reflect.ValueOf(name.Value), item)
	}
	v.Set(m)
	return nil
}

// isSection reports whether the field holds knobs rather than being one.
func isSection(v reflect.Value) bool {
	return v.Kind() == reflect.Struct && v.NumField() > 0 && v.Type().Field(0).Tag.Get("yaml") != ""
}

// wanted says what a value should have been.
func wanted(v reflect.Value, n *yaml.Node, err error) string {
	what := map[reflect.Kind]string{
		reflect.Int: "a whole number", reflect.Uint64: "a whole number from 0 to 18446744073709551615",
		reflect.Float64: "a number", reflect.Bool: "true or false", reflect.String: "text",
	}[v.Kind()]
	if n.Kind != yaml.ScalarNode {
		return fmt.Sprintf("want %s, got a list or a mapping", cmp.Or(what, "one value"))
	}
	if what == "" {
		return oneLine(err)
	}
	return fmt.Sprintf("want %s, got %q", what, n.Value)
}

// indexOf returns the number of the struct's field of that key.
func indexOf(v reflect.Value, key string) (int, bool) {
	i := slices.Index(keysOf(v), key)
	return i, i >= 0
}

func keysOf(v reflect.Value) []string {
	var keys []string
	for i := range v.NumField() {
		keys = append(keys, v.Type().Field(i).Tag.Get("yaml"))
	}
	return keys
}

func orTop(prefix string) string {
	if prefix == "" {
		return "top level"
	}
	return strings.TrimSuffix(prefix, ".")
}

// printable quotes a word that would not stay on its line.
func printable(word string) string {
	if strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(word)
	}
	return word
}

// Suggest returns ": did you mean x?" for the nearest name, if it is near.
func Suggest(name string, names []string) string {
	if n := Nearest(name, names); n != "" {
		return fmt.Sprintf(": did you mean %s?", n)
	}
	return ""
}

// Nearest returns the one of names that a mistyped name may have meant: that of
// the fewest changed letters, or "" if half of them would have to change.
func Nearest(name string, names []string) string {
	best, least := "", 1+min(len(name), 100)/2 // a very long one is none of them
	for _, n := range names {
		if len(name)-len(n) >= least {
			continue
		}
		if d := distance(name, n); d < least {
			best, least = n, d
		}
	}
	return best
}

// distance counts insertions, deletions, substitutions and exchanges of
// neighbours (optimal string alignment).
func distance(a, b string) int {
	rows := make([][]int, len(a)+1) // rows[i][j]: of a[:i] and b[:j]
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(a)][len(b)]
}
