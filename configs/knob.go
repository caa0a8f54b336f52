package configs

import (
	"cmp"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// knob is one setting: a leaf field of Config.
type knob struct {
	path  string // a.b.c
	task  string // the only one that has it; empty: all
	field reflect.StructField
	value reflect.Value
}

// knobs lists the leaves of the config in field order, those of other tasks
// included.
func (c Config) knobs() []knob { return knobs(reflect.ValueOf(c), "", "") }

func knobs(v reflect.Value, prefix, task string) []knob {
	var out []knob
	for i := range v.NumField() {
		f, key := v.Type().Field(i), v.Type().Field(i).Tag.Get("yaml")
		of := cmp.Or(f.Tag.Get("task"), task)
		if f.Tag.Get("doc") == "" {
			out = append(out, knobs(v.Field(i), prefix+key+".", of)...)
			continue
		}
		out = append(out, knob{prefix + key, of, f, v.Field(i)})
	}
	return out
}

// applies reports whether what is tagged with a task is there in another one.
func applies(tag, task string) bool { return tag == "" || tag == task }

// check reports a value outside of its bounds or words.
func (k knob) check() error {
	if words := k.field.Tag.Get("oneof"); words != "" {
		for _, w := range strings.Fields(words) {
			if k.value.String() == w {
				return nil
			}
		}
		return fmt.Errorf("%s: %q is none of %s", k.path, k.value.String(), strings.ReplaceAll(words, " ", ", "))
	}
	low, high := k.field.Tag.Get("min"), k.field.Tag.Get("max")
	if low == "" {
		return nil
	}
	least, _ := strconv.ParseFloat(low, 64)
	most, _ := strconv.ParseFloat(high, 64)
	x := k.number()
	if !(x >= least && x <= most) { // NaN fails both
		return fmt.Errorf("%s: %v is not between %s and %s", k.path, k.value.Interface(), low, high)
	}
	return nil
}

func (k knob) number() float64 {
	if k.value.CanInt() {
		return float64(k.value.Int())
	}
	return k.value.Float()
}

// comment is the knob's documentation as the printed config shows it.
func (k knob) comment() string {
	text := k.field.Tag.Get("doc")
	if words := k.field.Tag.Get("oneof"); words != "" {
		text += ": " + strings.ReplaceAll(words, " ", ", ")
	}
	if unit := k.field.Tag.Get("unit"); unit != "" {
		text += " [" + unit + "]"
	}
	return text
}

// Check reports the first knob that is out of bounds, and then what no single
// knob can tell.
func (c Config) Check() error {
	initial := Default().knobs()
	for i, k := range c.knobs() {
		if err := k.check(); err != nil {
			return err
		}
		if !applies(k.task, c.Task) && !reflect.DeepEqual(k.value.Interface(), initial[i].value.Interface()) {
			return fmt.Errorf("%s: it belongs to task %s, this is %s: leave it out", k.path, k.task, c.Task)
		}
	}
	if c.Search.Survivors >= c.Search.Population {
		return fmt.Errorf("search.survivors: %d is not smaller than search.population (%d)", c.Search.Survivors, c.Search.Population)
	}
	if c.Task == "carracing" {
		return c.CarRacing.check(c.Search.Population)
	}
	return c.LM.check()
}

func (l LM) check() error {
	n := l.Network
	if rotary := n.Position == "rotary"; rotary && (n.RotaryDims < 2 || n.RotaryDims%2 != 0 || n.RotaryDims > n.Hidden) {
		return fmt.Errorf("lm.network.rotary_dims: %d is not an even number between 2 and hidden (%d)", n.RotaryDims, n.Hidden)
	} else if !rotary && n.RotaryDims != 0 {
		return fmt.Errorf("lm.network.rotary_dims: %d has no meaning with position %s: set it to 0", n.RotaryDims, n.Position)
	}
	if d := l.Data; d.CorpusStories > 0 && d.Text == "" && d.Tokenizer != "" {
		return fmt.Errorf("lm.data.tokenizer: the embedded corpus has its own: give lm.data.text too, or neither")
	}
	return nil
}

// Numbers returns the numbers of a section of the config, by their paths,
// without those of other tasks.
func (c Config) Numbers(section string) map[string]float64 {
	numbers := map[string]float64{}
	for _, k := range c.knobs() {
		if strings.HasPrefix(k.path, section+".") && applies(k.task, c.Task) && (k.value.CanInt() || k.value.CanFloat()) {
			numbers[k.path] = k.number()
		}
	}
	return numbers
}

// Knobs lists the paths of all knobs, as --set takes them.
func Knobs() []string {
	var paths []string
	for _, k := range (Config{}).knobs() {
		paths = append(paths, k.path)
	}
	return paths
}
