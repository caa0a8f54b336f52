package tokenizer

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const smallBPE = `{
 "version": "1.0",
 "truncation": null,
 "padding": null,
 "added_tokens": [
  {"id": 0, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
  {"id": 4, "content": "<x>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
 "normalizer": {"type": "Lowercase"},
 "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Whitespace"}, {"type": "Digits", "individual_digits": true}]},
 "post_processor": null,
 "decoder": null,
 "model": {
  "type": "BPE",
  "dropout": null,
  "vocab": {"<s>": 0, "a": 1, "b": 2, "ab": 3},
  "merges": ["a b"]
 }
}`

const smallWords = `{
 "version": "1.0",
 "added_tokens": [],
 "normalizer": null,
 "pre_tokenizer": {"type": "Whitespace"},
 "model": {"type": "WordLevel", "vocab": {"?": 0, "the": 1, "hen": 2}, "unk_token": "?"}
}`

func TestReadRefusesByName(t *testing.T) {
	tests := []struct{ name, file, old, new, want string }{
		{"version", smallBPE, `"version": "1.0"`, `"version": "2.0"`, `version: "2.0" is not supported (only "1.0")`},
		{"no version", smallBPE, `"version": "1.0",`, ``, `version: missing`},
		{"truncation", smallBPE, `"truncation": null`, `"truncation": {"max_length": 5}`, `truncation: {"max_length":5} is not supported (only null)`},
		{"padding", smallBPE, `"padding": null`, `"padding": {"strategy": "BatchLongest"}`, `padding: {"strategy":"BatchLongest"} is not supported (only null)`},
		{"post-processor", smallBPE, `"post_processor": null`, `"post_processor": {"type": "TemplateProcessing"}`, `post_processor: "TemplateProcessing" is not supported (only null)`},
		{"decoder", smallBPE, `"decoder": null`, `"decoder": {"type": "ByteLevel"}`, `decoder: "ByteLevel" is not supported (only null)`},
		{"unknown member", smallBPE, `"decoder": null`, `"decoder": null, "extra": 1`, `extra: 1 is not supported (unknown name)`},
		{"a member twice", smallBPE, `"decoder": null`, `"decoder": null, "decoder": null`, `decoder: appears twice`},

		{"added token flag", smallBPE, `"lstrip": false`, `"lstrip": true`, `added_tokens[0].lstrip: true is not supported (only false)`},
		{"normalized added token", smallBPE, `"normalized": false`, `"normalized": true`, `added_tokens[0].normalized: true is not supported (only false)`},
		{"ordinary added token", smallBPE, `"special": true`, `"special": false`, `added_tokens[0].special: false is not supported (only true)`},
		{"missing flag", smallBPE, `"single_word": false, `, ``, `added_tokens[0].single_word: missing`},
		{"added token elsewhere", smallBPE, `"id": 0, "content": "<s>"`, `"id": 1, "content": "<s>"`, `added_tokens[0].id: "<s>" has id 1, but 0 is expected`},
		{"gap before added token", smallBPE, `"id": 4`, `"id": 5`, `added_tokens[1].id: "<x>" has id 5, but 4 is expected`},
		{"added token twice", smallBPE, `"id": 4, "content": "<x>"`, `"id": 0, "content": "<s>"`, `added_tokens[1].content: "<s>" appears twice`},
		{"empty added token", smallBPE, `"content": "<x>"`, `"content": ""`, `added_tokens[1].content: empty`},
		{"added tokens of another kind", smallWords, `"added_tokens": []`, `"added_tokens": {}`, `added_tokens: {} is not a list`},

		{"normalizer", smallBPE, `{"type": "Lowercase"}`, `{"type": "BertNormalizer", "lowercase": true}`, `normalizer.type: "BertNormalizer" is not supported (only NFD, Lowercase, StripAccents)`},
		{"normalizer in a sequence", smallBPE, `{"type": "Lowercase"}`, `{"type": "Sequence", "normalizers": [{"type": "Lowercase"}, {"type": "NFKC"}]}`, `normalizer.normalizers[1].type: "NFKC" is not supported (only NFD, Lowercase, StripAccents)`},
		{"sequence in a sequence", smallBPE, `{"type": "Lowercase"}`, `{"type": "Sequence", "normalizers": [{"type": "Sequence", "normalizers": []}]}`, `normalizer.normalizers[0].type: "Sequence" is not supported (only NFD, Lowercase, StripAccents)`},
		{"NFD alone", smallBPE, `{"type": "Lowercase"}`, `{"type": "NFD"}`, `normalizer: NFD without StripAccents after it is not supported`},
		{"normalizer option", smallBPE, `{"type": "Lowercase"}`, `{"type": "Lowercase", "locale": "tr"}`, `normalizer.locale: "tr" is not supported (unknown name)`},

		{"pre-tokenizer", smallWords, `{"type": "Whitespace"}`, `{"type": "ByteLevel"}`, `pre_tokenizer.type: "ByteLevel" is not supported (only Whitespace, Digits)`},
		{"no pre-tokenizer", smallWords, `{"type": "Whitespace"}`, `null`, `pre_tokenizer: text that is not split by Whitespace is not supported`},
		{"digits alone", smallWords, `{"type": "Whitespace"}`, `{"type": "Digits", "individual_digits": true}`, `pre_tokenizer: text that is not split by Whitespace is not supported`},
		{"digits in runs", smallBPE, `"individual_digits": true`, `"individual_digits": false`, `pre_tokenizer.pretokenizers[1].individual_digits: false is not supported (only true)`},

		{"model", smallBPE, `"type": "BPE"`, `"type": "Unigram"`, `model.type: "Unigram" is not supported (only BPE, WordLevel)`},
		{"no model type", smallBPE, `"type": "BPE",`, ``, `model.type: missing`},
		{"dropout", smallBPE, `"dropout": null`, `"dropout": 0.1`, `model.dropout: 0.1 is not supported (only null)`},
		{"unknown token", smallBPE, `"dropout": null`, `"unk_token": "<s>"`, `model.unk_token: "<s>" is not supported (only null)`},
		{"prefix", smallBPE, `"dropout": null`, `"continuing_subword_prefix": "##"`, `model.continuing_subword_prefix: "##" is not supported (only null or "")`},
		{"suffix", smallBPE, `"dropout": null`, `"end_of_word_suffix": "</w>"`, `model.end_of_word_suffix: "</w>" is not supported (only null or "")`},
		{"fused unknown", smallBPE, `"dropout": null`, `"fuse_unk": true`, `model.fuse_unk: true is not supported (only false)`},
		{"byte fallback", smallBPE, `"dropout": null`, `"byte_fallback": true`, `model.byte_fallback: true is not supported (only false)`},
		{"ignored merges", smallBPE, `"dropout": null`, `"ignore_merges": true`, `model.ignore_merges: true is not supported (only false)`},
		{"unknown model member", smallBPE, `"dropout": null`, `"cache": 5`, `model.cache: 5 is not supported (unknown name)`},
		{"merges of a word model", smallWords, `"unk_token": "?"`, `"unk_token": "?", "merges": []`, `model.merges: [] is not supported (unknown name)`},
		{"no unknown word", smallWords, `"unk_token": "?"`, `"unk_token": "!"`, `model.unk_token: "!" is not in model.vocab`},
		{"no unknown token", smallWords, `, "unk_token": "?"`, ``, `model.unk_token: missing`},

		{"gap in the vocabulary", smallBPE, `"ab": 3`, `"ab": 4`, `model.vocab.ab: id 4 in a vocabulary of 4: ids must be 0 to 3, each once`},
		{"id twice", smallBPE, `"ab": 3`, `"ab": 2`, `model.vocab.ab: id 2 is already that of "b"`},
		{"negative id", smallBPE, `"ab": 3`, `"ab": -1`, `model.vocab.ab: id -1 is negative`},
		{"half an id", smallBPE, `"ab": 3`, `"ab": 2.5`, `model.vocab.ab: 2.5 is not an id (0 to 2147483647)`},
		{"label twice", smallBPE, `"ab": 3`, `"a": 3`, `model.vocab.a: appears twice`},
		{"no label", smallBPE, `"ab": 3`, `"": 3`, `model.vocab: label 3 has no text`},
		{"merge of an unknown label", smallBPE, `"a b"`, `"a c"`, `model.merges[0]: "c" is not in model.vocab`},
		{"merge to an unknown label", smallBPE, `"a b"`, `"b a"`, `model.merges[0]: "ba" is not in model.vocab`},
		{"merge twice", smallBPE, `"a b"`, `"a b", ["a", "b"]`, `model.merges[1]: the same pair as model.merges[0]`},
		{"merge of one", smallBPE, `"a b"`, `"ab"`, `model.merges[0]: a merge has two parts, this has 1`},
		{"merge of three", smallBPE, `"a b"`, `["a", "b", "a"]`, `model.merges[0]: a merge has two parts, this has 3`},
		{"merge of another kind", smallBPE, `"a b"`, `["a", 7]`, `model.merges[0][1]: 7 is not a string`},

		{"syntax", smallBPE, `"decoder": null,`, `"decoder": null`, "line 12: invalid character '\"' after object key:value pair"},
		{"encoding", smallBPE, `"a b"`, "\"a \xff\"", `line 16: broken UTF-8 at byte 653`},
		{"end", smallBPE, smallBPE, `{"version": "1.0"`, `line 1: unexpected end of JSON input`},
		{"nothing", smallBPE, smallBPE, ``, `line 1: unexpected end of JSON input`},
		{"another value", smallBPE, smallBPE, `[1, 2]`, `[1,2] is not an object`},
	}
	for _, test := range tests {
		if !strings.Contains(test.file, test.old) {
			t.Fatalf("%s: %q is not in the file", test.name, test.old)
		}
		_, err := Read(strings.NewReader(strings.Replace(test.file, test.old, test.new, 1)), "my.json")
		switch want := "read tokenizer: my.json: " + test.want; {
		case err == nil:
			t.Errorf("%s: accepted, want %s", test.name, want)
		case err.Error() != want:
			t.Errorf("%s:\n got %v\nwant %s", test.name, err, want)
		}
	}
}

func TestReadAcceptsBothSpellings(t *testing.T) {
	want := readText(t, smallBPE).Digest()
	for _, new := range [][2]string{
		{`"merges": ["a b"]`, `"merges": [["a", "b"]]`},
		{`"dropout": null`, `"dropout": null, "unk_token": null, "continuing_subword_prefix": "", "fuse_unk": false, "ignore_merges": false`},
		{`"truncation": null,`, ``},
		{`{"type": "Lowercase"}`, `{"type": "Sequence", "normalizers": [{"type": "Lowercase"}]}`},
		{`{"<s>": 0, "a": 1, "b": 2, "ab": 3}`, `{"ab": 3, "b": 2, "\u0061": 1, "<s>": 0}`},
	} {
		if got := readText(t, strings.Replace(smallBPE, new[0], new[1], 1)).Digest(); got != want {
			t.Errorf("%s: digest %x, want %x", new[1], got, want)
		}
	}
}

func TestDigestSeesEveryDifference(t *testing.T) {
	seen := map[uint64]string{}
	for _, new := range [][2]string{
		{"", ""},
		{`{"type": "Lowercase"}`, `null`},
		{`, {"type": "Digits", "individual_digits": true}`, ``},
		{`"a": 1, "b": 2`, `"b": 1, "a": 2`},
		{`["a b"]`, `[]`},
		{`"<x>"`, `"<y>"`},
	} {
		digest := readText(t, strings.Replace(smallBPE, new[0], new[1], 1)).Digest()
		if other, twice := seen[digest]; twice {
			t.Errorf("%q and %q have the same digest", other, new[1])
		}
		seen[digest] = new[1]
	}
}

func readText(t testing.TB, file string) *Tokenizer {
	t.Helper()
	tok, err := Read(strings.NewReader(file), "test.json")
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func TestLoadNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.json")
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want an error with %s", err, path)
	}
	if err := os.WriteFile(path, []byte(smallWords), 0o600); err != nil {
		t.Fatal(err)
	}
	if tok, err := Load(path); err != nil || tok.Labels() != 3 {
		t.Errorf("got %v, want a tokenizer of 3 labels", err)
	}
}

// What Write writes, Read reads: trained tokenizers of any text, to the byte.
func TestWriteThenRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text") + " a"
		o := Training{VocabSize: rapid.IntRange(300, 400).Draw(t, "size")}
		trained, err := Train(sequenceOf(text), o)
		if rapid.Bool().Draw(t, "words") {
			trained, err = TrainWords(sequenceOf(text), o)
		}
		if err != nil {
			t.Fatal(err)
		}
		var first, second bytes.Buffer
		if err := trained.Write(&first); err != nil {
			t.Fatal(err)
		}
		again, err := Read(bytes.NewReader(first.Bytes()), "again.json")
		if err != nil {
			t.Fatalf("%v\n%s", err, first.String())
		}
		if err := again.Write(&second); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) || again.Digest() != trained.Digest() {
			t.Fatalf("changed by writing and reading:\n%s\n%s", first.String(), second.String())
		}
	})
}
