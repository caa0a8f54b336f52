package configs

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// knob is one setting: a leaf field of Config.
type knob struct {
	path  string // a.b.c
	field reflect.StructField
	value reflect.Value
}

// knobs lists the leaves of a struct in field order.
func knobs(v reflect.Value, prefix string) []knob {
	var out []knob
	for i := range v.NumField() {
		f, key := v.Type().Field(i), v.Type().Field(i).Tag.Get("yaml")
		if f.Tag.Get("doc") == "" {
			out = append(out, knobs(v.Field(i), prefix+key+".")...)
			continue
		}
		out = append(out, knob{prefix + key, f, v.Field(i)})
	}
	return out
}

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
	for _, k := range knobs(reflect.ValueOf(c), "") {
		if err := k.check(); err != nil {
			return err
		}
	}
	if c.Search.Survivors >= c.Search.Population {
		return fmt.Errorf("search.survivors: %d is not smaller than search.population (%d)", c.Search.Survivors, c.Search.Population)
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

// Knobs lists the paths of all knobs, as --set takes them.
func Knobs() []string {
	var paths []string
	for _, k := range knobs(reflect.ValueOf(Config{}), "") {
		paths = append(paths, k.path)
	}
	return paths
}
