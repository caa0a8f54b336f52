package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
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
	data, err := os.ReadFile("testdata/train-golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []trainCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) != 7 {
		t.Fatalf("%d cases, want 7", len(cases))
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
		if !slices.Contains(merges, best) {
			merges = append(merges, best)
		}
		if joined := best[0] + best[1]; ids[joined] == 0 {
			ids[joined] = len(ids)
		}
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
