package tokenizer

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Training says what to learn.
type Training struct {
	// VocabSize is the number of labels wanted, specials included. Text with too
	// few different words gives fewer.
	VocabSize int

	// MinCount leaves out pairs (of a BPE) or words (of a word tokenizer) that are
	// seen less often. Zero leaves out none.
	MinCount int

	// Progress, if not nil, is told after each learned label how many there are.
	Progress func(labels, wanted int)
}

// counted is a word and how often it was seen.
type counted struct {
	word  string
	count int
}

// TrainWords learns a word tokenizer: the specials as labels 0 to 4, then the most
// frequent words, equal counts in byte order; all others are unknown. It depends
// on the texts' words and their counts alone.
func TrainWords(texts iter.Seq2[string, error], o Training) (*Tokenizer, error) {
	def := newDefinition(wordLevel)
	def.unknown = specials[0]
	words, err := countWords(texts, &def)
	if err != nil {
		return nil, err
	}
	if err := o.check(len(def.vocab)); err != nil {
		return nil, err
	}
	slices.SortStableFunc(words, func(a, b counted) int { return cmp.Compare(b.count, a.count) })
	for _, w := range words {
		if len(def.vocab) >= o.VocabSize || w.count < o.MinCount {
			break
		}
		def.vocab = append(def.vocab, w.word)
		o.progress(len(def.vocab))
	}
	return newTokenizer(def)
}

func (o Training) check(needed int) error {
	if o.VocabSize < needed {
		return fmt.Errorf("train tokenizer: a vocabulary of %d labels is too small: specials and characters alone are %d", o.VocabSize, needed)
	}
	return nil
}

func (o Training) progress(labels int) {
	if o.Progress != nil {
		o.Progress(labels, o.VocabSize)
	}
}

// countWords cuts texts into normalised words as Encode does, added tokens taken
// out, and counts them. The words are sorted.
//
// Chunks of raw text are counted first: there are few different ones, so each is
// normalised once.
func countWords(texts iter.Seq2[string, error], def *definition) ([]counted, error) {
	added := newAddedTokens(def.added)
	var chunks tally
	for text, err := range texts {
		if err != nil {
			return nil, err
		}
		for more := true; more; {
			at, token, ok := added.next(text)
			eachChunk(text[:at], func(chunk string) { chunks.add(chunk, 1) })
			text, more = text[at+len(token.content):], ok
		}
	}
	var words tally
	for _, c := range chunks.list {
		def.words(def.normalize(c.word), func(word string) { words.add(word, c.count) })
	}
	if len(words.list) == 0 {
		return nil, fmt.Errorf("train tokenizer: the texts hold no word")
	}
	slices.SortFunc(words.list, func(a, b counted) int { return cmp.Compare(a.word, b.word) })
	return words.list, nil
}

// tally counts words in the order in which they first appear. It keeps copies, so
// that the texts can be forgotten.
type tally struct {
	list  []counted
	index map[string]int
}

func (t *tally) add(word string, count int) {
	at, ok := t.index[word]
	if !ok {
		if t.index == nil {
			t.index = map[string]int{}
		}
		word = strings.Clone(word)
		at = len(t.list)
		t.index[word] = at
		t.list = append(t.list, counted{word: word})
	}
	t.list[at].count += count
}
