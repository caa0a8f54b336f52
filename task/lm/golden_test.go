package lm

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/evorank/evorank/kernels/develop"
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/kernels/vector"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/task/lm/text"
	"github.com/evorank/evorank/task/lm/tokenizer"
)

// goldenText is testdata/lm-golden.json: PyTorch's float64 losses of networks
// on stories that are not part of the repository.
type goldenText struct {
	Text []goldenRecord
}

type goldenRecord struct {
	Net, Text string
	Skip      int
	EOT       bool
	Targets   int
	MeanLoss  float64 `json:"mean_loss"`
	Stories   []struct {
		Length, Targets int
		Hash            string `json:"ids_fnv64"`
		Loss            float64
	}
}

const (
	goldenNets = "../../kernels/transformer/testdata/nets"
	// Largest differences of a story's loss from PyTorch's float64.
	tolerance64, tolerance32 = 1e-9, 2e-5
)

// TestGoldenText evaluates every record of the golden file in both precisions,
// in float32 with every instruction set of this processor and both ways to
// apply factors.
func TestGoldenText(t *testing.T) {
	data, err := os.ReadFile("testdata/lm-golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden goldenText
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Text) != 12 {
		t.Fatalf("%d records, want 12", len(golden.Text))
	}
	if _, err := os.Stat(sharedFile(golden.Text[0].Text)); err != nil {
		checks := 0
		for _, r := range golden.Text {
			checks += len(r.Stories)
		}
		t.Skipf("%d losses not checked: %v", checks, err)
	}
	for _, r := range golden.Text {
		t.Run(fmt.Sprintf("%s/eot=%v", r.Net, r.EOT), func(t *testing.T) {
			t.Parallel()
			testGoldenRecord(t, r)
		})
	}
}

// sharedFile finds a data file. A relative EVORANK_SHARED starts at the
// repository's root.
func sharedFile(name string) string {
	dir := cmp.Or(os.Getenv("EVORANK_SHARED"), "../shared")
	if !filepath.IsAbs(dir) {
		dir = filepath.Join("../..", dir)
	}
	return filepath.Join(dir, "data", name)
}

func testGoldenRecord(t *testing.T, r goldenRecord) {
	stories := goldenStories(t, r)
	data := Data{Train: transformer.Sequences{IDs: stories.IDs, Start: stories.Start}}
	cases := model.Cases{First: r.Skip, Count: len(r.Stories)}
	check := func(o Options, tolerance float64) {
		sum := 0.0
		for i, loss := range perStory(t, r.Net, data, cases, o) {
			if want := r.Stories[i].Loss; !(math.Abs(loss-want) <= tolerance) {
				t.Errorf("%+v: story %d: loss %.12f, want %.12f", o, i, loss, want)
			}
			sum += loss
		}
		if mean := sum / float64(cases.Count); !(math.Abs(mean-r.MeanLoss) <= tolerance) {
			t.Errorf("%+v: mean loss %.12f, want %.12f", o, mean, r.MeanLoss)
		}
	}
	check(Options{Precision: "fp64"}, tolerance64)
	for _, isa := range vector.InstructionSets() {
		for _, a := range []transformer.Application{transformer.Auto, transformer.Materialised, transformer.Factored} {
			if isa != vector.Generic { // the plain loops would take minutes
				check(Options{Precision: "fp32", Application: a, ISA: isa}, tolerance32)
			}
		}
	}
	if r.Net == "factored.safetensors" && r.EOT {
		check(Options{Precision: "fp32", Application: transformer.Auto, ISA: vector.Generic}, tolerance32)
	}
}

// goldenStories are a record's stories as model ids, compared with its hashes.
func goldenStories(t *testing.T, r goldenRecord) *text.Stories {
	t.Helper()
	tok, err := tokenizer.Load("tokenizer/testdata/tokenizer-bpe2048.json")
	if err != nil {
		t.Fatal(err)
	}
	reader, err := text.Source{Path: sharedFile(r.Text), Format: text.Separated, Limit: r.Skip + len(r.Stories)}.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	stories, err := text.Pack(reader.All(), text.Encoding{Tokenizer: tok, EndOfText: r.EOT})
	if err != nil {
		t.Fatal(err)
	}
	targets := 0
	for i, want := range r.Stories {
		ids := stories.Story(r.Skip + i)
		targets += len(ids) - 1
		if got := fmt.Sprintf("%016x", fnv64(ids)); got != want.Hash || len(ids) != want.Length {
			t.Fatalf("story %d: %d ids with hash %s, want %d, %s", i, len(ids), got, want.Length, want.Hash)
		}
	}
	if targets != r.Targets {
		t.Fatalf("%d targets, want %d", targets, r.Targets)
	}
	return stories
}

// fnv64 is FNV-1a over ids as little-endian uint32.
func fnv64(ids []int32) uint64 {
	h := uint64(0xCBF29CE484222325)
	for _, id := range ids {
		for shift := 0; shift < 32; shift += 8 {
			h = (h ^ uint64(uint32(id)>>shift&0xFF)) * 0x100000001B3
		}
	}
	return h
}

// perStory evaluates a golden network as a population's evaluator would.
func perStory(t *testing.T, net string, data Data, cases model.Cases, o Options) []float64 {
	t.Helper()
	f, err := model.ReadSafetensors(filepath.Join(goldenNets, net))
	if err != nil {
		t.Fatal(err)
	}
	n, err := model.ImportTransformer(f, model.Initialisation{}, model.MutationRates{})
	if err != nil {
		t.Fatal(err)
	}
	phenotype := make([]float32, n.Layout.Phenotype)
	develop.Phenotype(phenotype, n.Genotype, n.Layout)
	losses := make([]float64, cases.Count)
	loader(Bind(n.Transformer, n.Layout, n.Genotype, phenotype), o)().Losses(data.Train, cases.First, cases.First+cases.Count, losses)
	return losses
}
