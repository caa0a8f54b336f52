package run

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/evorank/evorank/files"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/run/lineage"
	"github.com/evorank/evorank/run/lineage/lineagetest"
)

// elsewhere makes a run one of another kind of device.
func elsewhere(t *testing.T, dir string) {
	t.Helper()
	manifest, err := readManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	manifest.DeviceKind = "another"
	if err := manifest.write(dir); err != nil {
		t.Fatal(err)
	}
}

func TestDeviceChange(t *testing.T) {
	dir := train(t, "generations=3")
	elsewhere(t, dir)
	if _, err := Resume(dir, Options{Generations: 4}); KindOf(err) != BadDevice {
		t.Errorf("another kind of device: %v", err)
	}
	before := len(lineageOf(t, dir))
	r, err := Resume(dir, Options{Generations: 4, AllowDeviceChange: true})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if len(lineageOf(t, dir)) <= before {
		t.Error("the lineage is not marked")
	}
	if err := r.Train(context.Background(), func(Progress) {}); err != nil {
		t.Fatal(err)
	}
	if _, err := archive(t, dir).Verify(context.Background(), 5); err != nil {
		t.Errorf("a marked lineage: %v", err)
	}
}

// TestVerifyAcrossDevices: each generation is held to the device that computed
// it: bit for bit where the kind is the same, within the tolerance elsewhere.
func TestVerifyAcrossDevices(t *testing.T) {
	dir := train(t, "generations=3")
	otherBits := func() {
		lineagetest.Rewrite(t, LineagePath(dir), func(records []model.Record) {
			for i := range records {
				records[i].Fitness *= 1 + 1e-9
			}
		})
	}
	goOn := func() {
		r, err := Resume(dir, Options{Generations: 6, AllowDeviceChange: true})
		if err != nil {
			t.Fatal(err)
		}
		finish(t, r)
	}
	otherBits() // as if it had been computed elsewhere
	elsewhere(t, dir)
	goOn()
	a := archive(t, dir)
	here := a.Manifest.DeviceKind
	if a.Manifest.At(3).DeviceKind != "another" || here == "another" || a.Manifest.At(4).DeviceKind != here {
		t.Errorf("devices %s", a.Manifest.Devices())
	}
	v, err := a.Verify(context.Background(), 1000)
	if err != nil || v.SameKind || !(v.Largest > 0 && v.Tolerance > 0) {
		t.Errorf("%+v, %v", v, err)
	}
	otherBits()
	if _, err := a.Verify(context.Background(), 1000); KindOf(err) != BadData || !strings.Contains(err.Error(), "generation 6") || !strings.Contains(err.Error(), "accepted difference 0") {
		t.Errorf("other bits from the same kind of device: %v", err)
	}
	if err := lineage.TruncateAfter(LineagePath(dir), 2); err != nil {
		t.Fatal(err)
	}
	goOn() // generation 3 is computed again, here
	if a = archive(t, dir); a.Manifest.At(2).DeviceKind != "another" || a.Manifest.At(3).DeviceKind != here {
		t.Errorf("devices %s", a.Manifest.Devices())
	}
}

// TestDeviceChangeThatFails: a resume that comes to nothing leaves no mark.
func TestDeviceChangeThatFails(t *testing.T) {
	dir := train(t, "generations=3")
	lineagetest.Rewrite(t, LineagePath(dir), func(records []model.Record) {
		i := slices.IndexFunc(records, func(r model.Record) bool { return r.Selected == 0 })
		records[i].Digest++
	})
	os.RemoveAll(filepath.Join(dir, dirCheckpoints))
	elsewhere(t, dir)
	before := lineageOf(t, dir)
	if _, err := Resume(dir, Options{AllowDeviceChange: true}); KindOf(err) != BadData || !strings.Contains(err.Error(), "its genome gives digest") {
		t.Errorf("a wrong digest: %v", err)
	}
	if !bytes.Equal(lineageOf(t, dir), before) {
		t.Error("the lineage changed")
	}
}

// TestFailureSaysHowToGoOn, whatever failed; here it is no device.
func TestFailureSaysHowToGoOn(t *testing.T) {
	dir, err := trainOn(t, &failing{from: 3, fails: errors.New("something broke")})
	if want := "generation 3: something broke: evorank resume " + dir + " goes on after generation 2"; KindOf(err) != Failure || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestResumeSweeps what a process that was killed had half written.
func TestResumeSweeps(t *testing.T) {
	dir := train(t)
	left := []string{".run.json.tmp0", filepath.Join(dirCheckpoints, ".generation-000000003.safetensors.tmp0")}
	for _, name := range left {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("half"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	r, err := Resume(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	for _, name := range left {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s is still there", name)
		}
	}
}

// TestAnyDirectoryName: one with the signs of a pattern keeps as many
// checkpoints as any other.
func TestAnyDirectoryName(t *testing.T) {
	for _, name := range []string{"a[1", "a[1]", "*"} {
		dir := filepath.Join(t.TempDir(), name)
		r, err := Create(config(t, "execution.checkpoint_every=1"), "lm-quick", dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		finish(t, r)
		if kept, err := os.ReadDir(filepath.Join(dir, dirCheckpoints)); err != nil || len(kept) != keptCheckpoints {
			t.Errorf("%s: %d checkpoints, %v", name, len(kept), err)
		}
	}
}

// TestAlmostEmptyDirectory: what a process killed at its very beginning leaves
// stands in nobody's way; a file does, and is named.
func TestAlmostEmptyDirectory(t *testing.T) {
	dir := t.TempDir()
	lock, err := files.Acquire(dir)
	if err != nil {
		t.Fatal(err)
	}
	lock.Release()
	r, err := Create(config(t), "lm-quick", dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(config(t), "lm-quick", file, Options{}); KindOf(err) != BadConfig || !strings.Contains(err.Error(), file+": a file") {
		t.Errorf("a file: %v", err)
	}
}

// TestMissingConfig: a directory that lost its config says what is missing.
func TestMissingConfig(t *testing.T) {
	dir := train(t, "generations=1")
	path := filepath.Join(dir, fileResolved)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := Resume(dir, Options{}); KindOf(err) != BadData || !strings.Contains(err.Error(), path+": no such file or directory: restore") {
		t.Errorf("%v", err)
	}
}

// TestFindNamesTheFile: a lineage of which only the ancestry is wrong.
func TestFindNamesTheFile(t *testing.T) {
	dir := train(t, "generations=2")
	lineagetest.Rewrite(t, LineagePath(dir), func(records []model.Record) { records[11].Parent = 999 })
	for _, id := range []model.ID{0, 1} {
		if _, err := archive(t, dir).Find(0, id); KindOf(err) != BadData || !strings.Contains(err.Error(), LineagePath(dir)+": generation 2: individual") {
			t.Errorf("individual %d: %v", id, err)
		}
	}
}

// TestForeignLineage: another run's lineage is not taken for this one's.
func TestForeignLineage(t *testing.T) {
	dir := train(t, "generations=2")
	if err := os.WriteFile(LineagePath(dir), lineageOf(t, train(t, "generations=2", "seed=2")), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Resume(dir, Options{}); KindOf(err) != BadData || !strings.Contains(err.Error(), "it belongs to another config or text") {
		t.Errorf("%v", err)
	}
}

// TestChangedText: a run goes on with its own text only, wherever it lies now.
func TestChangedText(t *testing.T) {
	words := filepath.Join(train(t, "generations=1"), fileTokenizer)
	t.Chdir(t.TempDir()) // token caches lie below the working directory
	for name, text := range map[string]string{"own": "she saw a ball\nhe saw a bell\n", "other": "she saw a ball\nhe saw a fox\n"} {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	dir := train(t, "generations=1", "lm.data={corpus_stories: 0, text: own, format: lines, heldout: own, heldout_every: 1}", "lm.data.tokenizer="+words)
	for _, o := range []Options{{Text: "other"}, {Heldout: "other"}} {
		if _, err := Resume(dir, o); KindOf(err) != BadData || !strings.Contains(err.Error(), "text has changed: its digest is") {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if err := os.Rename("own", "moved"); err != nil {
		t.Fatal(err)
	}
	r, err := Resume(dir, Options{Text: "moved", Heldout: "moved", Generations: 2})
	if err != nil {
		t.Fatal(err)
	}
	finish(t, r)
}
