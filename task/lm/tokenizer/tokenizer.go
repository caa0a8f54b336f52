package tokenizer

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/cespare/xxhash/v2"
)

// Model ids that belong to no label.
const (
	UnknownID = 0 // also padding
	StartID   = 1
	EndID     = 2

	// FirstLabelID is the model id of label 0.
	FirstLabelID = 3
)

// NoEndOfText stands in for the end-of-text label where none is wanted.
const NoEndOfText int32 = -1

const endOfText = "<|endoftext|>"

// Tokenizer encodes text as labels. It is immutable and safe for concurrent use.
type Tokenizer struct {
	def    definition
	labels []string // label → its text: the model's vocabulary, then added tokens outside it
	added  addedTokens
	model  model
	digest uint64

	encoders sync.Pool // of *encoder: each goroutine finds warm buffers and a word cache
}

// model turns one normalised word into labels, and counts in the encoder's
// coverage what it knew.
type model interface {
	appendWord(dst []int32, word string, e *encoder) []int32
}

// newTokenizer checks a definition and makes it ready to encode.
// Errors begin with the place in tokenizer.json that is at fault.
func newTokenizer(def definition) (*Tokenizer, error) {
	ids, err := def.vocabIDs()
	if err != nil {
		return nil, err
	}
	labels, err := def.allLabels(ids)
	if err != nil {
		return nil, err
	}
	t := &Tokenizer{def: def, labels: labels, added: newAddedTokens(def.added)}
	if def.kind == wordLevel {
		t.model, err = newWordModel(def, ids)
	} else {
		t.model, err = newBPE(def, ids)
	}
	if err != nil {
		return nil, err
	}
	t.encoders.New = func() any { return &encoder{chunks: map[string]encoded{}} }
	var file bytes.Buffer
	if err := t.Write(&file); err != nil {
		return nil, err
	}
	t.digest = xxhash.Sum64(file.Bytes())
	return t, nil
}

// Labels is the number of labels; they are 0 to Labels()-1.
func (t *Tokenizer) Labels() int { return len(t.labels) }

// Vocabulary is the number of model ids: Labels plus unknown, start and end.
func (t *Tokenizer) Vocabulary() int { return len(t.labels) + FirstLabelID }

// Digest is the xxHash64 of the file that Write writes. Files that differ only
// in layout or in spelled-out defaults have the same digest.
func (t *Tokenizer) Digest() uint64 { return t.digest }

// EndOfText is the label of the added token <|endoftext|>, if there is one.
func (t *Tokenizer) EndOfText() (label int32, ok bool) {
	for _, a := range t.def.added {
		if a.content == endOfText {
			return a.label, true
		}
	}
	return NoEndOfText, false
}

// ModelIDs appends to dst what a network reads for one story:
//
//	start, label+3 for each label, endOfText+3 unless it is NoEndOfText, end
func ModelIDs(dst []int32, labels []int32, endOfText int32) []int32 {
	dst = append(dst, StartID)
	for _, label := range labels {
		dst = append(dst, label+FirstLabelID)
	}
	if endOfText != NoEndOfText {
		dst = append(dst, endOfText+FirstLabelID)
	}
	return append(dst, EndID)
}

// wordModel gives every word of the vocabulary its own label and all other words
// the unknown label (model type WordLevel).
type wordModel struct {
	labels  map[string]int32
	unknown int32
}

func newWordModel(def definition, ids map[string]int32) (*wordModel, error) {
	unknown, ok := ids[def.unknown]
	if !ok {
		return nil, fmt.Errorf("model.unk_token: %q is not in model.vocab", def.unknown)
	}
	return &wordModel{labels: ids, unknown: unknown}, nil
}

func (m *wordModel) appendWord(dst []int32, word string, e *encoder) []int32 {
	e.coverage.Units++
	if label, ok := m.labels[word]; ok {
		return append(dst, label)
	}
	e.coverage.Unknown++
	return append(dst, m.unknown)
}
