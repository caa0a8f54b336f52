package tokenizer

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// bpe is byte-pair encoding over characters (Sennrich, Haddow, Birch 2016): a
// word starts as its characters, and the adjacent pair of lowest rank, leftmost
// first, becomes one label until no pair has a rank. Characters outside the
// vocabulary are dropped before that, so their neighbours become adjacent.
type bpe struct {
	characters map[rune]int32
	merges     map[pair]merge
}

type pair struct{ left, right int32 }

type merge struct{ rank, label int32 }

func newBPE(def definition, ids map[string]int32) (*bpe, error) {
	m := &bpe{characters: map[rune]int32{}, merges: make(map[pair]merge, len(def.merges))}
	for label, text := range def.vocab {
		if char, n := utf8.DecodeRuneInString(text); n == len(text) {
			m.characters[char] = int32(label)
		}
	}
	for rank, parts := range def.merges {
		for _, text := range []string{parts[0], parts[1], parts[0] + parts[1]} {
			if _, ok := ids[text]; !ok {
				return nil, fmt.Errorf("model.merges[%d]: %q is not in model.vocab", rank, text)
			}
			if strings.Contains(text, " ") {
				return nil, fmt.Errorf("model.merges[%d]: %q holds a space, which no word does", rank, text)
			}
		}
		p := pair{ids[parts[0]], ids[parts[1]]}
		if first, twice := m.merges[p]; twice {
			return nil, fmt.Errorf("model.merges[%d]: the same pair as model.merges[%d]", rank, first.rank)
		}
		m.merges[p] = merge{int32(rank), ids[parts[0]+parts[1]]}
	}
	return m, nil
}

// symbol is a link in the list of a word's labels. A label of dead marks one
// that was merged into its left neighbour.
type symbol struct{ label, prev, next int32 }

const (
	none = -1
	dead = -1
)

// candidate is a pair that could be merged: the symbol at which it begins, and
// its rank.
type candidate struct{ rank, at int32 }

var _ interface{ before(candidate) bool } = candidate{} // what queue asks for

func (c candidate) before(d candidate) bool {
	return c.rank < d.rank || c.rank == d.rank && c.at < d.at
}

// appendWord merges through a linked list and a queue, n log n in the length of
// the word.
func (m *bpe) appendWord(dst []int32, word string, e *encoder) []int32 {
	e.symbols = m.split(e.symbols[:0], word)
	s := e.symbols
	characters := utf8.RuneCountInString(word)
	e.coverage = e.coverage.Plus(Coverage{characters, characters - len(s)})
	if len(s) == 0 {
		return dst
	}
	e.queue = e.queue[:0]
	for at := range s {
		m.offer(e, int32(at))
	}
	for len(e.queue) > 0 {
		c := e.queue.pop()
		merged, ok := m.pairAt(s, c.at)
		if !ok || merged.rank != c.rank {
			continue // the pair went into other merges meanwhile
		}
		next := s[c.at].next
		s[c.at].label, s[c.at].next = merged.label, s[next].next
		s[next].label = dead
		if after := s[c.at].next; after != none {
			s[after].prev = c.at
		}
		m.offer(e, s[c.at].prev)
		m.offer(e, c.at)
	}
	for at := int32(0); at != none; at = s[at].next {
		dst = append(dst, s[at].label)
	}
	return dst
}

// split links up the characters of a word that have a label.
func (m *bpe) split(s []symbol, word string) []symbol {
	for _, char := range word {
		if label, ok := m.characters[char]; ok {
			at := int32(len(s))
			s = append(s, symbol{label: label, prev: at - 1, next: at + 1})
		}
	}
	if len(s) > 0 {
		s[len(s)-1].next = none
	}
	return s
}

// pairAt is the merge of the symbol at that place with the next one.
func (m *bpe) pairAt(s []symbol, at int32) (merge, bool) {
	if at == none || s[at].label == dead || s[at].next == none {
		return merge{}, false
	}
	found, ok := m.merges[pair{s[at].label, s[s[at].next].label}]
	return found, ok
}

func (m *bpe) offer(e *encoder, at int32) {
	if found, ok := m.pairAt(e.symbols, at); ok {
		e.queue.push(candidate{found.rank, at})
	}
}
