package tokenizer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// Write writes the tokenizer as a tokenizer.json that Read and the Hugging Face
// library read alike. Equal tokenizers have equal bytes.
func (t *Tokenizer) Write(w io.Writer) error {
	d := &t.def
	file := fileJSON{
		Version:      "1.0",
		Added:        make([]addedJSON, len(d.added)),
		Normalizer:   sequence("normalizers", d.normalizerParts()),
		PreTokenizer: sequence("pretokenizers", d.preTokenizerParts()),
		Model:        d.modelJSON(),
	}
	for i, a := range d.added {
		file.Added[i] = addedJSON{ID: a.label, Content: a.content, Special: true}
	}
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	if err := out.Encode(file); err != nil {
		return fmt.Errorf("write tokenizer: %w", err)
	}
	return nil
}

// The file's members, in the library's order.
type fileJSON struct {
	Version       string      `json:"version"`
	Truncation    *struct{}   `json:"truncation"`
	Padding       *struct{}   `json:"padding"`
	Added         []addedJSON `json:"added_tokens"`
	Normalizer    any         `json:"normalizer"`
	PreTokenizer  any         `json:"pre_tokenizer"`
	PostProcessor *struct{}   `json:"post_processor"`
	Decoder       *struct{}   `json:"decoder"`
	Model         any         `json:"model"`
}

type addedJSON struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

type bpeJSON struct {
	Type         modelKind `json:"type"`
	Dropout      *float64  `json:"dropout"`
	Unknown      *string   `json:"unk_token"`
	Prefix       *string   `json:"continuing_subword_prefix"`
	Suffix       *string   `json:"end_of_word_suffix"`
	FuseUnknown  bool      `json:"fuse_unk"`
	ByteFallback bool      `json:"byte_fallback"`
	Vocab        ordered   `json:"vocab"`
	Merges       []string  `json:"merges"`
}

type wordsJSON struct {
	Type    modelKind `json:"type"`
	Vocab   ordered   `json:"vocab"`
	Unknown string    `json:"unk_token"`
}

type partJSON struct {
	Type   string `json:"type"`
	Digits bool   `json:"individual_digits,omitempty"`
}

func (d *definition) normalizerParts() (parts []partJSON) {
	for _, s := range d.normalizer {
		parts = append(parts, partJSON{Type: string(s)})
	}
	return parts
}

func (d *definition) preTokenizerParts() []partJSON {
	parts := []partJSON{{Type: "Whitespace"}}
	if d.digits {
		parts = append(parts, partJSON{Type: "Digits", Digits: true})
	}
	return parts
}

// sequenceJSON names its list by what it holds.
type sequenceJSON struct {
	list  string
	parts []partJSON
}

// MarshalJSON implements [json.Marshaler].
func (s sequenceJSON) MarshalJSON() ([]byte, error) {
	parts, err := json.Marshal(s.parts)
	return fmt.Appendf(nil, `{"type":"Sequence",%q:%s}`, s.list, parts), err
}

// sequence is null for no part, the part itself for one, a Sequence for more.
func sequence(list string, parts []partJSON) any {
	switch len(parts) {
	case 0:
		return nil
	case 1:
		return parts[0]
	}
	return sequenceJSON{list, parts}
}

func (d *definition) modelJSON() any {
	if d.kind == wordLevel {
		return wordsJSON{Type: d.kind, Vocab: d.vocab, Unknown: d.unknown}
	}
	merges := make([]string, len(d.merges))
	for i, m := range d.merges {
		merges[i] = m[0] + " " + m[1]
	}
	return bpeJSON{Type: d.kind, Vocab: d.vocab, Merges: merges}
}

// ordered is a vocabulary, written as an object in the order of its labels.
type ordered []string

// MarshalJSON implements [json.Marshaler].
func (v ordered) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	text := json.NewEncoder(&out)
	text.SetEscapeHTML(false)
	out.WriteByte('{')
	for label, s := range v {
		if label > 0 {
			out.WriteByte(',')
		}
		if err := text.Encode(s); err != nil {
			return nil, err
		}
		fmt.Fprintf(&out, ":%d", label)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}
