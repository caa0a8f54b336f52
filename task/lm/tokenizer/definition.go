package tokenizer

import (
	"fmt"
	"strings"
)

// definition is the content of a tokenizer.json: what Read parses, what training
// builds and what Write writes.
type definition struct {
	added      []addedToken
	normalizer []step
	digits     bool // every numeric character is a word of its own
	kind       modelKind
	vocab      []string    // label → text, the model's own
	merges     [][2]string // BPE: in order of rank
	unknown    string      // WordLevel: the label of words outside the vocabulary
}

// addedToken is found in the raw text, before normalisation, byte for byte.
type addedToken struct {
	content string
	label   int32
}

type modelKind string

const (
	bytePair  modelKind = "BPE"
	wordLevel modelKind = "WordLevel"
)

// step is one normalizer, by its name in the file.
type step string

const (
	nfd          step = "NFD"
	lowercase    step = "Lowercase"
	stripAccents step = "StripAccents"
)

// specials are the added tokens of trained tokenizers, labels 0 to 4.
var specials = []string{"<unk>", "<pad>", "<s>", "</s>", endOfText}

// newDefinition is what training fills: the normalizers and pre-tokenizers of
// method.md 3.3 and the specials.
func newDefinition(kind modelKind) definition {
	def := definition{
		normalizer: []step{nfd, lowercase, stripAccents},
		digits:     true,
		kind:       kind,
		vocab:      append([]string(nil), specials...),
	}
	for label, content := range specials {
		def.added = append(def.added, addedToken{content, int32(label)})
	}
	return def
}

// vocabIDs inverts the vocabulary.
func (d *definition) vocabIDs() (map[string]int32, error) {
	ids := make(map[string]int32, len(d.vocab))
	for label, text := range d.vocab {
		if text == "" {
			return nil, fmt.Errorf("model.vocab: label %d has no text", label)
		}
		if first, twice := ids[text]; twice {
			return nil, fmt.Errorf("model.vocab: %q is label %d and label %d", text, first, label)
		}
		ids[text] = int32(label)
	}
	return ids, nil
}

// allLabels is the vocabulary followed by the added tokens outside it, which the
// library numbers in file order.
func (d *definition) allLabels(ids map[string]int32) ([]string, error) {
	labels := d.vocab[:len(d.vocab):len(d.vocab)]
	seen := map[string]bool{}
	for i, a := range d.added {
		want, inVocab := ids[a.content]
		if !inVocab {
			want = int32(len(labels))
			labels = append(labels, a.content)
		}
		switch {
		case a.content == "":
			return nil, fmt.Errorf("added_tokens[%d].content: empty", i)
		case seen[a.content]:
			return nil, fmt.Errorf("added_tokens[%d].content: %q appears twice", i, a.content)
		case a.label != want:
			return nil, fmt.Errorf("added_tokens[%d].id: %q has id %d, but %d is expected", i, a.content, a.label, want)
		}
		seen[a.content] = true
	}
	return labels, nil
}

// addedTokens finds added tokens in raw text.
type addedTokens struct {
	first  [256]bool // bytes that an added token begins with
	tokens []addedToken
}

func newAddedTokens(tokens []addedToken) addedTokens {
	a := addedTokens{tokens: tokens}
	for _, t := range tokens {
		a.first[t.content[0]] = true
	}
	return a
}

// next finds the leftmost added token in text, the longest one at that place.
// ok is false when there is none.
func (a *addedTokens) next(text string) (at int, found addedToken, ok bool) {
	for at = range len(text) {
		if !a.first[text[at]] {
			continue
		}
		for _, t := range a.tokens {
			if len(t.content) > len(found.content) && strings.HasPrefix(text[at:], t.content) {
				found, ok = t, true
			}
		}
		if ok {
			return at, found, true
		}
	}
	return len(text), addedToken{}, false
}
