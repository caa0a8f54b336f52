package configs

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/evorank/evorank/model"
)

// TestCarRacing: the paper's settings (method 4.2, 4.3 and 5.2), and what each
// experiment changes of them.
func TestCarRacing(t *testing.T) {
	large, small := []int{32, 64, 128, 256}, []int{4, 4, 8, 16}
	for name, want := range map[string]struct {
		channels []int
		hidden   int
		rank     int
	}{
		"carracing-dense": {large, 256, 0}, "carracing-small-dense": {small, 32, 0},
		"carracing-factored": {large, 256, 1}, "carracing-factored-r4": {large, 256, 4},
	} {
		c, err := Load(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.Task != "carracing" || c.Generations != 40 || c.Search != (Search{256, 8}) || c.Mutation != (Mutation{0.01, 0.1, 0.01}) || c.Init.TallConstant != 1.4142135623730951 {
			t.Errorf("%s: %+v", name, c)
		}
		r := c.CarRacing
		if r.Environment != (Environment{true, false, 0.95, 1000, 21}) || r.Episodes != (Episodes{2, 32, 4, false, 20, 10}) {
			t.Errorf("%s: %+v", name, r)
		}
		encoding := model.Encoding{}
		if want.rank > 0 {
			encoding = model.Encoding{Kind: model.Factored, Rank: want.rank}
		}
		if !reflect.DeepEqual(r.Network, Policy{want.channels, 4, 2, want.hidden}) || r.Encoding != (PolicyEncoding{encoding, encoding}) {
			t.Errorf("%s: %+v %+v", name, r.Network, r.Encoding)
		}
	}
}

// TestTasksKeepApart: a config prints and counts its own task's knobs only.
func TestTasksKeepApart(t *testing.T) {
	driving, _ := Load("carracing-factored", nil)
	reading, _ := Load("lm-quick", nil)
	for _, c := range []struct {
		config Config
		has    string
		lacks  []string
	}{{driving, "\ncarracing:\n", []string{"\nlm:\n", "embedding_std", "decoder_bias_std"}}, {reading, "\nlm:\n", []string{"\ncarracing:\n"}}} {
		text := string(c.config.Print(true))
		if !strings.Contains(text, c.has) || slices.ContainsFunc(c.lacks, func(s string) bool { return strings.Contains(text, s) }) {
			t.Errorf("%s prints:\n%s", c.config.Task, text)
		}
	}
	before := reading.Identity()
	reading.CarRacing.Environment.MaxSteps++
	if reading.Identity() != before {
		t.Error("CarRacing's knobs change a language model's identity")
	}
	if err := reading.Check(); err == nil || err.Error() != "carracing.environment.max_steps: it belongs to task carracing, this is lm: leave it out" {
		t.Errorf("set all the same: %v", err)
	}
	driving.Init.EmbeddingStd = 0.3
	if err := driving.Check(); err == nil || !strings.HasPrefix(err.Error(), "init.embedding_std: it belongs to task lm") {
		t.Errorf("set all the same: %v", err)
	}
}

func TestCarRacingRefused(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"task: carracing\nlm: {}", "config: x.yaml:2: lm: it belongs to task lm, this is carracing: leave it out"},
		{"lm: {network: {hidden: 8}}\ntask: carracing", "config: x.yaml:1: lm: it belongs to task lm, this is carracing: leave it out"},
		{"carracing: {}", "config: x.yaml:1: carracing: it belongs to task carracing, this is lm: leave it out"},
		{"task: carracing\ninit:\n  decoder_bias_std: 0", "config: x.yaml:3: init.decoder_bias_std: it belongs to task lm, this is carracing: leave it out"},
		{"extends: carracing-factored\ntask: lm", "config: x.yaml: carracing.encoding.convolutions: it belongs to task carracing"},
		{"task: carracing\ncarracing: {episodes: {finalist: 3}}", "config: x.yaml:2: unknown key carracing.episodes.finalist: did you mean finalists?"},
		{"task: carracing\ncarracing: {network: {channels: 3}}", "config: x.yaml:2: carracing.network.channels: want a list in brackets"},
		{"task: carracing\ncarracing: {network: {channels: [3, 32.7]}}", `config: x.yaml:2: carracing.network.channels: number 2: want a whole number, got "32.7"`},
		{"task: carracing\ncarracing:\n  network:\n    channels: [3,\n      ~]", "config: x.yaml:5: carracing.network.channels: number 2: no value given"},
		{"task: carracing\ncarracing: {network: {channels: &a [*a]}}", "config: x.yaml:2: carracing.network.channels: number 1: want a whole number, got a list or a mapping"},
		{"task: carracing\ncarracing: {network: {channels: [3, 5000]}}", "config: x.yaml: carracing.network.channels: number 2: 5000 is not between 1 and 4096"},
		{"task: carracing\ncarracing: {environment: {max_steps: 0}}", "config: x.yaml: carracing.environment.max_steps: 0 is not between 1 and 1000000"},
		{"task: carracing\ncarracing: {environment: {lap_complete_percent: 95}}", "config: x.yaml: carracing.environment.lap_complete_percent: 95 is not between 0 and 1"},
		{"task: carracing\ncarracing: {episodes: {finalists: 0}}", "config: x.yaml: carracing.episodes: 0 finalists with 4 more episodes: give both, or 0 for both"},
		{"task: carracing\nsearch: {population: 20}", "config: x.yaml: carracing.episodes.finalists: 32 of a population of 20"},
	} {
		_, err := Read([]byte(c.text), "x.yaml")
		if err == nil || strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q:\n got %v\nwant %s", c.text, err, c.want)
		}
	}
}
