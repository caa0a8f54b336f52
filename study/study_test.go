package study

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/evorank/evorank/run"
)

// tiny settings make trials of a few milliseconds.
const tinySet = `[generations=6, "search={population: 8, survivors: 2}", execution.checkpoint_every=2,
  "lm.data={corpus_stories: 4, heldout_stories: 2, heldout_every: 3}", "lm.network={hidden: 6, heads: 1, head_dim: 3, ffn: 5, blocks: 1}",
  "lm.encoding={embedding: factored(2), attention: factored(1), feed_forward: factored(1)}"]`

const tinyText = `description: a study for tests
config: lm-quick
set: ` + tinySet + `
trials: 3
metric: loss_best
also: [heldout_loss_best]
conditions:
  - name: Factored, 2/1
    rank: 1
  - name: dense
    set: [lm.encoding.embedding=dense, lm.encoding.attention=dense, lm.encoding.feed_forward=dense]
  - name: 4/3
    rank: 3
    set: ["lm.encoding={embedding: factored(4), attention: factored(3), feed_forward: factored(3)}"]
comparisons: [["Factored, 2/1", dense], [4/3, "Factored, 2/1"]]
`

// tiny writes the study, its text changed by the pairs of old and new, and
// loads it.
func tiny(t testing.TB, changes ...string) *Study {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tiny.yaml")
	if err := os.WriteFile(path, []byte(strings.NewReplacer(changes...).Replace(tinyText)), 0o666); err != nil {
		t.Fatal(err)
	}
	s, err := Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestEmbedded: every embedded study loads, says what it is, and equals what
// it prints.
func TestEmbedded(t *testing.T) {
	if len(Names()) < 2 {
		t.Fatalf("only %v", Names())
	}
	for _, name := range Names() {
		s, err := Load(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		if s.Description == "" || s.Name != name {
			t.Errorf("%s: %q, %q", name, s.Name, s.Description)
		}
		text, err := s.print()
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		os.WriteFile(filepath.Join(dir, fileStudy), text, 0o666)
		back, err := Load(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range s.configs {
			if back.configs[i].Identity() != s.configs[i].Identity() {
				t.Errorf("%s: printed and read back, condition %s is another one", name, s.Conditions[i].Name)
			}
		}
		if len(back.Comparisons) != len(s.Comparisons) || back.Trials != s.Trials || back.Metric != s.Metric {
			t.Errorf("%s: printed and read back it is %+v", name, back)
		}
	}
}

// TestPaperStudy: the trials and generations that the paper's study asks for,
// each trial once, in however many sections it is looked at.
func TestPaperStudy(t *testing.T) {
	s, err := Load("tinystories", nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range s.configs {
		if n := s.trialsOf(i); n != 7 && (i < 5 || n != 5) || s.generation() != 300 || c.LM.Data.Stories != 1012 || c.Search.Population != 512 {
			t.Errorf("%s: %d trials, %d generations, %d stories, population %d", s.Conditions[i].Name, n, s.generation(), c.LM.Data.Stories, c.Search.Population)
		}
	}
	plan := s.Plan("")
	if len(plan) != 5*7+10*5 {
		t.Errorf("%d trials", len(plan))
	}
	for k, trial := range plan { // the controls last, all of them equally far
		if control := trial.Condition >= 6; control != (k >= 5*7+5) || control && (trial.Condition-6 != (k-40)%9 || trial.Seed != uint64(1+(k-40)/9)) {
			t.Errorf("%s comes in place %d", trial, k)
		}
	}
	with := 0
	for _, section := range s.sections() {
		if section.has("factored") {
			with++
		}
	}
	if with != 5 {
		t.Errorf("%d sections look at the factored network", with)
	}
}

// TestSettings: those of the condition are above the study's, and those of the
// command line above both.
func TestSettings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tiny.yaml")
	os.WriteFile(path, []byte(strings.NewReplacer("rank: 3\n    set: [", "rank: 3\n    set: [generations=6, lm.data.end_of_text=false, ").Replace(tinyText)), 0o666)
	s, err := Load(path, []string{"generations=5", "mutation.bias_rate=0.07"})
	if err != nil {
		t.Fatal(err)
	}
	c := s.configs[2]
	if c.Generations != 5 || c.LM.Data.EndOfText || c.Mutation.BiasRate != 0.07 || c.LM.Encoding.Attention.Rank != 3 {
		t.Errorf("%+v", c)
	}
	if s.override([]string{"mutation.bias_rate=0.08", "mutation.bias_rate=0.09"}); strings.Join(s.Override, " ") != "generations=5 mutation.bias_rate=0.09" {
		t.Errorf("overridden again: %v", s.Override)
	}
	if dense := s.configs[1]; dense.LM.Encoding.Embedding.Rank != 0 || dense.Generations != 5 || !dense.LM.Data.EndOfText {
		t.Errorf("%+v", dense)
	}
}

// TestRefusedStudies: one line that says where and why.
func TestRefusedStudies(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"trials: 3", "trails: 3", ".yaml:6: unknown key trails: want one of description, config, set, override, trials,"},
		{"rank: 1", "rang: 1", ".yaml:11: unknown key rang: want one of name, config, set, trials, stage, rank"},
		{"trials: 3", "trials: 1.5", `.yaml:6: want a whole number of 0 or more, got "1.5"`},
		{"trials: 3", "trials: -3", `.yaml:6: want a whole number of 0 or more, got "-3"`},
		{"trials: 3", "", "trials: 0 is not between 1 and 10000"},
		{"trials: 3", "trials: 3\ntrials: 4", `mapping key "trials" already defined`},
		{"metric: loss_best\n", "", "metric: none is named"},
		{"metric: loss_best", "metric: los_best", "condition Factored, 2/1: metric: runs of task lm write no los_best: did you mean loss_best?"},
		{"metric: loss_best", "metric: return_best", "metric: runs of task lm write no return_best"},
		{"config: lm-quick\n", "", "condition 1: config: none is named"},
		{"config: lm-quick\n", "config: lm-quik\n", "did you mean lm-quick?"},
		{"name: dense", "name: ' '", `condition 2: name: " " has no letters or digits`},
		{"name: dense", "name: factored 2 1", "would share the folder"},
		{"name: 4/3", "name: dense", "would share the folder"},
		{"[4/3, ", "[9/9, ", `comparisons: "9/9" is none of the conditions`},
		{`[4/3, "Factored, 2/1"]`, "[4/3]", "want pairs [condition, baseline]"},
		{"comparisons:", "baseline: nobody\ncomparisons:", `baseline: "nobody" is none of the conditions`},
		{"rank: 3\n    set: [", "rank: 3\n    set: [seed=4, ", "set: seed: the trials have their own"},
		{"lm.encoding.embedding=dense", "lm.encoding.embeding=dense", "condition dense: config: --set lm.encoding.embeding=dense: unknown key"},
		{", lm.encoding.attention=dense, lm.encoding.feed_forward=dense", ", lm.encoding.embedding=factored(2)", "are the same experiment"},
		{"rank: 3\n    set: [", "rank: 3\n    set: [generations=9, ", "name the one of interest"},
		{"trials: 3", "trials: 3\ngeneration: 7", "generation: 7 is of interest, but condition Factored, 2/1 ends with generation 6"},
		{"description: a study for tests", "---\na: 1\n---", "unknown key a"},
		{"conditions:", "conditions: 3\nx:", "where a list of conditions belongs"},
	} {
		path := filepath.Join(t.TempDir(), "x.yaml")
		text := strings.Replace(tinyText, c.old, c.new, 1)
		if text == tinyText {
			t.Fatalf("%q is not in the text", c.old)
		}
		os.WriteFile(path, []byte(text), 0o666)
		_, err := Load(path, nil)
		if run.KindOf(err) != run.BadConfig || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q:\n got %v\nwant %s", c.new, err, c.want)
		}
	}
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.yaml")
	os.WriteFile(empty, nil, 0o666)
	for name, want := range map[string]string{empty: "the file is empty", dir: "it has no study.yaml", "lm-quik": "neither an embedded study nor a file or directory: did you mean lm-quick?"} {
		if _, err := Load(name, nil); run.KindOf(err) != run.BadConfig || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
}

// TestPlan: a trial has a folder of its own, and a study cut short is balanced.
func TestPlan(t *testing.T) {
	trials := tiny(t, "trials: 3", "trials: 2\nfirst_seed: 9").Plan("d")
	var got []string
	for _, trial := range trials {
		got = append(got, trial.Dir)
		if trial.Config.Seed != trial.Seed {
			t.Errorf("%s has seed %d", trial, trial.Config.Seed)
		}
	}
	want := "d/factored-2-1/seed-0009 d/dense/seed-0009 d/4-3/seed-0009 d/factored-2-1/seed-0010 d/dense/seed-0010 d/4-3/seed-0010"
	if strings.Join(got, " ") != want {
		t.Errorf("%s", got)
	}
	got = nil
	for _, trial := range tiny(t, "trials: 3", "trials: 2", "rank: 1", "stage: 2", "rank: 3", "trials: 1").Plan("d") {
		got = append(got, trial.Dir)
	}
	want = "d/dense/seed-0001 d/4-3/seed-0001 d/dense/seed-0002 d/factored-2-1/seed-0001 d/factored-2-1/seed-0002"
	if strings.Join(got, " ") != want {
		t.Errorf("with a second stage: %s", got)
	}
}

// TestKeysAreDocumented: docs/studies.md has every key of a study file, and
// its example is one.
func TestKeysAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/studies.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range append(keysOf(reflect.TypeFor[Study]()), append(keysOf(reflect.TypeFor[Condition]()), keysOf(reflect.TypeFor[Section]())...)...) {
		if !strings.Contains(string(page), "`"+key+"`") {
			t.Errorf("docs/studies.md does not explain %s", key)
		}
	}
	_, example, _ := strings.Cut(string(page), "```yaml\n")
	example, _, _ = strings.Cut(example, "```")
	path := filepath.Join(t.TempDir(), "example.yaml")
	os.WriteFile(path, []byte(example), 0o666)
	if s, err := Load(path, nil); err != nil || s.Trials != 5 || len(s.Conditions) != 2 {
		t.Errorf("the example: %v", err)
	}
}
