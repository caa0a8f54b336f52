package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func sequenceOf(texts ...string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, text := range texts {
			if !yield(text, nil) {
				return
			}
		}
	}
}

// trainCase is a case of testdata/train-golden.json (see make_train_golden.py).
type trainCase struct {
	Texts     []string
	VocabSize int `json:"vocab_size"`
	MinCount  int `json:"min_count"`
	Vocab     []string
	Merges    [][2]string
	Words     []string
}

func TestTrainingEqualsTheLibrarys(t *testing.T) {
	if checked := checkTraining(t, "testdata/train-golden.json"); checked != 7 {
		t.Errorf("%d cases, want 7", checked)
	}
}

// The same on a thousand real stories, with a python3 that has the library.
func TestTrainingEqualsTheLibrarysOnStories(t *testing.T) {
	data, err := os.ReadFile(sharedFile("tinystories-train.txt"))
	if err != nil {
		t.Skipf("skipped 2 checks: %v", err)
	}
	if err := exec.Command("python3", "-c", "import tokenizers").Run(); err != nil {
		t.Skipf("skipped 2 checks: python3 has no tokenizers library: %v", err)
	}
	texts, err := json.Marshal([]map[string]any{{
		"texts": strings.Split(strings.TrimSuffix(string(data), "\n<|endoftext|>\n"), "\n<|endoftext|>\n"), "vocab_size": 2048, "min_count": 0,
	}})
	if err != nil {
		t.Fatal(err)
	}
	in, out := filepath.Join(t.TempDir(), "in.json"), filepath.Join(t.TempDir(), "out.json")
	if err := os.WriteFile(in, texts, 0o600); err != nil {
		t.Fatal(err)
	}
	if message, err := exec.Command("python3", "testdata/make_train_golden.py", in, out).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, message)
	}
	checkTraining(t, out)
}

// checkTraining compares with the cases of a file that make_train_golden.py made.
func checkTraining(t *testing.T, path string) int {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var cases []trainCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		o := Training{VocabSize: c.VocabSize, MinCount: c.MinCount}
		tok, err := Train(sequenceOf(c.Texts...), o)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(tok.def.vocab, c.Vocab) || !slices.Equal(tok.def.merges, c.Merges) {
			t.Errorf("case %d: BPE:\n got %q %q\nwant %q %q", i, tok.def.vocab, tok.def.merges, c.Vocab, c.Merges)
		}
		words, err := TrainWords(sequenceOf(c.Texts...), o)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(words.def.vocab, c.Words) {
			t.Errorf("case %d: words:\n got %q\nwant %q", i, words.def.vocab, c.Words)
		}
	}
	return len(cases)
}

// naiveMerges counts every pair of every word again before each merge.
func naiveMerges(words []counted, vocab []string, size int) (merges [][2]string) {
	ids := map[string]int{}
	for label, text := range vocab {
		ids[text] = label
	}
	split := make([][]string, len(words))
	for i, w := range words {
		split[i] = strings.Split(w.word, "")
	}
	for len(ids) < size {
		counts := map[[2]string]int{}
		for i, parts := range split {
			for at := 1; at < len(parts); at++ {
				counts[[2]string(parts[at-1:at+1])] += words[i].count
			}
		}
		best, most := [2]string{}, 0
		for p, n := range counts {
			sooner := []int{ids[p[0]], ids[p[1]]}
			if n > most || n == most && slices.Compare(sooner, []int{ids[best[0]], ids[best[1]]}) < 0 {
				best, most = p, n
			}
		}
		if most == 0 {
			return merges
		}
		merges = append(merges, best)
		ids[best[0]+best[1]] = len(ids)
		for i, parts := range split {
			var out []string
			for at := 0; at < len(parts); at++ {
				if at+1 < len(parts) && [2]string(parts[at:at+2]) == best {
					out = append(out, best[0]+best[1])
					at++
				} else {
					out = append(out, parts[at])
				}
			}
			split[i] = out
		}
	}
	return merges
}

func TestTrainingEqualsCountingAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.StringMatching(`[abc ]{1,30}d`), 1, 6).Draw(t, "texts")
		size := rapid.IntRange(9, 40).Draw(t, "size")
		tok, err := Train(sequenceOf(texts...), Training{VocabSize: size})
		if err != nil {
			t.Fatal(err)
		}
		def := newDefinition(bytePair)
		words, err := countWords(sequenceOf(texts...), &def)
		if err != nil {
			t.Fatal(err)
		}
		want := naiveMerges(words, append(def.vocab, alphabet(words)...), size)
		if !slices.Equal(tok.def.merges, want) {
			t.Fatalf("got %q\nwant %q", tok.def.merges, want)
		}
	})
}

// The counts that are changed with each merge are the true ones at the end.
func TestTrainingKeepsCountsRight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([ab]{1,12} ){1,10}`).Draw(t, "text")
		def := newDefinition(bytePair)
		words, err := countWords(sequenceOf(text), &def)
		if err != nil {
			t.Fatal(err)
		}
		def.vocab = append(def.vocab, alphabet(words)...)
		tr := newTrainer(&def, words)
		tr.learn(Training{VocabSize: rapid.IntRange(7, 20).Draw(t, "size")})
		want := map[pair]int{}
		for i, labels := range tr.words {
			for at := 1; at < len(labels); at++ {
				want[pair{labels[at-1], labels[at]}] += tr.counts[i]
			}
		}
		for p, o := range tr.pairs {
			if o.count != want[p] {
				t.Fatalf("%q: %d counted of %v, there are %d", text, o.count, p, want[p])
			}
		}
	})
}

// The order of texts, and how they are cut into texts at white space, does not
// matter; added tokens in the text teach nothing.
func TestTrainingDependsOnWordsAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.StringMatching(`[a-d]{1,8}[.,]?`), 1, 40).Draw(t, "words")
		shuffled := rapid.Permutation(words).Draw(t, "shuffled")
		o := Training{VocabSize: 50}
		for _, train := range []func(iter.Seq2[string, error], Training) (*Tokenizer, error){Train, TrainWords} {
			one, err := train(sequenceOf(strings.Join(words, " ")), o)
			if err != nil {
				t.Fatal(err)
			}
			many, err := train(sequenceOf(append(shuffled, "<|endoftext|><s>")...), o)
			if err != nil {
				t.Fatal(err)
			}
			if one.Digest() != many.Digest() {
				t.Fatalf("%q and %q train different tokenizers", words, shuffled)
			}
		}
	})
}

func TestTrainingErrors(t *testing.T) {
	broken := errors.New("text: line 7: broken")
	failing := func(yield func(string, error) bool) { _ = yield("some words", nil) && yield("", broken) }
	tests := []struct {
		name  string
		texts iter.Seq2[string, error]
		size  int
		want  string
	}{
		{"too small", sequenceOf("abc"), 7, "train tokenizer: a vocabulary of 7 labels is too small: specials and characters alone are 8"},
		{"no text", sequenceOf(), 100, "train tokenizer: the texts hold no word"},
		{"no word", sequenceOf(" ", "\n<s>"), 100, "train tokenizer: the texts hold no word"},
		{"failing texts", failing, 100, "text: line 7: broken"},
	}
	for _, test := range tests {
		if _, err := Train(test.texts, Training{VocabSize: test.size}); fmt.Sprint(err) != test.want {
			t.Errorf("%s: got %v, want %s", test.name, err, test.want)
		}
	}
	if _, err := TrainWords(sequenceOf("abc"), Training{VocabSize: 4}); err == nil {
		t.Error("a word vocabulary smaller than its specials was accepted")
	}
}

func TestTrainingTellsItsProgress(t *testing.T) {
	var told []int
	_, err := Train(sequenceOf("aaaa"), Training{VocabSize: 100, Progress: func(labels, wanted int) {
		told = append(told, labels, wanted)
	}})
	if want := []int{7, 100, 8, 100}; err != nil || !reflect.DeepEqual(told, want) {
		t.Errorf("told %v (%v), want %v", told, err, want)
	}
}
