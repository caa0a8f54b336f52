package tokenizer

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// naiveWord merges by looking for the best pair of the whole word each time.
func naiveWord(m *bpe, word string) (labels []int32) {
	for _, char := range word {
		if label, ok := m.characters[char]; ok {
			labels = append(labels, label)
		}
	}
	for {
		best, at := merge{rank: 1 << 30}, -1
		for i := 1; i < len(labels); i++ {
			if found, ok := m.merges[pair{labels[i-1], labels[i]}]; ok && found.rank < best.rank {
				best, at = found, i-1
			}
		}
		if at < 0 {
			return labels
		}
		labels = slices.Replace(labels, at, at+2, best.label)
	}
}

func TestMergingEqualsLookingForTheBestPair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.StringMatching(`[abc]{1,12}`), 1, 8).Draw(t, "texts")
		tok, err := Train(sequenceOf(texts...), Training{VocabSize: rapid.IntRange(8, 40).Draw(t, "size")})
		if err != nil {
			t.Fatal(err)
		}
		word := rapid.StringMatching(`[abcd]{0,200}`).Draw(t, "word")
		if got, want := tok.Encode(word), naiveWord(tok.model.(*bpe), word); !slices.Equal(got, want) {
			t.Fatalf("got %v\nwant %v", got, want)
		}
	})
}

// Cutting a text anywhere at white space changes nothing: what the cache of
// chunks relies on.
func TestEncodingIsLocal(t *testing.T) {
	tok := loadPaper(t)
	rapid.Check(t, func(t *rapid.T) {
		left, right := rapid.String().Draw(t, "left"), rapid.String().Draw(t, "right")
		gap := rapid.SampledFrom([]string{" ", "\n", "\t", "\r\n", "\v\f"}).Draw(t, "gap")
		whole := left + gap + right
		normal := tok.def.normalize(whole)
		var plain []int32
		e := &encoder{}
		tok.def.words(normal, func(word string) { plain = tok.model.appendWord(plain, word, e) })
		if got := tok.Encode(whole); !slices.Equal(got, plain) {
			t.Fatalf("%+q: chunk by chunk %v, in one piece %v", whole, got, plain)
		}
	})
}

func TestAddedTokensAreFoundFirst(t *testing.T) {
	tests := []struct {
		text string
		want []int32
	}{
		{"ab<s>AB", []int32{3, 0, 3}},
		{"a<S>b", []int32{1, 2}}, // another case: not the token
		{"a<x><x>b", []int32{1, 4, 4, 2}},
		{"<x", nil},
		{"<<x>", []int32{4}},
		{"ab ab", []int32{3, 3}},
		{"acb", []int32{3}}, // the unknown character is dropped before merging
		{"a1b", []int32{1, 2}},
		{"", nil},
	}
	tok := readText(t, smallBPE)
	for _, test := range tests {
		if got := tok.Encode(test.text); !slices.Equal(got, test.want) {
			t.Errorf("%q: got %v, want %v", test.text, got, test.want)
		}
	}
	longest := strings.Replace(smallBPE, `"content": "<x>"`, `"content": "<s>>"`, 1)
	if got := readText(t, longest).Encode("<s><s>>"); !slices.Equal(got, []int32{0, 4}) {
		t.Errorf("the longest added token does not win: %v", got)
	}
}

func TestWordTokenizer(t *testing.T) {
	tok := readText(t, smallWords)
	if got, want := tok.Encode("the hen, the Hen"), []int32{1, 2, 0, 1, 0}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if _, ok := tok.EndOfText(); ok {
		t.Error("found an end-of-text label where there is none")
	}
}

func TestLowercaseOfOneCharacter(t *testing.T) {
	if got, want := lower("İI ΣΑΣ K"), "i\u0307i σασ k"; got != want {
		t.Errorf("got %+q, want %+q", got, want)
	}
}

func TestDecode(t *testing.T) {
	tok := loadPaper(t)
	tests := []struct{ text, want string }{
		{"", ""},
		{"One day, a girl.", "one day, a girl."},
		{`"Hi," said Tim.<|endoftext|>`, `" hi," said tim. <|endoftext|>`},
		{"dog (cat) “dog” dog's", "dog ( cat) “ dog” dog' s"},
	}
	for _, test := range tests {
		if got, err := tok.Decode(tok.Encode(test.text)); err != nil || got != test.want {
			t.Errorf("%q: got %q (%v), want %q", test.text, got, err, test.want)
		}
	}
	for _, labels := range [][]int32{{5, 2048}, {-1}} {
		if _, err := tok.Decode(labels); err == nil || !strings.Contains(err.Error(), "labels are 0 to 2047") {
			t.Errorf("%v: got %v", labels, err)
		}
	}
}

func TestModelIDs(t *testing.T) {
	tok := loadPaper(t)
	end, ok := tok.EndOfText()
	if !ok || end != 4 || tok.Labels() != 2048 || tok.Vocabulary() != 2051 {
		t.Fatalf("end of text %d %t, %d labels, vocabulary %d", end, ok, tok.Labels(), tok.Vocabulary())
	}
	if got, want := ModelIDs(nil, []int32{0, 42}, end), []int32{1, 3, 45, 7, 2}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := ModelIDs([]int32{9}, nil, NoEndOfText), []int32{9, 1, 2}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestEncodeConcurrently(t *testing.T) {
	tok, g := loadPaper(t), readGolden(t)
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range 200 {
				s := g.Strings[(i*7+worker)%len(g.Strings)]
				if got := tok.Encode(s.Text); !slices.Equal(got, s.IDs) {
					t.Errorf("%+q: got %v, want %v", s.Text, got, s.IDs)
				}
			}
		})
	}
	all.Wait()
}

// The cache must not grow with the text.
func TestCacheIsBounded(t *testing.T) {
	tok := readText(t, smallBPE)
	e := &encoder{chunks: map[string]encoded{}}
	for i := range maxChunks + 10 {
		tok.appendChunk(nil, fmt.Sprint("ab", i), e)
	}
	if len(e.chunks) > maxChunks {
		t.Errorf("%d chunks cached, at most %d are allowed", len(e.chunks), maxChunks)
	}
	before := len(e.chunks)
	tok.appendChunk(nil, strings.Repeat("a", maxChunk+1), e)
	if len(e.chunks) != before {
		t.Error("a long chunk was cached")
	}
}

// A million letters without a space take about a second; were merging quadratic,
// it would be an hour.
func TestLongWordIsNotQuadratic(t *testing.T) {
	tok := loadPaper(t)
	begin := time.Now()
	labels := tok.Encode(strings.Repeat("thereforeandcannot", 1_000_000/18))
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("%d labels of one word took %v", len(labels), took)
	}
}

// The library reads what Write writes, and encodes alike. It needs a python3 that
// has the library.
func TestLibraryReadsWhatIsWritten(t *testing.T) {
	g := readGolden(t)
	if err := exec.Command("python3", "-c", "import tokenizers").Run(); err != nil {
		t.Skipf("skipped %d checks: python3 has no tokenizers library: %v", 3*len(g.Strings), err)
	}
	var texts []string
	for _, s := range g.Strings {
		texts = append(texts, s.Text)
	}
	trained, err := Train(sequenceOf(texts...), Training{VocabSize: 1200})
	if err != nil {
		t.Fatal(err)
	}
	words, err := TrainWords(sequenceOf(texts...), Training{VocabSize: 100})
	if err != nil {
		t.Fatal(err)
	}
	for name, tok := range map[string]*Tokenizer{"paper": loadPaper(t), "trained": trained, "words": words} {
		path := filepath.Join(t.TempDir(), name+".json")
		writeTo(t, path, tok)
		for i, want := range libraryEncodes(t, path, texts) {
			if got := tok.Encode(texts[i]); !slices.Equal(got, want) {
				t.Errorf("%s: %+q: got %v, the library gives %v", name, texts[i], got, want)
			}
		}
	}
}

func writeTo(t *testing.T, path string, tok *Tokenizer) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := tok.Write(f); err != nil {
		t.Fatal(err)
	}
}

func libraryEncodes(t *testing.T, path string, texts []string) (ids [][]int32) {
	t.Helper()
	input, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("python3", "testdata/encode.py", path)
	cmd.Stdin = strings.NewReader(string(input))
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &ids); err != nil || len(ids) != len(texts) {
		t.Fatalf("%d lists of ids for %d texts (%v)", len(ids), len(texts), err)
	}
	return ids
}

// TestCoverage counts what a tokenizer does not know, word by word or character
// by character, whether a chunk is new or remembered; added tokens are no part of
// the text.
func TestCoverage(t *testing.T) {
	text := sequenceOf("ab ba ab")
	bpe, err := Train(text, Training{VocabSize: 9})
	if err != nil {
		t.Fatal(err)
	}
	words, err := TrainWords(text, Training{VocabSize: 9})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		tok  *Tokenizer
		text string
		want Coverage
		unit string
	}{
		{bpe, "ab xaéa <|endoftext|> ab xaéa", Coverage{12, 4}, "characters"},
		{words, "ab xaéa <|endoftext|> ab xaéa", Coverage{4, 2}, "words"},
		{words, " <|endoftext|>", Coverage{}, "words"},
	} {
		for range 2 {
			if _, got := c.tok.AppendCovered(nil, c.text); got != c.want || c.tok.Unit() != c.unit {
				t.Errorf("%q: %+v %s, want %+v %s", c.text, got, c.tok.Unit(), c.want, c.unit)
			}
		}
	}
	if got := (Coverage{8, 2}).Share() + (Coverage{}).Share(); got != 0.25 {
		t.Errorf("shares: %v", got)
	}
}
