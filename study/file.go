package study

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/evorank/evorank/configs"
	"github.com/evorank/evorank/configs/studies"
	"go.yaml.in/yaml/v3"
)

// Study is an experiment of many trials, as its file says it.
type Study struct {
	Name        string      `yaml:"-" json:"name"`                                // of the file
	Description string      `yaml:"description" json:"description"`               // what it asks, in a line
	Config      string      `yaml:"config" json:"config"`                         // of all conditions that name none: embedded, or a path
	Set         []string    `yaml:"set,omitempty" json:"set,omitempty"`           // key=value for all conditions
	Override    []string    `yaml:"override,omitempty" json:"override,omitempty"` // key=value after the conditions' own: the command line's
	Trials      whole       `yaml:"trials" json:"trials"`                         // runs of each condition that names no number of its own
	FirstSeed   whole       `yaml:"first_seed,omitempty" json:"first_seed"`       // of the first trial, default 1; the others count on
	Metric      string      `yaml:"metric" json:"metric"`                         // key of metrics.jsonl that the study is about
	Also        []string    `yaml:"also,omitempty" json:"also,omitempty"`         // metrics reported beside it
	Generation  whole       `yaml:"generation,omitempty" json:"generation"`       // of interest; 0: the last
	Conditions  []Condition `yaml:"conditions" json:"conditions"`                 // settings to compare
	Baseline    string      `yaml:"baseline,omitempty" json:"baseline,omitempty"` // condition that others are held against, default the first
	Comparisons [][]string  `yaml:"comparisons,omitempty" json:"comparisons"`     // pairs [condition, baseline]; none: all pairs
	Sections    []Section   `yaml:"sections,omitempty" json:"sections,omitempty"` // of the report; none: one of all conditions
	configs     []configs.Config
}

// Condition is one setting of the experiment.
type Condition struct {
	Name   string   `yaml:"name" json:"name"`
	Config string   `yaml:"config,omitempty" json:"config,omitempty"` // instead of the study's
	Set    []string `yaml:"set,omitempty" json:"set,omitempty"`       // key=value, after the study's
	Trials whole    `yaml:"trials,omitempty" json:"trials,omitempty"` // instead of the study's
	Stage  whole    `yaml:"stage,omitempty" json:"stage,omitempty"`   // its trials wait until all of lower stages are begun
	Rank   whole    `yaml:"rank,omitempty" json:"rank,omitempty"`     // for the figure of values against rank
}

// whole is a count that YAML may not cut from a fraction.
type whole int

// UnmarshalYAML implements yaml.Unmarshaler.
func (w *whole) UnmarshalYAML(n *yaml.Node) error {
	var i int
	if n.Tag != "!!int" || n.Decode(&i) != nil || i < 0 {
		return fmt.Errorf("line %d: want a whole number of 0 or more, got %q", n.Line, n.Value)
	}
	*w = whole(i)
	return nil
}

// fileStudy is the study as it is being run, in its directory.
const fileStudy = "study.yaml"

const (
	maxFile   = 1 << 20 // bytes of a study file: a wrong path is an error, not an allocation
	maxTrials = 10_000
)

// Names lists the embedded studies.
func Names() []string { return studies.Names() }

// Load reads a study: an embedded one by name, a file, or the directory of a
// study that was begun. Settings (key=value) go above those of the study and
// of its conditions; every condition's config is checked.
func Load(name string, settings []string) (*Study, error) {
	text, title, err := source(name)
	if err != nil {
		return nil, badConfig(err)
	}
	s, err := read(text, name)
	if err != nil {
		return nil, badConfig(err)
	}
	s.Name = title
	s.override(settings)
	return s, badConfig(s.Check())
}

// LoadBegun reads a study as it was begun, settings of then included, and
// returns its directory: what reports on a study by its name is about what was
// run. A study that was not begun is read as Load does.
func LoadBegun(name string, settings []string) (*Study, string, error) {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		s, err := Load(name, settings)
		return s, name, err
	}
	s, err := Load(name, settings)
	if err != nil {
		return nil, "", err
	}
	dir := s.Dir()
	if isStudy(dir) {
		s, err = Load(dir, settings)
		return s, dir, err
	}
	return s, dir, nil
}

// isStudy reports whether a directory is that of a study that was begun.
func isStudy(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, fileStudy))
	return err == nil
}

// override puts settings above all others. A later one of the same knob takes
// an earlier one's place, so that a study started again and again by the same
// command keeps each once.
func (s *Study) override(settings []string) {
	for _, setting := range settings {
		knob, _, _ := strings.Cut(setting, "=")
		s.Override = slices.DeleteFunc(s.Override, func(o string) bool { return strings.HasPrefix(o, knob+"=") })
		s.Override = append(s.Override, setting)
	}
}

// source returns the text and the title of a study.
func source(name string) (text []byte, title string, err error) {
	if text, ok := studies.Source(name); ok {
		return text, name, nil
	}
	path := name
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		path = filepath.Join(name, fileStudy)
		title = filepath.Base(filepath.Clean(name))
	}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) && title != "" {
		return nil, "", fmt.Errorf("study: %s: not a study's directory: it has no %s", name, fileStudy)
	}
	if begun := (&Study{Name: name}).Dir(); errors.Is(err, os.ErrNotExist) && !strings.ContainsAny(name, `/\`) && isStudy(begun) {
		return source(begun) // of a file that is elsewhere, or was named without its ending
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil, "", fmt.Errorf("study: %s: neither an embedded study nor a file or directory%s (study list shows the names)", name, configs.Suggest(name, Names()))
	}
	if err != nil {
		return nil, "", fmt.Errorf("study: %w", err)
	}
	defer f.Close()
	text, err = io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s: larger than %d bytes: not a study", path, maxFile)
	}
	if err != nil {
		return nil, "", fmt.Errorf("study: %w", err)
	}
	if title == "" {
		title = strings.TrimSuffix(strings.TrimSuffix(filepath.Base(path), ".yaml"), ".yml")
	}
	return text, title, nil
}

// read parses a study strictly.
func read(text []byte, name string) (*Study, error) {
	var s Study
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&s); err != nil {
		return nil, fmt.Errorf("study: %s%s", name, inWords(err))
	}
	if err := decoder.Decode(new(yaml.Node)); err != io.EOF {
		return nil, fmt.Errorf("study: %s: more than one YAML document", name)
	}
	if s.FirstSeed == 0 {
		s.FirstSeed = 1
	}
	return &s, nil
}

var (
	unknownField = regexp.MustCompile(`^field (\S+) not found in type study\.(\w+)$`)
	atLine       = regexp.MustCompile(`^line (\d+): (.*)$`)
)

// typesInWords names what a Go type stands for in the file.
var typesInWords = map[string]string{
	"study.Study": "a mapping of keys", "[]study.Condition": "a list of conditions", "study.Condition": "a condition with its name",
	"[]study.Section": "a list of sections", "study.Section": "a section with its name",
	"string": "text", "[]string": "a list", "[][]string": "a list of pairs",
}

// inWords makes one line of the YAML package's error, without Go's types, to
// follow the file's name.
func inWords(err error) string {
	if err == io.EOF {
		return ": the file is empty"
	}
	text := err.Error()
	var several *yaml.TypeError
	if errors.As(err, &several) {
		text = several.Errors[0]
	}
	text = strings.Join(strings.Fields(strings.TrimPrefix(text, "yaml: ")), " ")
	line := ""
	if m := atLine.FindStringSubmatch(text); m != nil {
		line, text = ":"+m[1], m[2]
	}
	if m := unknownField.FindStringSubmatch(text); m != nil {
		known := keysOf(reflect.TypeFor[Study]())
		switch m[2] {
		case "Condition":
			known = keysOf(reflect.TypeFor[Condition]())
		case "Section":
			known = keysOf(reflect.TypeFor[Section]())
		}
		text = fmt.Sprintf("unknown key %s: want one of %s", m[1], strings.Join(known, ", "))
	}
	if before, typ, found := strings.Cut(text, " into "); found { // cannot unmarshal … into a Go type
		text = before + " where " + typesInWords[typ] + " belongs"
	}
	return line + ": " + text
}

// keysOf lists the YAML keys of a struct.
func keysOf(t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		if key, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ","); key != "" && key != "-" {
			keys = append(keys, key)
		}
	}
	return keys
}

// generation returns the one of interest.
func (s *Study) generation() int {
	if s.Generation != 0 {
		return int(s.Generation)
	}
	return s.configs[0].Generations
}

// SetTrials changes the number of trials of every condition.
func (s *Study) SetTrials(n int) error {
	s.Trials = whole(n)
	for i := range s.Conditions {
		s.Conditions[i].Trials = 0
	}
	return badConfig(s.Check())
}

// trialsOf returns how many runs a condition is to have.
func (s *Study) trialsOf(condition int) int {
	if n := s.Conditions[condition].Trials; n > 0 {
		return int(n)
	}
	return int(s.Trials)
}

// load returns the config of a condition, without a trial's seed.
func (s *Study) load(c Condition) (configs.Config, error) {
	settings := s.settingsOf(c)
	for _, setting := range settings {
		if strings.HasPrefix(setting, "seed=") {
			return configs.Config{}, errors.New("set: seed: the trials have their own: see first_seed")
		}
	}
	return configs.Load(s.configOf(c), settings)
}

// settingsOf returns all settings of a condition, the strongest last.
func (s *Study) settingsOf(c Condition) []string {
	return slices.Concat(s.Set, c.Set, s.Override)
}

func (s *Study) configOf(c Condition) string {
	if c.Config != "" {
		return c.Config
	}
	return s.Config
}

// Metrics returns the metric of interest and those beside it.
func (s *Study) Metrics() []string { return append([]string{s.Metric}, s.Also...) }

var notInFolder = regexp.MustCompile(`[^a-z0-9.+]+`)

// folderName is a condition's name as a folder can have it.
func folderName(name string) string {
	return strings.Trim(notInFolder.ReplaceAllString(strings.ToLower(name), "-"), "-.")
}

// print writes the study as YAML that Load takes back.
func (s *Study) print() ([]byte, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	err := encoder.Encode(s)
	return out.Bytes(), err
}
