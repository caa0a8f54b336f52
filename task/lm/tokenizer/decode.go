package tokenizer

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Decode joins labels by a space, with none before punctuation: the tokenizer
// keeps no spaces, so where they stood is not known. Added tokens are printed as
// they are. A label that does not exist is an error.
func (t *Tokenizer) Decode(labels []int32) (string, error) {
	var out strings.Builder
	for i, label := range labels {
		if label < 0 || int(label) >= len(t.labels) {
			return "", fmt.Errorf("decode: label %d at position %d: labels are 0 to %d", label, i, len(t.labels)-1)
		}
		text := t.labels[label]
		if i > 0 && !isAttached(text) {
			out.WriteByte(' ')
		}
		out.WriteString(text)
	}
	return out.String(), nil
}

// isAttached tells whether a label stands close to what precedes it: punctuation
// does, except opening brackets and quotes. (A straight quote may open or close;
// it counts as closing.)
func isAttached(text string) bool {
	first, _ := utf8.DecodeRuneInString(text)
	return unicode.IsPunct(first) && !unicode.In(first, unicode.Ps, unicode.Pi)
}
