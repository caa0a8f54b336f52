package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/evorank/evorank/stats"
)

// tinyStudy makes the embedded study's trials take milliseconds.
var tinyStudy = []string{"--generations", "6", "--trials", "3", "--quiet",
	"--set", "search={population: 8, survivors: 2}", "--set", "lm.data={corpus_stories: 4, heldout_stories: 2, heldout_every: 3}",
	"--set", "lm.network={hidden: 6, heads: 1, head_dim: 3, ffn: 5, blocks: 1}"}

// studied makes a directory with a finished tiny study, a single run of
// another text, and tables.
func studied(t testing.TB) string {
	t.Helper()
	table, err := os.ReadFile("../../study/testdata/carracing-generation40.csv")
	if err != nil {
		t.Fatal(err)
	}
	dir := fixture(t) // changes the working directory
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, append([]string{"study", "run", "lm-quick", "--dir", at("study"), "--parallel", "2"}, tinyStudy...)...)
	write(t, at("trials.csv"), "method,loss,width\na,1,2\na,1.5,4\na,1.2,8\nb,2,2\nb,NaN,4\nc,3,2\nc,3,4\n")
	write(t, at("carracing.csv"), string(table))
	write(t, at("text.md"), "0.00<!-- median loss_best | dense -->")
	return dir
}

// TestStudyCommands: exit codes and what is said. $D is the directory.
func TestStudyCommands(t *testing.T) {
	dir := studied(t)
	killed := filepath.Join(dir, "killed") // the same, with a trial that could not say how it ended
	if err := os.CopyFS(killed, os.DirFS(filepath.Join(dir, "study"))); err != nil {
		t.Fatal(err)
	}
	manifest := filepath.Join(killed, "dense", "seed-0001", "run.json")
	text, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	write(t, manifest, strings.Replace(string(text), `"status": "done"`, `"status": "running"`, 1))
	based := filepath.Join(dir, "based") // the same, but held against another condition
	if err := os.CopyFS(based, os.DirFS(filepath.Join(dir, "study"))); err != nil {
		t.Fatal(err)
	}
	asked, err := os.ReadFile(filepath.Join(based, "study.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(based, "study.yaml"), string(asked)+"baseline: factored\n")
	checkCommands(t, dir, []commandLine{
		{"study list", exitDone, "tinystories +15 conditions, 85 trials in all"},
		{"study status $D/study", exitDone, `lm-quick|study: 9 of 9 trials done, 0 generations to go\n$`},
		{"study status $D/killed", exitDone, `stopped +6/6 +dense +seed 1`},
		{"study status $D/study --json", exitDone, `"status":"done","generation":6,"generations":6`},
		{"study status $D", exitUsage, "it has no study.yaml"},
		{"study status", exitUsage, "STUDY is missing"},
		{"study run lm-quik", exitUsage, "neither an embedded study"},
		{"study run lm-quick --parallel 0", exitUsage, "must be at least 1"},
		{"study run lm-quick --max-time -1s", exitUsage, "study run: --max-time must not be negative"},
		{"study run lm-quick --trials 0", exitUsage, "trials: 0 is not between"},
		{"study run lm-quick --set seed=3", exitUsage, "the trials have their own"},
		{"study run lm-quick --set sed=3", exitUsage, "did you mean seed"},
		{"study run $D/study --dry-run", exitDone, `(?s)dense +0 +0 +0 .*all that is left +0 `},
		{"study run lm-quick --dir $D/other --dry-run --trials 2", exitDone, `(?m)^all that is left +6 +`},
		{"study run lm-quick --dir $D/other --dry-run", exitDone, `(?s)The time is an estimate, .*: one founder of each condition was timed\.`},
		{"study run lm-quick --dir $D/other --dry-run --json", exitDone, `"evaluations":`},
		{"study run $D/study --set mutation.bias_rate=0.7", exitUsage, "made with another config"},
		{"study run tinystories --dir $D/paper --quiet", exitData, "needs a text: give --data FILE"},
		{"study run lm-quick --dir $D/gpu --device cuda:9 --quiet", exitDevice, "trial dense, seed 1: .*(GPU|cuda)"},
		{"study run $D/study --quiet", exitDone, "all 9 trials are done"},
		{"study report", exitUsage, "give a study or --from"},
		{"study report $D/study --from $D/study", exitUsage, "one of them"},
		{"study report $D/study", exitDone, `study/report/report.html\n$`},
		{"study report --from $D/study/report -o $D/again", exitDone, `again/report.html\n$`},
		{"study report --from $D", exitData, "summary.json"},
		{"study report $D/study --renumber", exitUsage, "--renumber is for a --text"},
		{"study report --from $D/study/report --text $D/text.md", exitFailure, "line 1: it says 0.00, the results say "},
		{"study report --from $D/study/report --text $D/text.md --renumber", exitDone, `report.html\n$`},
		{"study report --from $D/study/report --text $D/text.md", exitDone, `report.html\n$`},
		{"study report lm-quick --dir $D/none", exitData, "has no runs in $D/none yet"},

		{"compare", exitUsage, "give groups of runs, a study, or --table"},
		{"compare $D/study", exitDone, `(?s)loss_best, loss of the best, lower is better, generation 6 \(nats\).*factored against dense .*exact`},
		{"compare $D/study --json --metric heldout_loss_best --generation 3", exitDone, `"metric": "heldout_loss_best, `},
		{"compare $D/study --markdown --baseline factored", exitDone, `\| dense against factored`},
		{"compare $D/based --markdown", exitDone, `\| dense against factored`},
		{"plot curves $D/study/dense/seed-0001 --terminal", exitDone, "seed-0001"},
		{"plot curves $D/study/dense/seed-0001 new=$D/study/dense/seed-0002 --terminal", exitDone, "(?s)seed-0001.*new|new.*seed-0001"},
		{"compare $D/study --latex", exitDone, `\\begin{tabular}`},
		{"compare $D/study --latex --json", exitUsage, "--json and --latex exclude each other"},
		{"compare $D/study --method signed-rank", exitDone, `(?s)signed-rank +0 +0.2500.*3 pairs with a difference: p cannot be below 0.25`},
		{"compare $D/study --pair seed", exitUsage, "--pair is for a --table"},
		{"compare --table $D/carracing.csv --group method --value stage1_seconds --method signed-rank --pair trial", exitDone, `factored against large dense +signed-rank`},
		{"compare --table $D/carracing.csv --group method --value stage1_seconds --method signed-rank", exitUsage, "belong together"},
		{"compare --table $D/carracing.csv --group method --value stage1_seconds --pair trial", exitUsage, "belong together"},
		{"compare --table $D/carracing.csv --group method --value stage1_seconds --method signed-rank --pair seed", exitUsage, "no column .seed"},
		{"compare $D/study --method t-test", exitUsage, `unknown method "t-test"`},
		{"compare $D/study --baseline nobody", exitUsage, `"nobody" is none of the groups`},
		{"compare $D/study --resamples 0", exitUsage, "must be more than 0"},
		{"compare $D/study --confidence 95", exitUsage, "confidence 95: give a number between 0 and 1"},
		{"compare $D/study --metric loss", exitData, `no metric "loss": .*[iI]t has `},
		{"compare $D/study --metric heldout_loss_best --generation 4", exitData, "the nearest generation that has it is 3"},
		{"compare $D/study --generation 7", exitData, "no generation 7: its last is 6"},
		{"compare $D/study --group x", exitUsage, "--group is for a --table"},
		{"compare a=$D/study/factored/* b=$D/study/dense/seed-0001,$D/study/dense/seed-0002", exitDone, "b against a"},
		{"compare a=$D/study/factored/* b=$D/study/dense/seed-0001", exitDone, "b: one value: no test"},
		{"compare a=$D/study/factored/*", exitUsage, "groups: 1: give at least two"},
		{"compare a=$D/study/factored/* a=$D/study/dense/*", exitUsage, `group "a" is given twice`},
		{"compare a=$D/study/factored/* b=$D/study/factored/seed-0001", exitData, "counts twice: in group a and in group b"},
		{"compare a=$D/study/factored/* b=$D/none/*", exitData, "none/.: no run directory matches"},
		{"compare a=$D/study/factored/* b=$D/trials.csv", exitData, "group b: .*not a run directory|run: "},
		{"compare a=$D/study/factored/* b=$D/run", exitData, "different tokenizers"},
		{"compare a=$D/study/factored/* $D/nothing", exitUsage, "want NAME=RUNS"},
		{"compare --table $D/carracing.csv --group method --value stage1_seconds --method ranksums", exitDone, `(?s)stage1_seconds, lower is better.*factored against large dense \[1\] +ranksums +9 +1.76e-05.* -1.986 .*exact p is 1.25e-06`},
		{"compare --table $D/carracing.csv --group method --value best_score --better higher", exitDone, `best_score, higher is better`},
		{"compare --table $D/carracing.csv --group method --value best_score --better faster", exitUsage, `"faster" is none of lower, higher`},
		{"compare --table $D/carracing.csv --group method --value speed", exitUsage, `no column "speed": it has method, trial, `},
		{"compare --table $D/carracing.csv --group method", exitUsage, "--value is missing"},
		{"compare --table $D/carracing.csv --group method --value trial --generation 3", exitUsage, "--generation is for runs"},
		{"compare --table $D/carracing.csv --group method --value trial x", exitUsage, "one of them"},
		{"compare --table $D/none.csv --group a --value b", exitData, "none.csv"},
		{"compare --table $D/trials.csv --group method --value loss", exitDone, `(?s)1 of 2 values are NaN or infinite.*all 2 values are equal`},

		{"plot", exitDone, "learning curves"},
		{"plot pie", exitUsage, `unknown command "pie"`},
		{"plot curves $D/study -o $D/a.svg --over tokens --band mean-error --levels", exitDone, `^\S+/a.svg\n$`},
		{"plot curves $D/study/report -o $D/h.svg --levels", exitDone, `^\S+/h.svg\n$`},
		{"plot curves $D/study --terminal --metric loss_median", exitDone, `factored\n`},
		{"plot curves $D/study -o $D/a.pdf", exitUsage, "want .svg or .png"},
		{"plot curves $D/study", exitUsage, "--output is missing"},
		{"plot curves -o $D/a.svg", exitUsage, "GROUP... is missing"},
		{"plot curves $D/study --terminal -o $D/a.svg", exitUsage, "exclude each other"},
		{"plot curves $D/study -o $D/a.svg --over days", exitUsage, `"days" is none of`},
		{"plot curves $D/study -o $D/a.svg --metric losses", exitData, "no losses in a trial of 6 generations: it has"},
		{"plot curves $D/study -o $D/none/a.svg", exitFailure, "none"},
		{"plot strips a=$D/study/factored/* b=$D/study/dense/* -o $D/b.png", exitDone, `^\S+/b.png\n$`},
		{"plot rank $D/study -o $D/c.svg", exitDone, `^\S+/c.svg\n$`},
		{"plot rank a=$D/study/dense/* -o $D/d.svg", exitData, "none of the groups is factored"},
		{"plot diversity $D/study -o $D/e.svg --metric founders", exitDone, `^\S+/e.svg\n$`},
		{"plot diversity $D/study -o $D/i.svg", exitDone, `^\S+/i.svg\n$`},
		{"plot lineage $D/study/factored/seed-0001 -o $D/f.svg --only-living", exitDone, `^\S+/f.svg\n$`},
		{"plot lineage $D -o $D/f.svg", exitData, "lineage"},
		{"plot throughput $D/trials.csv --width width --rate loss --by method -o $D/g.svg", exitData, "NaN"},
		{"plot throughput $D/carracing.csv --width stage1_score --rate stage1_seconds --by method -o $D/g.svg", exitDone, `^\S+/g.svg\n$`},
		{"plot throughput $D/trials.csv -o $D/g.svg", exitUsage, "--width is missing"},
	})
	for file, want := range map[string]string{"a.svg": "tokens scored", "c.svg": "rank of the factors", "e.svg": "founders with living descendants", "f.svg": "line of the best", "g.svg": "stage1 seconds (s)", "h.svg": "bigram entropy", "i.svg": "standard deviation"} {
		if text, err := os.ReadFile(filepath.Join(dir, file)); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s does not show %q (%v)", file, want, err)
		}
	}
	if png, err := os.ReadFile(filepath.Join(dir, "b.png")); err != nil || !strings.HasPrefix(string(png), "\x89PNG") {
		t.Errorf("b.png is no PNG (%v)", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "d.svg")); err == nil {
		t.Error("a figure was written in spite of the error")
	}
}

// TestCompareJSON: the numbers are those of the table, and read back.
func TestCompareJSON(t *testing.T) {
	var r stats.Report
	out := must(t, "compare", "--table", "../../study/testdata/carracing-generation40.csv", "--group", "method", "--value", "best_score", "--method", "ranksums", "--json")
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Groups) != 3 || len(r.Pairs) != 3 || r.Pairs[0].Group != "factored" || r.Pairs[0].Baseline != "large dense" || r.Family != 3 {
		t.Errorf("%+v", r)
	}
	if p := r.Pairs[0]; !(0.80 <= p.P && p.P <= 0.84 && 0.161 <= p.Glass && p.Glass <= 0.165) { // method 7.2 b: 0.820 and 0.163, before rounding
		t.Errorf("%+v", p)
	}
}

// TestStudyMaxTime: stopped in time with exit code 75, and continued.
func TestStudyMaxTime(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "s")
	settings := append([]string{"study", "run", "lm-quick", "--dir", dir}, tinyStudy...)
	long := append(append([]string{}, settings...), "--generations", "100000", "--trials", "1")
	code, _, errs := call(t, "", append(long, "--max-time", "1s")...)
	if code != exitStopped || !strings.Contains(errs, "--max-time is over: go on with evorank study run "+dir) {
		t.Fatalf("exit %d: %s", code, errs)
	}
	out := must(t, "study", "status", dir)
	if !regexp.MustCompile(`(?m)^stopped +\d+/100000 `).MatchString(out) || !strings.Contains(out, "at the pace so far") {
		t.Errorf("status:\n%s", out)
	}
	if code, _, errs := call(t, "", "study", "run", dir, "--max-time", "100ms", "--quiet"); code != exitStopped {
		t.Errorf("continued: exit %d: %s", code, errs)
	}
}

// TestStudyProgress: a line for each trial that ends and one for the whole.
func TestStudyProgress(t *testing.T) {
	args := append([]string{"study", "run", "lm-quick", "--dir", filepath.Join(t.TempDir(), "s"), "--json"}, tinyStudy...)
	args[len(args)-7] = "--parallel=2" // instead of --quiet
	code, out, errs := call(t, "", args...)
	if code != exitDone || !strings.Contains(out, `"trials":9`) {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	for _, want := range []string{"done, 1 of 9", "done, 9 of 9", "study: 9 of 9 trials done, 0 generations to go, ETA 0s"} {
		if !strings.Contains(errs, want) {
			t.Errorf("the progress lacks %q:\n%s", want, errs)
		}
	}
}

// TestStudyByName: once begun, a study's name stands for it as it was run.
func TestStudyByName(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	must(t, "study", "run", "lm-quick", "--generations", "6", "--trials", "3", "--quiet")
	if out := must(t, "study", "status", "lm-quick"); !strings.Contains(out, "9 of 9 trials done") {
		t.Errorf("status:\n%s", out)
	}
	must(t, "study", "report", "lm-quick")
	text, err := os.ReadFile("runs/studies/lm-quick/report/report.md")
	if err != nil || !strings.Contains(string(text), "at generation 6.") || !strings.Contains(string(text), "| dense \\[1\\] | 3 |") {
		t.Errorf("the report is about another study (%v):\n%s", err, text)
	}
	code, _, errs := call(t, "", "study", "report", "lm-quick", "--dir", "runs/studies/lm-quick")
	if code != exitData || !strings.Contains(errs, "no trial has come to generation 400, that is compared; the last is at 6") {
		t.Errorf("the embedded study's report: exit %d: %s", code, errs)
	}
	if code, _, errs := call(t, "", "study", "run", "lm-quick", "--dry-run"); code != exitDone {
		t.Errorf("the embedded study: exit %d: %s", code, errs)
	}
}

// TestStudyInPieces: trials finished elsewhere, a report that grows, and a text
// about it.
func TestStudyInPieces(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	must(t, append([]string{"study", "run", "lm-quick", "--dir", "one", "--condition", "dense", "--condition", "factored"}, tinyStudy...)...)
	must(t, "study", "report", "one", "-o", "first", "--every", "2")
	must(t, append([]string{"study", "run", "lm-quick", "--dir", "two", "--finished", "first"}, tinyStudy...)...)
	if _, err := os.Stat("two/dense"); err == nil {
		t.Error("trials that were finished elsewhere were made again")
	}
	out := must(t, "study", "status", "two", "--finished", "first")
	if !strings.Contains(out, "9 of 9 trials done") || !strings.Contains(out, "dense, seed 1") {
		t.Errorf("status:\n%s", out)
	}
	must(t, "study", "report", "two", "--finished", "first", "-o", "second")
	write(t, "text.md", "6.0<!-- n loss_best | dense --> trials\n<!-- pairs  -->\n<!-- end -->\n")
	code, _, errs := call(t, "", "study", "report", "--from", "second", "--text", "text.md")
	if code != exitFailure || !strings.Contains(errs, "line 1: it says 6.0, the results say 3.0") {
		t.Errorf("a wrong text: exit %d: %s", code, errs)
	}
	text, _ := os.ReadFile("text.md")
	if !strings.Contains(string(text), "| factored − dense |") {
		t.Errorf("the table is missing:\n%s", text)
	}
	for command, want := range map[string]string{
		"study report --from second --text none.md":       "none.md",
		"study report two --finished none":                "none",
		"study run two --finished text.md":                "want the directory of a study or of a report",
		"study report two --finished first --every 0":     "--every must be at least 1",
		"study run lm-quick --condition nobody --dry-run": "want one of dense; dense, small embedding; factored",
		"study report --from second --finished first":     "--finished is for a study",
	} {
		if code, _, errs := call(t, "", strings.Fields(command)...); code == exitDone || !strings.Contains(errs, want) {
			t.Errorf("%s: exit %d: %s", command, code, errs)
		}
	}
}

// TestRoughly: what takes no time is told from what takes little.
func TestRoughly(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", time.Nanosecond: "under 1s", 999 * time.Millisecond: "under 1s", time.Second: "1s", 1499 * time.Millisecond: "1s", 2*time.Minute + 700*time.Millisecond: "2m1s",
	} {
		if got := roughly(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}
