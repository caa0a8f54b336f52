package run

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/evorank/evorank/configs"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/run/lineage"
)

// tiny is a run that takes a few milliseconds a generation.
var tiny = []string{
	"search={population: 12, survivors: 4}", "generations=8", "execution.checkpoint_every=3", "execution.threads=2",
	"lm.data={corpus_stories: 6, heldout_stories: 3, heldout_every: 4}", "lm.network={hidden: 8, heads: 2, head_dim: 3, ffn: 9, blocks: 1}",
	"lm.encoding={embedding: factored(2), attention: hybrid(1), feed_forward: factored(2)}",
}

func config(t testing.TB, settings ...string) configs.Config {
	t.Helper()
	return loaded(t, "lm-quick", tiny, settings)
}

// train makes a run of the config in a fresh directory and finishes it.
func train(t testing.TB, settings ...string) string {
	t.Helper()
	return made(t, config(t, settings...), "lm-quick")
}

// loaded is an embedded config, made small and changed. It stays on the CPU
// where there is a GPU too, unless a setting says otherwise.
func loaded(t testing.TB, name string, small, settings []string) configs.Config {
	t.Helper()
	c, err := configs.Load(name, slices.Concat([]string{"execution.device=cpu"}, small, settings))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// made is the directory of a finished run.
func made(t testing.TB, c configs.Config, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	r, err := Create(c, name, dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	finish(t, r)
	return dir
}

func finish(t testing.TB, r *Run) {
	t.Helper()
	defer r.Close()
	if err := r.Train(context.Background(), func(Progress) {}); err != nil {
		t.Fatal(err)
	}
}

func lineageOf(t testing.TB, dir string) []byte {
	t.Helper()
	b, err := os.ReadFile(LineagePath(dir))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestSameRunSameBytes: equal configs give equal lineages, whatever the number
// of threads, the form of the weights' application left alone; another seed
// gives other founders.
func TestSameRunSameBytes(t *testing.T) {
	dir := train(t)
	want := lineageOf(t, dir)
	for _, setting := range []string{"execution.threads=1", "execution.threads=5", "execution.checkpoint_every=0", "lm.data.heldout_every=0"} {
		if !bytes.Equal(lineageOf(t, train(t, setting)), want) {
			t.Errorf("%s changes the lineage", setting)
		}
	}
	if slices.Equal(foundersOf(t, train(t, "seed=2")), foundersOf(t, dir)) {
		t.Error("another seed gives the same founders")
	}
}

// interrupted trains and cancels after a generation, then resumes to the end.
func interrupted(t *testing.T, after model.Generation, spoil func(dir string), settings ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	r, err := Create(config(t, settings...), "lm-quick", dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	err = r.Train(ctx, func(p Progress) {
		if p.Generation == after {
			cancel()
		}
	})
	if KindOf(err) != Stopped {
		t.Fatalf("cancelled run ended with %v", err)
	}
	r.Close()
	spoil(dir)
	r, err = Resume(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if r.Generation() > after {
		t.Fatalf("resumes at generation %d, stopped after %d", r.Generation(), after)
	}
	if err := r.Train(context.Background(), func(Progress) {}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestResumeEqualsNeverStopped: with checkpoints, without, with a damaged one,
// with a half-written generation and with metrics that ran ahead.
func TestResumeEqualsNeverStopped(t *testing.T) {
	for _, rotating := range []string{"lm.data.per_generation=0", "lm.data.per_generation=4"} {
		want := lineageOf(t, train(t, rotating))
		for name, spoil := range map[string]func(dir string){
			"untouched":      func(string) {},
			"no checkpoints": func(dir string) { os.RemoveAll(filepath.Join(dir, dirCheckpoints)) },
			"damaged checkpoint": func(dir string) {
				path := checkpointPath(dir, 5)
				b, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				for at := 8 + int(binary.LittleEndian.Uint64(b)); at < len(b); at += 4 {
					b[at] ^= 1 // of every number of every parent
				}
				os.WriteFile(path, b, 0o666)
			},
			"half a generation": func(dir string) { appendTo(t, LineagePath(dir), want[len(lineageOf(t, dir)):][:100]) },
			"metrics lost":      func(dir string) { os.Remove(filepath.Join(dir, fileMetrics)) },
			"metrics ahead": func(dir string) {
				appendTo(t, filepath.Join(dir, fileMetrics), []byte(`{"generation":6,"loss_best":1}`+"\n"+`{"gener`))
			},
		} {
			dir := interrupted(t, 5, spoil, rotating)
			if !bytes.Equal(lineageOf(t, dir), want) {
				t.Errorf("%s, %s: the lineage differs from an uninterrupted run's", rotating, name)
			}
			metrics, err := os.ReadFile(filepath.Join(dir, fileMetrics))
			if err != nil {
				t.Fatal(err)
			}
			if lines := strings.Count(string(metrics), "\n"); lines != 8 || strings.Contains(string(metrics), `"loss_best":1}`) {
				t.Errorf("%s, %s: metrics.jsonl:\n%s", rotating, name, metrics)
			}
		}
	}
}

func appendTo(t *testing.T, path string, text []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(text); err != nil {
		t.Fatal(err)
	}
}

// TestExtend: a finished run resumed with more generations equals one that was
// made that long.
func TestExtend(t *testing.T) {
	dir := train(t, "generations=4")
	r, err := Resume(dir, Options{Generations: 8})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Train(context.Background(), func(Progress) {}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(lineageOf(t, dir), lineageOf(t, train(t))) {
		t.Error("the lineage differs from that of a run of 8 generations")
	}
}

func archive(t testing.TB, dir string) *Archive {
	t.Helper()
	a, err := OpenArchive(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// language returns the task of a run of stories.
func language(t testing.TB, a *Archive) *LanguageModel {
	t.Helper()
	task, err := a.Experiment.LanguageModel()
	if err != nil {
		t.Fatal(err)
	}
	return task
}

func TestVerify(t *testing.T) {
	dir := train(t)
	v, err := archive(t, dir).Verify(context.Background(), 30)
	if err != nil {
		t.Fatal(err)
	}
	if v.Generations != 8 || v.Records != 96 || v.Rebuilt < 30 || v.Digests < 5 || v.Largest != 0 || !v.SameKind {
		t.Errorf("%+v", v)
	}
}

// TestFind: the best of the last generation by default, anybody by id, with
// the genome that leads to the recorded fitness.
func TestFind(t *testing.T) {
	a := archive(t, train(t))
	last, err := a.Find(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if last.Generation != 8 || last.Selected != 0 {
		t.Errorf("the best is %+v", last.Record)
	}
	third, err := a.Find(3, 0)
	if err != nil || third.Generation != 3 || !(third.Fitness <= last.Fitness) {
		t.Errorf("the best of generation 3 is %+v, %v", third.Record, err)
	}
	same, err := a.Find(3, third.ID)
	if err != nil || same.ID != third.ID || len(same.Genome) != len(third.Genome) {
		t.Errorf("by id it is %+v, %v", same, err)
	}
	n, err := a.Network(third)
	if err != nil {
		t.Fatal(err)
	}
	d, err := a.Experiment.device()
	if err != nil {
		t.Fatal(err)
	}
	if err := a.LoadData(); err != nil {
		t.Fatal(err)
	}
	e, err := n.Score(context.Background(), language(t, a).Train, d)
	if err != nil || !(math.Abs(e.Loss+float64(third.Fitness)) <= 1e-12) {
		t.Errorf("its loss is %v (%v), the lineage has %v", e.Loss, err, -third.Fitness)
	}
	for _, c := range []struct {
		g  model.Generation
		id model.ID
	}{{9, 0}, {-1, 0}, {3, 9999}} {
		if _, err := a.Find(c.g, c.id); KindOf(err) != BadData {
			t.Errorf("generation %d individual %d: %v", c.g, c.id, err)
		}
	}
}

// TestLock: a second process (here: a second run object) is refused.
func TestLock(t *testing.T) {
	dir := train(t)
	r, err := Resume(dir, Options{Generations: 9})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := Resume(dir, Options{}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("a second process on the run: %v", err)
	}
}

// TestRefusals: nothing is overwritten, and errors say what to do.
func TestRefusals(t *testing.T) {
	dir := train(t)
	before := lineageOf(t, dir)
	if _, err := Create(config(t), "lm-quick", dir, Options{}); KindOf(err) != BadConfig {
		t.Errorf("a directory that exists: %v", err)
	}
	if _, err := Resume(t.TempDir(), Options{}); KindOf(err) != BadData {
		t.Errorf("an empty directory: %v", err)
	}
	if _, err := Create(config(t, "lm.data.corpus_stories=0"), "lm-quick", filepath.Join(t.TempDir(), "x"), Options{}); KindOf(err) != BadData {
		t.Errorf("no data: %v", err)
	}
	if _, err := Create(config(t, "execution.device=cuda:99"), "lm-quick", filepath.Join(t.TempDir(), "x"), Options{}); KindOf(err) != BadDevice {
		t.Errorf("no such device: %v", err)
	}
	if _, err := Create(config(t, "lm.data.max_tokens=5"), "lm-quick", filepath.Join(t.TempDir(), "x"), Options{}); err != nil {
		t.Errorf("the bound on stories is for texts from outside: %v", err)
	}
	if !bytes.Equal(lineageOf(t, dir), before) {
		t.Error("the lineage changed")
	}
	resolved := filepath.Join(dir, fileResolved)
	text, _ := os.ReadFile(resolved)
	os.WriteFile(resolved, bytes.Replace(text, []byte("\nseed: 1"), []byte("\nseed: 2"), 1), 0o666)
	if _, err := Resume(dir, Options{}); KindOf(err) != BadData || !strings.Contains(err.Error(), "has changed since the run began") {
		t.Errorf("a changed config: %v", err)
	}
}

// TestDamagedLineage: every flipped byte is an error that names the file, for
// resume and verify, and the file stays as it is.
func TestDamagedLineage(t *testing.T) {
	dir := train(t, "generations=2")
	good := lineageOf(t, dir)
	for at := 0; at < len(good); at += 97 {
		bad := bytes.Clone(good)
		bad[at] ^= 1
		os.WriteFile(LineagePath(dir), bad, 0o666)
		_, err := Resume(dir, Options{})
		if KindOf(err) != BadData || !strings.Contains(err.Error(), fileLineage) {
			t.Fatalf("byte %d flipped: %v", at, err)
		}
		if !bytes.Equal(lineageOf(t, dir), bad) {
			t.Fatalf("byte %d flipped: resume changed the file", at)
		}
	}
}

// TestShortenedLineage: whole generations cut off are noticed, and computed
// again by resume, which remembers how long the run was to be.
func TestShortenedLineage(t *testing.T) {
	dir := train(t, "generations=2")
	r, err := Resume(dir, Options{Generations: 5})
	if err != nil {
		t.Fatal(err)
	}
	finish(t, r)
	whole := lineageOf(t, dir)
	if err := lineage.TruncateAfter(LineagePath(dir), 3); err != nil {
		t.Fatal(err)
	}
	if _, err := archive(t, dir).Verify(context.Background(), 2); KindOf(err) != BadData || !strings.Contains(err.Error(), "ends with generation 3") {
		t.Errorf("verify of a shortened lineage: %v", err)
	}
	r, err = Resume(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	finish(t, r)
	if !bytes.Equal(lineageOf(t, dir), whole) {
		t.Error("resumed, it is not the run that it was")
	}
}

func TestEstimate(t *testing.T) {
	clock := time.Unix(0, 0)
	o := Options{Now: func() time.Time { clock = clock.Add(time.Second); return clock }}
	c, err := Estimate(context.Background(), config(t), o)
	if err != nil {
		t.Fatal(err)
	}
	evaluations := 12 + 7*8
	if want := time.Duration(evaluations) * time.Second; c.Duration != want {
		t.Errorf("%d evaluations of a second each take %v", evaluations, c.Duration)
	}
}

// TestEstimateIsWarm: of short evaluations the first, slow one does not decide.
func TestEstimateIsWarm(t *testing.T) {
	clock, asked := time.Unix(0, 0), 0
	o := Options{Now: func() time.Time {
		switch asked++; {
		case asked == 3: // the first evaluation ends
			clock = clock.Add(60 * time.Millisecond)
		case asked%2 == 1:
			clock = clock.Add(10 * time.Millisecond)
		}
		return clock
	}}
	c, err := Estimate(context.Background(), config(t), o)
	if want := (12 + 7*8) * 10 * time.Millisecond; err != nil || c.Duration != want {
		t.Errorf("%v, want %v (%v)", c.Duration, want, err)
	}
}

// TestSummariseUnfit: individuals without a finite loss are counted, and leave
// the statistics of the others alone.
func TestSummariseUnfit(t *testing.T) {
	nan := model.Fitness(math.NaN())
	p := summarise(lossWords, 1, []model.Record{{ID: 1, Fitness: nan}, {ID: 2, Fitness: -4}, {ID: 3, Fitness: -2}, {ID: 4, Fitness: -2}, {ID: 5, Fitness: model.Fitness(math.Inf(-1))}})
	if p.Unfit != 2 || p.BestID != 3 || p.Best != 2 || p.Median != 2 || p.Worst != 4 || !(math.Abs(float64(p.Mean)-8.0/3) <= 1e-15 && math.Abs(float64(p.Std)-math.Sqrt(8.0/9)) <= 1e-15) {
		t.Errorf("%+v", p)
	}
	if even := summarise(lossWords, 1, []model.Record{{ID: 1, Fitness: -4}, {ID: 2, Fitness: -1}, {ID: 3, Fitness: -2}, {ID: 4, Fitness: -8}}); even.Median != 3 {
		t.Errorf("the median of 1, 2, 4 and 8 is %v", even.Median)
	}
	if none := summarise(lossWords, 1, []model.Record{{Fitness: nan}}); none.Unfit != 1 || !math.IsNaN(float64(none.Best)) {
		t.Errorf("%+v", none)
	}
}
