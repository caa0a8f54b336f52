package tokenizer

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
)

// Whatever the bytes, Read either refuses them in one line that names the file or
// gives a tokenizer that works and survives being written and read again.
func FuzzRead(f *testing.F) {
	f.Add([]byte(smallBPE))
	f.Add([]byte(smallWords))
	f.Add([]byte(strings.Replace(smallBPE, `["a b"]`, `[["a", "b"]]`, 1)))
	f.Add([]byte(strings.Replace(smallBPE, `{"type": "Lowercase"}`, `{"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "StripAccents"}]}`, 1)))
	f.Add([]byte(`{"version": "1.0", "model": {"vocab": {"\ud800": 0}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		defer func(begin time.Time) {
			if took := time.Since(begin); took > 10*time.Second {
				t.Errorf("%d bytes took %v", len(data), took)
			}
		}(time.Now())
		tok, err := Read(bytes.NewReader(data), "fuzz.json")
		if err != nil {
			if text := err.Error(); !strings.HasPrefix(text, "read tokenizer: fuzz.json: ") || strings.Contains(text, "\n") {
				t.Fatalf("error %q", text)
			}
			return
		}
		labels := tok.Encode("AB ab aab12 <s>ábc the\u0301 hen?" + string(data))
		for _, label := range labels {
			if label < 0 || int(label) >= tok.Labels() {
				t.Fatalf("label %d of %d", label, tok.Labels())
			}
		}
		if _, err := tok.Decode(labels); err != nil {
			t.Fatal(err)
		}
		var file bytes.Buffer
		if err := tok.Write(&file); err != nil {
			t.Fatal(err)
		}
		again, err := Read(&file, "again.json")
		if err != nil {
			t.Fatalf("what was written is not read: %v", err)
		}
		if again.Digest() != tok.Digest() {
			t.Fatal("writing and reading changed the tokenizer")
		}
	})
}

// prose is text like a story's, without being one.
func prose(b *testing.B) string {
	if data, err := os.ReadFile(sharedFile("tinystories-heldout.txt")); err == nil {
		return string(data)
	}
	b.Log("no stories at hand: repeating a sentence")
	return strings.Repeat("A small hen walked to the barn. \"Who is there?\" she asked, and nobody said a word.\n", 2500)
}

func BenchmarkEncode(b *testing.B) {
	tok, text := loadPaper(b), prose(b)
	var labels []int32
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		labels = tok.Append(labels[:0], text)
	}
}

// Without the cache: what a text pays in which no word comes twice.
func BenchmarkEncodeCold(b *testing.B) {
	tok, text := loadPaper(b), prose(b)
	var labels []int32
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		e := &encoder{}
		labels = labels[:0]
		eachChunk(text, func(chunk string) {
			tok.def.words(tok.def.normalize(chunk), func(word string) { labels = tok.model.appendWord(labels, word, e) })
		})
	}
}

func BenchmarkEncodeLongWord(b *testing.B) {
	tok, word := loadPaper(b), strings.Repeat("thereforeandcannot", 10_000)
	b.SetBytes(int64(len(word)))
	for b.Loop() {
		tok.Encode(word)
	}
}

func BenchmarkTrain(b *testing.B) {
	text := prose(b)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := Train(sequenceOf(text), Training{VocabSize: 2048}); err != nil {
			b.Fatal(err)
		}
	}
}
