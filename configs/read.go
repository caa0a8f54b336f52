package configs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxFile bounds a config file: a wrong path is an error, not an allocation.
const maxFile = 1 << 20

// maxExtends bounds a chain of files, so that a circle is an error.
const maxExtends = 16

// Load returns the experiment of an embedded name or of a file, with the
// settings (key=value, as in --set) applied on top, and checked.
func Load(nameOrPath string, settings []string) (Config, error) {
	c := Default()
	text, err := Source(nameOrPath)
	if err != nil {
		return c, err
	}
	if err := c.merge(text, nameOrPath, maxExtends); err != nil {
		return c, err
	}
	for _, s := range settings {
		if err := c.Set(s); err != nil {
			return c, err
		}
	}
	if err := c.Check(); err != nil {
		return c, fmt.Errorf("config: %s: %w", nameOrPath, err)
	}
	return c, nil
}

// Read applies the YAML text to the defaults and checks the result. The name
// is for error messages.
func Read(text []byte, name string) (Config, error) {
	c := Default()
	if err := c.merge(text, name, maxExtends); err != nil {
		return c, err
	}
	if err := c.Check(); err != nil {
		return c, fmt.Errorf("config: %s: %w", name, err)
	}
	return c, nil
}

// Set applies one key=value; the value is YAML.
func (c *Config) Set(setting string) error {
	key, value, ok := strings.Cut(setting, "=")
	if !ok || key == "" {
		return fmt.Errorf("config: --set %s: want key=value", setting)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(value), &doc); err != nil {
		return fmt.Errorf("config: --set %s: %s", setting, oneLine(err))
	}
	node := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str"}
	if len(doc.Content) == 1 {
		node = doc.Content[0]
	}
	parts := strings.Split(key, ".")
	for i := len(parts) - 1; i >= 0; i-- {
		k := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: parts[i]}
		node = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{k, node}}
	}
	if err := c.fill(node); err != nil {
		var p *placed
		if errors.As(err, &p) {
			err = p.cause
		}
		return fmt.Errorf("config: --set %s: %w", setting, err)
	}
	return nil
}

// extend reads what the config of that name extends into c. A path is seen
// from the file that names it.
func (c *Config) extend(base *yaml.Node, name string, depth int) error {
	if base.Kind != yaml.ScalarNode {
		return fmt.Errorf("config: %s:%d: extends: want the name of one config", name, base.Line)
	}
	if depth == 0 {
		return fmt.Errorf("config: %s: extends more than %d configs: is it a circle?", name, maxExtends)
	}
	path := base.Value
	if !slices.Contains(Names(), path) && !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(name), path)
	}
	text, err := source(path)
	if err != nil {
		return fmt.Errorf("config: %s:%d: extends: %w", name, base.Line, err)
	}
	return c.merge(text, path, depth)
}

// merge applies YAML text to c: first what it extends, then its own keys.
func (c *Config) merge(text []byte, name string, depth int) error {
	var doc yaml.Node
	documents := yaml.NewDecoder(bytes.NewReader(text))
	if err := documents.Decode(&doc); errors.Is(err, io.EOF) {
		return fmt.Errorf("config: %s: the file is empty", name)
	} else if err != nil {
		return fmt.Errorf("config: %s: %s", name, oneLine(err))
	}
	if err := documents.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("config: %s: more than one document: only the first would count", name)
	}
	root := doc.Content[0]
	if base := take(root, "extends"); base != nil {
		if err := c.extend(base, name, depth-1); err != nil {
			return err
		}
		c.Description = "" // a description is of one file
	}
	if err := c.fill(root); err != nil {
		var p *placed
		if errors.As(err, &p) {
			return fmt.Errorf("config: %s:%d: %w", name, p.line, p.cause)
		}
		return fmt.Errorf("config: %s: %w", name, err)
	}
	return nil
}

// source returns the text of an embedded config by name, or of a file.
func source(nameOrPath string) ([]byte, error) {
	if text, err := embedded.ReadFile(nameOrPath + ".yaml"); err == nil {
		return text, nil
	}
	f, err := os.Open(nameOrPath)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s: neither an embedded config nor a file%s (config list shows the names)", nameOrPath, Suggest(filepath.Base(nameOrPath), Names()))
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("%s: larger than %d bytes: not a config", nameOrPath, maxFile)
	}
	return text, nil
}

// take removes a key from a mapping and returns its value.
func take(m *yaml.Node, key string) *yaml.Node {
	for i := 0; m.Kind == yaml.MappingNode && i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			v := m.Content[i+1]
			m.Content = append(m.Content[:i:i], m.Content[i+2:]...)
			return v
		}
	}
	return nil
}

func oneLine(err error) string {
	return strings.Join(strings.Fields(strings.TrimPrefix(err.Error(), "yaml: ")), " ")
}
