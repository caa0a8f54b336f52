package main

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// call runs the program in-process.
func call(t testing.TB, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = evorank(context.Background(), append([]string{"evorank"}, args...), strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

// must runs the program and fails unless it succeeds.
func must(t testing.TB, args ...string) string {
	t.Helper()
	code, out, errs := call(t, "", args...)
	if code != exitDone {
		t.Fatalf("evorank %s: exit %d: %s", strings.Join(args, " "), code, errs)
	}
	return out
}

const sample = `One day a fox met a bear.
The bear was sad. The fox gave the bear a kite.

They danced all day.
`

// fixture makes a directory with a text, a tokenizer, a tiny run and weights.
func fixture(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir) // token caches lie below the working directory
	at := func(name string) string { return filepath.Join(dir, name) }
	write(t, at("text.txt"), sample)
	must(t, "tokenizer", "train", "--data", at("text.txt"), "--vocab", "60", "-o", at("tok.json"), "--quiet")
	must(t, "train", "lm-quick", "--data", at("text.txt"), "--tokenizer", at("tok.json"), "--run-dir", at("run"), "--generations", "2", "--quiet",
		"--set", "search={population: 6, survivors: 2}", "--set", "lm.network={hidden: 6, heads: 1, head_dim: 3, ffn: 5, blocks: 1}")
	if out := must(t, "export", at("run"), "-o", at("w.safetensors")); !regexp.MustCompile(`^\S+w\.safetensors: individual \d+ of generation 2\n$`).MatchString(out) {
		t.Errorf("export says %q", out)
	}
	return dir
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestCommands: exit codes and what is said, for good and bad command lines.
// $D is the fixture's directory.
func TestCommands(t *testing.T) {
	dir := fixture(t)
	for name, text := range map[string]string{
		"empty.txt": "", "broken.txt": "one\ntw\xffo\n", "blank.txt": "\n\n \n", "two.yaml": "extends: lm-quick\n---\nfoo: 1\n", "typo.yaml": "search:\n  popluation: 3\n", "nonet.json": "{", "foreign.txt": "The fox met Æmil, Çelik & Øle.\n",
	} {
		write(t, filepath.Join(dir, name), text)
	}
	weights, err := os.ReadFile(filepath.Join(dir, "w.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "cut.safetensors"), string(weights[:len(weights)-9]))
	bpe, err := os.ReadFile(filepath.Join(dir, "tok.json"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "unknown.json"), strings.Replace(string(bpe), `"BPE"`, `"Unigram"`, 1))
	must(t, "tokenizer", "train", "--data", filepath.Join(dir, "text.txt"), "--vocab", "45", "-o", filepath.Join(dir, "other.json"), "--quiet")

	checkCommands(t, dir, []commandLine{
		{"", exitDone, "Start with: evorank train"},
		{"unheard-of", exitUsage, `unknown command "unheard-of": want one of train,`},
		{"version", exitDone, `^evorank \d+\.\d+\.\d+`},
		{"--version", exitDone, `^evorank \d+\.\d+\.\d+`},
		{"version x", exitUsage, `version: leftover argument "x"`},
		{"config list", exitDone, "tinystories-factored "},
		{"config print lm-quick --plain", exitDone, "(?m)^task: lm$"},
		{"config print --plain lm-quick --set seed=77", exitDone, "(?m)^seed: 77$"},
		{"config check $D/typo.yaml", exitUsage, `typo.yaml:2: unknown key search.popluation: did you mean population\?`},
		{"config check lm-quik", exitUsage, `did you mean lm-quick\?`},
		{"config check lm-quick --set lm.data.text=a,b", exitDone, "valid"},
		{"noise --seed 7 --tensor 5 --count 1 --offset 2", exitDone, `^bfad9387 -1.3560647\n$`},
		{"noise --seed 7 --tensor 5", exitUsage, "noise: --count is missing"},
		{"noise --seed x --tensor 5 --count 1", exitUsage, "seed"},
		{"noise --seed 7 --tensor 4294967296 --count 1", exitUsage, "does not fit 32 bits"},
		{"noise --seed 7 --tensor 5 --count 1 --offset 17179869184", exitUsage, "at most 2\\^34 elements"},
		{"train tinystories-factored", exitData, "needs a text: give --data FILE and --tokenizer FILE"},
		{"train tinystories-factored --data $D/text.txt", exitData, "a tokenizer is needed too"},
		{"train tinystories-factored --data $D/none.txt --tokenizer $D/tok.json", exitData, "none.txt"},
		{"train lm-quick --data $D/empty.txt --tokenizer $D/tok.json", exitData, "empty.txt: the file is empty"},
		{"train lm-quick --data $D/blank.txt --tokenizer $D/tok.json", exitData, `blank.txt: no stories \(3 empty ones skipped\)`},
		{"train lm-quick --data $D/broken.txt --tokenizer $D/tok.json", exitData, "broken.txt: line 2"},
		{"train lm-quick --data $D/text.txt --tokenizer $D/unknown.json", exitData, "unknown.json.*Unigram"},
		{"train lm-quick --data $D/text.txt --tokenizer $D/nonet.json", exitData, "nonet.json"},
		{"train lm-quick --data $D/text.txt --tokenizer $D/tok.json --set lm.data.max_tokens=9", exitData, "story 1: .* more than lm.data.max_tokens"},
		{"train lm-quick extra", exitUsage, `leftover argument "extra"`},
		{"train --generations 0", exitUsage, "generations: 0 is not between"},
		{"train --generations many", exitUsage, "generations"},
		{"train --flag", exitUsage, "flag"},
		{"train --device cuda:99 --run-dir $D/new", exitDevice, "no usable GPU: "},
		{"train --run-dir $D/run", exitUsage, "exists and is not empty"},
		{"train --dry-run", exitDone, "memory +about"},
		{"train --dry-run --generations 1", exitDone, "time +about 1s "},
		{"train --dry-run --json", exitDone, `"tokens_per_second"`},
		{"resume $D", exitData, "not a run directory"},
		{"resume", exitUsage, "RUN is missing"},
		{"eval", exitUsage, "give a run directory or --weights"},
		{"eval $D/run", exitDone, "loss .* nats, mean over 3 stories"},
		{"eval $D/run --precision fp64 --threads 1", exitDone, "fp64"},
		{"eval $D/run --precision bf16", exitDevice, "the CPU has fp32 and fp64"},
		{"eval $D/run --generation 9", exitData, "the last complete one is 2"},
		{"eval $D/run --generation 0", exitUsage, "eval: --generation 0: want at least 1"},
		{"generate $D/run --generation -1", exitUsage, "generate: --generation -1: want at least 1"},
		{"export $D/run --generation 0 -o $D/x.safetensors", exitUsage, "export: --generation 0: want at least 1"},
		{"inspect $D/run --individual 1", exitDone, "individual +1 of generation"}, // two of the first three did not survive
		{"inspect $D/run --individual 2", exitDone, "individual +2 of generation"},
		{"inspect $D/run --individual 3", exitDone, "individual +3 of generation"},
		{"inspect $D/w.safetensors", exitData, "w.safetensors: not a run directory but a file: weights are given by --weights"},
		{"inspect $D/run --individual 0", exitUsage, "inspect: --individual 0: want at least 1"},
		{"eval $D/run --individual 1 --generation 1", exitDone, "individual 1 of generation 1"},
		{"inspect --weights $D/w.safetensors --generation 3", exitUsage, "are for runs, not for --weights"},
		{"compare a=$D/run b=$D/run --generation 0", exitUsage, "compare: --generation 0: want at least 1"},
		{"resume $D/run --generations 1 --quiet", exitDone, "at generation 2 "},
		{"inspect $D/run --json", exitDone, `"generation":2,"goal_generation":2,`},
		{"resume $D/run --generations 0", exitUsage, "resume: --generations 0: want at least 1"},
		{"eval $D/run --data $D/foreign.txt --json", exitDone, `"units":24,"unknown":4}`},
		{"eval $D/run --individual 999", exitData, "has no individual 999"},
		{"eval $D/run --heldout", exitUsage, "no held-out stories: name some with --data FILE"},
		{"eval $D/run --heldout --data $D/text.txt", exitUsage, "eval: --data: --heldout is another text"},
		{"eval --weights $D/w.safetensors --tokenizer $D/tok.json --data $D/text.txt --json --limit 2", exitDone, `"stories":2`},
		{"eval --weights $D/w.safetensors --tokenizer $D/tok.json --data $D/text.txt --materialised --factored", exitUsage, "exclude each other"},
		{"eval --weights $D/w.safetensors --tokenizer $D/other.json --data $D/text.txt", exitData, "belongs to other weights"},
		{"eval --weights $D/w.safetensors --data $D/text.txt", exitUsage, "needs --tokenizer: the one .* tokenizer.json of its run"},
		{"eval --weights $D/cut.safetensors --tokenizer $D/tok.json --data $D/text.txt", exitData, "cut.safetensors"},
		{"eval --weights $D/none.safetensors --tokenizer $D/tok.json --data $D/text.txt", exitData, "none.safetensors"},
		{"eval --weights $D/w.safetensors --tokenizer $D/tok.json --data $D/text.txt --format xml", exitUsage, `"xml" is none of`},
		{"eval $D/run --threads -3", exitUsage, "--threads must not be negative"},
		{"eval $D/run --limit 1", exitUsage, "--limit: needs --data"},
		{"eval $D/run --no-eot", exitUsage, "--no-eot: needs --data"},
		{"eval $D/run --precision foo", exitUsage, `"foo" is none of`},
		{"eval $D/run --device cuda --precision foo", exitUsage, `"foo" is none of`},
		{"eval $D/run --device cuda --precision fp64", exitDevice, "a GPU has fp32, tf32, bf16 and fp16"},
		{"eval --weights $D/w.safetensors --tokenizer $D/tok.json --data $D/text.txt --limit -4", exitUsage, "--limit must not be negative"},
		{"eval --weights $D/w.safetensors --tokenizer $D/tok.json --data $D/text.txt --heldout", exitUsage, "--heldout is for runs"},
		{"eval $D/run --help", exitDone, "how good a run's individual"},
		{"export $D/run -o $D/w.safetensors", exitFailure, "the file exists"},
		{"export $D/run -o $D/w.safetensors --force", exitDone, ""},
		{"export $D/run -o $D/run --force", exitFailure, "run: a directory: name a file in it"},
		{"tokenizer train --data $D/text.txt -o $D/tok.json", exitFailure, "the file exists"},
		{"tokenizer train --data $D/text.txt -o $D/t.json --vocab -5", exitUsage, "--vocab: -5 labels"},
		{"tokenizer encode --data $D/text.txt", exitUsage, `evorank tokenizer encode --help`},
		{"generate $D/run --temperature nan", exitUsage, "--temperature NaN: want a number of 0 or more"},
		{"train --max-time -1s --run-dir $D/new", exitUsage, "--max-time must not be negative"},
		{"config check $D/two.yaml", exitUsage, "more than one document"},
		{"config check $D/empty.txt", exitUsage, "the file is empty"},
		{"generate $D/run --n 2 --max-tokens 5", exitDone, ""},
		{"generate $D/run --n 0", exitUsage, "at least 1"},
		{"generate --weights $D/w.safetensors --tokenizer $D/tok.json --prompt fox --max-tokens 3", exitDone, "f ?o ?x|fox"},
		{"inspect $D/run --genes", exitDone, "gene 1 +init"},
		{"inspect --weights $D/w.safetensors", exitDone, "embed.weight +dense +- +W +.60 6. +360 "},
		{"inspect $D/run", exitDone, `(?s)embed.weight +factored.16. +materialised +A +.6 16. +96 .*blocks.0.ffn.up.weight +factored.8. +materialised`},
		{"inspect $D/run --json", exitDone, `"applied_on_cpu":.*"embed.weight":"materialised"`},
		{"lineage $D/run", exitDone, `^id,ancestor_list,origin_time`},
		{"lineage $D/run --format jsonl", exitDone, `"generation":2`},
		{"lineage $D/run --format xml", exitUsage, `"xml" is none of csv, jsonl`},
		{"lineage $D", exitData, "lineage.bin"},
		{"verify $D/run --sample 3", exitDone, "each follows from the one before"},
		{"verify $D/run --sample -1", exitUsage, "must not be negative"},
		{"export $D/run", exitUsage, "--output is missing"},
		{"export $D/run -o $D/none/w.safetensors", exitFailure, "none/w.safetensors"},
		{"tokenizer encode --tokenizer $D/tok.json --data $D/text.txt --json", exitDone, `^\[\d`},
		{"tokenizer encode --data $D/text.txt", exitUsage, "--tokenizer is missing"},
		{"tokenizer train --data $D/text.txt -o $D/t.json --limit -1", exitUsage, "tokenizer train: --limit must not be negative"},
		{"tokenizer encode --data $D/text.txt --tokenizer $D/tok.json --limit -1", exitUsage, "tokenizer encode: --limit must not be negative"},
		{"tokenizer train --data $D/text.txt --vocab 7 -o $D/t.json", exitData, "too small"},
		{"tokenizer nope", exitUsage, `unknown command "nope"`},
	})
	if _, err := os.Lstat(filepath.Join(dir, "new")); err == nil {
		t.Error("a run that was refused left a directory")
	}
}

// commandLine is a row of a table of command lines: $D stands for a directory
// in line and in out, a pattern on stdout of success and on stderr of failure.
type commandLine struct {
	line string
	code int
	out  string
}

// checkCommands runs the lines in their order; what fails says so in one line.
func checkCommands(t *testing.T, dir string, lines []commandLine) {
	t.Helper()
	for _, c := range lines {
		code, out, errs := call(t, "", strings.Fields(strings.ReplaceAll(c.line, "$D", dir))...)
		said := out
		if code != exitDone {
			said = errs
			if strings.Contains(strings.TrimSpace(lastLines(errs)), "\n") {
				t.Errorf("evorank %s: an error of several lines:\n%s", c.line, errs)
			}
		}
		if code != c.code || !regexp.MustCompile(strings.ReplaceAll(c.out, "$D", dir)).MatchString(said) {
			t.Errorf("evorank %s: exit %d, want %d and %s:\n%s%s", c.line, code, c.code, c.out, out, errs)
		}
	}
}

// lastLines drops the log lines before the error.
func lastLines(errs string) string {
	if at := strings.Index(errs, "evorank: "); at >= 0 {
		return errs[at:]
	}
	return errs
}

// TestOutputThatCannotBeWritten: a full disk behind standard output is exit 1.
func TestOutputThatCannotBeWritten(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	var errs bytes.Buffer
	if code := evorank(context.Background(), []string{"evorank", "config", "list"}, strings.NewReader(""), full, &errs); code != exitFailure || !strings.Contains(errs.String(), "no space") {
		t.Errorf("exit %d: %s", code, errs.String())
	}
}

// TestEvalJSON checks the interface that others call: keys, and that the mean
// is that of the stories.
func TestEvalJSON(t *testing.T) {
	dir := fixture(t)
	at := func(name string) string { return filepath.Join(dir, name) }
	var e struct {
		Loss      float64
		Stories   int
		Targets   int
		PerStory  []struct{ Targets, Loss float64 } `json:"per_story"`
		Precision string
		Device    string
	}
	args := []string{"eval", "--weights", at("w.safetensors"), "--tokenizer", at("tok.json"), "--data", at("text.txt"), "--json", "--no-eot"}
	if err := json.Unmarshal([]byte(must(t, append(args, "--precision", "fp64")...)), &e); err != nil {
		t.Fatal(err)
	}
	sum, targets := 0.0, 0
	for _, s := range e.PerStory {
		sum, targets = sum+s.Loss, targets+int(s.Targets)
	}
	if e.Stories != 3 || len(e.PerStory) != 3 || targets != e.Targets || e.Precision != "fp64" || !strings.HasPrefix(e.Device, "cpu") {
		t.Errorf("%+v", e)
	}
	if !(math.Abs(e.Loss-sum/3) <= 1e-12) {
		t.Errorf("loss %v, mean of the stories %v", e.Loss, sum/3)
	}
}

// TestEvalWarnsOfForeignText: a loss on what is left of a text that the
// tokenizer does not know is not silent.
func TestEvalWarnsOfForeignText(t *testing.T) {
	dir := fixture(t)
	write(t, filepath.Join(dir, "foreign.txt"), "The fox met Æmil, Çelik & Øle.\n")
	_, _, errs := call(t, "", "eval", filepath.Join(dir, "run"), "--data", filepath.Join(dir, "foreign.txt"))
	if !strings.Contains(errs, "foreign.txt: 4 of 24 characters (16.7 %) are unknown to the tokenizer") {
		t.Errorf("%s", errs)
	}
	if _, _, errs = call(t, "", "eval", filepath.Join(dir, "run"), "--data", filepath.Join(dir, "text.txt")); errs != "" {
		t.Errorf("a known text: %s", errs)
	}
}

// TestEvalInAnEnvironment: variables that are there for training do not stand
// in the way of a run's own stories, and never take the held-out ones' place.
func TestEvalInAnEnvironment(t *testing.T) {
	dir := fixture(t)
	run, text, tok := filepath.Join(dir, "run"), filepath.Join(dir, "text.txt"), filepath.Join(dir, "tok.json")
	t.Setenv("EVORANK_TOKENIZER", tok)
	if out := must(t, "eval", run); !strings.Contains(out, "over 3 stories") {
		t.Errorf("the run's own stories: %s", out)
	}
	if code, _, errs := call(t, "", "eval", run, "--tokenizer", "other.json"); code != exitUsage || !strings.Contains(errs, "--tokenizer: needs --data") {
		t.Errorf("a tokenizer without a text: exit %d: %s", code, errs)
	}
	t.Setenv("EVORANK_DATA", text)
	if code, _, errs := call(t, "", "eval", run, "--heldout"); code != exitUsage || !strings.Contains(errs, "no held-out stories") {
		t.Errorf("held-out stories, which this run has none of: exit %d: %s", code, errs)
	}
}

// TestGenerateWarnsOfForeignPrompt: what the tokenizer drops is not continued.
func TestGenerateWarnsOfForeignPrompt(t *testing.T) {
	run := filepath.Join(fixture(t), "run")
	for prompt, want := range map[string]string{"Æ fox &": "prompt: 2 of 5 characters are unknown to the tokenizer", "a fox": ""} {
		_, _, errs := call(t, "", "generate", run, "--prompt", prompt, "--max-tokens", "1")
		if !strings.Contains(errs, want) || (want == "") != (errs == "") {
			t.Errorf("%q: %s", prompt, errs)
		}
	}
}

// TestTokenizerTrainWarnsOfFewLabels: a text can be too small for --vocab.
func TestTokenizerTrainWarnsOfFewLabels(t *testing.T) {
	dir := fixture(t)
	train := func(vocab string) string {
		_, _, errs := call(t, "", "tokenizer", "train", "--data", filepath.Join(dir, "text.txt"), "--vocab", vocab, "-o", filepath.Join(dir, "tok.json"), "--force")
		return errs
	}
	if errs := train("5000"); !regexp.MustCompile(`WRN tokenizer: .*text.txt gives only \d\d labels, not 5000`).MatchString(errs) {
		t.Errorf("too many: %s", errs)
	}
	if errs := train("40"); errs != "" {
		t.Errorf("as many as there are: %s", errs)
	}
}

// TestLogLinesReadInOrder: what a line is about comes first.
func TestLogLinesReadInOrder(t *testing.T) {
	t.Chdir(t.TempDir())
	_, _, errs := call(t, "", "train", "--generations", "2")
	if !regexp.MustCompile(`(?s) INF training dir=runs/.* device=.* parameters=.* population=.* generations=2\n.* INF evolved generation=2 best=.* median=.* .*tokens/s=.*`).MatchString(errs) {
		t.Error(errs)
	}
}

// TestDecodeUndoesEncode, through the command line, up to case and blanks.
func TestDecodeUndoesEncode(t *testing.T) {
	dir := fixture(t)
	tok := filepath.Join(dir, "tok.json")
	labels := must(t, "tokenizer", "encode", "--tokenizer", tok, "--data", filepath.Join(dir, "text.txt"))
	code, text, errs := call(t, labels, "tokenizer", "decode", "--tokenizer", tok)
	squeeze := func(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), "")) }
	if code != exitDone || squeeze(text) != squeeze(sample) {
		t.Errorf("exit %d: %q %s", code, text, errs)
	}
	if code, _, errs := call(t, "3 x", "tokenizer", "decode", "--tokenizer", tok); code != exitData || !strings.Contains(errs, `line 1: "x" is not a label`) {
		t.Errorf("exit %d: %s", code, errs)
	}
}

// TestHelpNamesEveryCommand: each subcommand explains itself.
func TestHelpNamesEveryCommand(t *testing.T) {
	help := must(t, "--help")
	for _, make := range commands {
		c := make()
		if c.Usage == "" || !strings.Contains(help, c.Name) {
			t.Errorf("%s is not in the help", c.Name)
		}
		if text := must(t, c.Name, "--help"); !strings.Contains(text, c.Usage) {
			t.Errorf("evorank %s --help does not say what it does", c.Name)
		}
	}
}
