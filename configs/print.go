package configs

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"reflect"
	"strings"

	"github.com/cespare/xxhash/v2"
	"go.yaml.in/yaml/v3"
)

//go:embed *.yaml
var embedded embed.FS

// Names lists the embedded configs.
func Names() []string {
	files, err := fs.Glob(embedded, "*.yaml")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for i := range files {
		files[i] = strings.TrimSuffix(files[i], ".yaml")
	}
	return files
}

// Source returns the text of an embedded config or a file, as given.
func Source(nameOrPath string) ([]byte, error) {
	text, err := source(nameOrPath)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	return text, nil
}

// Print writes every resolved knob as YAML that Read takes back, with its
// documentation and unit as comments if asked for.
func (c Config) Print(comments bool) []byte {
	node := c.describe(reflect.ValueOf(c), comments)
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(node); err != nil {
		panic(err) // the node was made here
	}
	return out.Bytes()
}

func (c Config) describe(v reflect.Value, comments bool) *yaml.Node {
	m := &yaml.Node{Kind: yaml.MappingNode}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !applies(f.Tag.Get("task"), c.Task) {
			continue
		}
		key := &yaml.Node{Kind: yaml.ScalarNode, Value: f.Tag.Get("yaml")}
		value := &yaml.Node{}
		if isSection(v.Field(i)) {
			value = c.describe(v.Field(i), comments)
		} else if err := value.Encode(v.Field(i).Interface()); err != nil {
			panic(err) // knobs are numbers, words and maps of them
		}
		if comments && f.Tag.Get("doc") != "" {
			value.LineComment = knob{field: f}.comment()
		}
		m.Content = append(m.Content, key, value)
	}
	return m
}

// Identity is a digest of all knobs that decide what a run computes; the
// number of generations, paths, threads and the like are not among them, nor
// is what belongs to another task.
func (c Config) Identity() uint64 {
	h := xxhash.New()
	for _, k := range c.knobs() {
		if applies(k.task, c.Task) && k.field.Tag.Get("identity") != "no" {
			fmt.Fprintf(h, "%s=%v\n", k.path, k.value.Interface())
		}
	}
	return h.Sum64()
}
