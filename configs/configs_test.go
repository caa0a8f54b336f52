package configs

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/evorank/evorank/model"
)

// TestEmbedded: every embedded config loads, describes itself, and equals what
// it prints, with comments or without.
func TestEmbedded(t *testing.T) {
	if len(Names()) < 13 {
		t.Fatalf("only %v", Names())
	}
	identities := map[uint64]string{}
	for _, name := range Names() {
		c, err := Load(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.Description == "" {
			t.Errorf("%s has no description", name)
		}
		if twin, ok := identities[c.Identity()]; ok {
			t.Errorf("%s and %s are the same experiment", name, twin)
		}
		identities[c.Identity()] = name
		for _, comments := range []bool{false, true} {
			back, err := Read(c.Print(comments), name)
			if err != nil {
				t.Fatal(err)
			}
			if back.Identity() != c.Identity() || string(back.Print(true)) != string(c.Print(true)) {
				t.Errorf("%s: printed and read back it is another config", name)
			}
		}
	}
}

// TestControls checks that the controls change weights only, and by how much
// (issue: biases keep their rate).
func TestControls(t *testing.T) {
	for name, want := range map[string]struct{ dense, factor, bias, embedding, decoder float64 }{
		"tinystories-dense":                 {0.01, 0.1, 0.01, 1, 1.4142135623730951},
		"tinystories-dense-small-embedding": {0.01, 0.1, 0.01, 0.0442, 1.4142135623730951},
		"tinystories-dense-matched-step":    {0.1418, 0.1, 0.01, 0.0442, 1.4142135623730951},
		"tinystories-dense-rate10x":         {0.1, 0.1, 0.01, 1, 1.4142135623730951},
		"tinystories-dense-zero-bias":       {0.01, 0.1, 0.01, 1, 0},
		"tinystories-factored":              {0.01, 0.1, 0.01, 1, 1.4142135623730951},
		"tinystories-factored-rate0.01":     {0.01, 0.01, 0.01, 1, 1.4142135623730951},
		"tinystories-factored-zero-bias":    {0.01, 0.1, 0.01, 1, 0},
	} {
		c, err := Load(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		m, i := c.Mutation, c.Init
		if m != (Mutation{want.dense, want.factor, want.bias}) || i.EmbeddingStd != want.embedding || i.DecoderBiasStd != want.decoder {
			t.Errorf("%s: %+v %+v, want %+v", name, m, i, want)
		}
	}
	r1, _ := Load("tinystories-factored-r1", nil)
	if r1.Init.TallConstant != 1.4142135623730951 || r1.LM.Encoding.Embedding != (model.Encoding{Kind: model.Factored, Rank: 4}) {
		t.Errorf("rank 1: %+v", r1)
	}
}

func TestSet(t *testing.T) {
	c, err := Load("lm-quick", []string{"search.population=100", "lm.encoding.tensors={blocks.*.attn.o: dense, embed: hybrid(3)}", "lm.data.text=a, b=c.txt", "mutation.bias_rate=1e-3"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]model.Encoding{"blocks.*.attn.o": {}, "embed": {Kind: model.Hybrid, Rank: 3}}
	if c.Search.Population != 100 || !reflect.DeepEqual(c.LM.Encoding.Tensors, want) || c.LM.Data.Text != "a, b=c.txt" || c.Mutation.BiasRate != 0.001 {
		t.Errorf("%+v", c)
	}
}

// TestRefused: bad input is refused in one line that says where and why.
func TestRefused(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"search:\n  popluation: 3", "config: x.yaml:2: unknown key search.popluation: did you mean population?"},
		{"sed: 1", "config: x.yaml:1: unknown key sed: did you mean seed?"},
		{"qqqqqq: 1", "config: x.yaml:1: unknown key qqqqqq"},
		{"seed: 1\nsearch:\n  population: many", `config: x.yaml:3: search.population: want a whole number, got "many"`},
		{"search: {population: 1.5}", `config: x.yaml:1: search.population: want a whole number, got "1.5"`},
		{"search: 3", "config: x.yaml:1: search: want keys and values"},
		{"seed: [1, 2]", "config: x.yaml:1: seed: want a whole number from 0 to 18446744073709551615, got a list or a mapping"},
		{"seed:", "config: x.yaml:1: seed: no value given"},
		{"seed: 1\nseed: 2", "config: x.yaml:2: seed: given twice"},
		{"search: {population: 1}", "config: x.yaml: search.population: 1 is not between 2 and 16777216"},
		{"search: {population: 8, survivors: 8}", "config: x.yaml: search.survivors: 8 is not smaller than search.population (8)"},
		{"mutation: {bias_rate: .nan}", "config: x.yaml: mutation.bias_rate: NaN is not between 0 and 100"},
		{"task: chess", `config: x.yaml: task: "chess" is none of lm, carracing`},
		{"lm: {encoding: {attention: low(3)}}", `config: x.yaml:1: lm.encoding.attention: encoding: "low(3)": want dense, factored(k) or hybrid(k) with a rank k from 1 to 1048576`},
		{"lm: {encoding: {attention: [dense]}}", "config: x.yaml:1: lm.encoding.attention: want one value, got a list or a mapping"},
		{"lm: {encoding: {tensors: dense}}", "config: x.yaml:1: lm.encoding.tensors: want names and values"},
		{"lm:\n  encoding:\n    tensors:\n      embed:\n", "config: x.yaml:4: lm.encoding.tensors.embed: no value given"},
		{"lm: {encoding: {tensors: {embed: dense, embed: dense}}}", "config: x.yaml:1: lm.encoding.tensors.embed: given twice"},
		{"lm: {encoding: {tensors: {embed: low}}}", `config: x.yaml:1: lm.encoding.tensors.embed: encoding: "low": want dense, factored(k) or hybrid(k) with a rank k from 1 to 1048576`},
		{"lm: {network: {rotary_dims: 3}}", "config: x.yaml: lm.network.rotary_dims: 3 is not an even number between 2 and hidden (32)"},
		{"lm: {network: {position: none}}", "config: x.yaml: lm.network.rotary_dims: 4 has no meaning with position none: set it to 0"},
		{"lm: {data: {corpus_stories: 3, tokenizer: t.json}}", "config: x.yaml: lm.data.tokenizer: the embedded corpus has its own: give lm.data.text too, or neither"},
		{"[1]", "config: x.yaml:1: top level: want keys and values"},
		{"a: b: c", "config: x.yaml: mapping values are not allowed in this context"},
		{"seed: 1\nextends: lm-quik", "config: x.yaml:2: extends: lm-quik: neither an embedded config nor a file: did you mean lm-quick? (config list shows the names)"},
		{"\xff", ""},
	} {
		_, err := Read([]byte(c.text), "x.yaml")
		if err == nil {
			t.Errorf("%q was accepted", c.text)
		} else if strings.Contains(err.Error(), "\n") || c.want != "" && err.Error() != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.text, err, c.want)
		}
	}
}

func TestRefusedSettings(t *testing.T) {
	for _, c := range []struct{ setting, want string }{
		{"seed", "config: --set seed: want key=value"},
		{"=3", "config: --set =3: want key=value"},
		{"search.populaton=3", "config: --set search.populaton=3: unknown key search.populaton: did you mean population?"},
		{"search=3", "config: --set search=3: search: want keys and values"},
		{"seed=-1", `config: --set seed=-1: seed: want a whole number from 0 to 18446744073709551615, got "-1"`},
		{"seed.x=1", "config: --set seed.x=1: seed: want a whole number from 0 to 18446744073709551615, got a list or a mapping"},
	} {
		if _, err := Load("lm-quick", []string{c.setting}); err == nil || err.Error() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", c.setting, err, c.want)
		}
	}
}

func TestExtends(t *testing.T) {
	dir := t.TempDir()
	base, circle := filepath.Join(dir, "base.yaml"), filepath.Join(dir, "circle.yaml")
	os.WriteFile(base, []byte("extends: tinystories-factored\nseed: 9\nsearch: {population: 20}\n"), 0o600)
	os.WriteFile(circle, []byte("extends: "+circle+"\n"), 0o600)
	c, err := Read([]byte("extends: base.yaml\nsearch: {survivors: 3}"), filepath.Join(dir, "top.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Seed != 9 || c.Search != (Search{20, 3}) || c.LM.Encoding.Attention.Rank != 4 || c.Description != "" {
		t.Errorf("%+v", c)
	}
	long := filepath.Join(dir, "long.yaml")
	os.WriteFile(long, append([]byte("seed: 9\n# "), make([]byte, maxFile)...), 0o600)
	if _, err := Load(long, nil); err == nil || !strings.Contains(err.Error(), "not a config") {
		t.Errorf("a file of more than %d bytes: %v", maxFile, err)
	}
	if _, err := Load(circle, nil); err == nil || !strings.Contains(err.Error(), "circle") {
		t.Errorf("a circle: %v", err)
	}
}

// TestIdentity: paths, threads and the length of the run do not change what a
// run computes; rates do.
func TestIdentity(t *testing.T) {
	base, _ := Load("lm-quick", nil)
	for setting, same := range map[string]bool{
		"generations=7": true, "execution.threads=1": true, "lm.data.text=other.txt": true, "description=d": true,
		"seed=2": false, "mutation.bias_rate=0.5": false, "lm.encoding.tensors={embed: dense}": false, "execution.precision=fp64": false,
	} {
		c, err := Load("lm-quick", []string{setting})
		if err != nil {
			t.Fatal(err)
		}
		if (c.Identity() == base.Identity()) != same {
			t.Errorf("%s: same identity is %v", setting, !same)
		}
	}
}

// FuzzRead: no text panics the reader, and errors are one line.
func FuzzRead(f *testing.F) {
	for _, name := range Names() {
		text, _ := Source(name)
		f.Add(text)
	}
	f.Add([]byte("a: &a {b: *a}"))
	f.Add([]byte("search: &s {population: 3}\nmutation: *s"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Read(text, "fuzz")
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("more than one line: %q", err)
			}
			return
		}
		if back, err := Read(c.Print(true), "printed"); err != nil || back.Identity() != c.Identity() {
			t.Fatalf("printed and read back: %v", err)
		}
	})
}

// TestNumbers: a section's, and none of another task's.
func TestNumbers(t *testing.T) {
	c := Default()
	c.Init.TallConstant, c.Mutation.BiasRate = 3, 0.25
	init, mutation := c.Numbers("init"), c.Numbers("mutation")
	if len(init) != 3 || init["init.tall_constant"] != 3 || len(mutation) != 3 || mutation["mutation.bias_rate"] != 0.25 {
		t.Errorf("%v, %v", init, mutation)
	}
	c.Task = "carracing"
	if init := c.Numbers("init"); len(init) != 1 || init["init.tall_constant"] != 3 {
		t.Errorf("carracing: %v", init)
	}
	if execution := c.Numbers("execution"); execution["execution.threads"] != 0 || len(execution) != 3 {
		t.Errorf("words and switches are no numbers: %v", execution)
	}
}
