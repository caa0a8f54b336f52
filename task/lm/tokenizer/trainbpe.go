package tokenizer

import (
	"iter"
	"slices"
)

// Train learns a BPE tokenizer: the specials as labels 0 to 4, the characters of
// the texts in order of code point, then merges. Each merge joins the adjacent
// pair that is most frequent at that time; of equally frequent pairs the one with
// the smaller left label, then the smaller right label. So the result depends on
// the texts' words and their counts alone, and equals that of the Hugging Face
// library's BpeTrainer.
//
// Reference: Sennrich, Haddow, Birch, Neural Machine Translation of Rare Words
// with Subword Units, 2016.
func Train(texts iter.Seq2[string, error], o Training) (*Tokenizer, error) {
	def := newDefinition(bytePair)
	words, err := countWords(texts, &def)
	if err != nil {
		return nil, err
	}
	def.vocab = append(def.vocab, alphabet(words)...)
	if err := o.check(len(def.vocab)); err != nil {
		return nil, err
	}
	newTrainer(&def, words).learn(o)
	return newTokenizer(def)
}

// alphabet is every character of the words, in order of code point.
func alphabet(words []counted) []string {
	seen := map[string]bool{}
	var characters []string
	for _, w := range words {
		for _, char := range w.word {
			if s := string(char); !seen[s] {
				seen[s] = true
				characters = append(characters, s)
			}
		}
	}
	slices.Sort(characters) // UTF-8 sorts as code points do
	return characters
}

// trainer keeps, for all words, the counts of adjacent pairs, and changes only
// what a merge changes.
type trainer struct {
	def    *definition
	words  [][]int32 // each word as labels
	counts []int     // how often each word was seen
	pairs  map[pair]*occurrences
	queue  queue[frequency]
}

// occurrences of one pair of adjacent labels in all words.
type occurrences struct {
	count int     // in the texts
	words []int32 // that hold the pair, or held it before another merge; some twice
}

// frequency is a count of a pair as it was at some time; the queue gives the
// latest its turn by putting old ones back.
type frequency struct {
	pair
	count int
}

var _ interface{ before(frequency) bool } = frequency{} // what queue asks for

func (f frequency) before(g frequency) bool {
	switch {
	case f.count != g.count:
		return f.count > g.count
	case f.left != g.left:
		return f.left < g.left
	}
	return f.right < g.right
}

func newTrainer(def *definition, words []counted) *trainer {
	t := &trainer{def: def, pairs: map[pair]*occurrences{}}
	ids := make(map[string]int32, len(def.vocab))
	for label, text := range def.vocab {
		ids[text] = int32(label)
	}
	for i, w := range words {
		var labels []int32
		for _, char := range w.word {
			labels = append(labels, ids[string(char)])
		}
		t.words, t.counts = append(t.words, labels), append(t.counts, w.count)
		for at := 1; at < len(labels); at++ {
			t.change(pair{labels[at-1], labels[at]}, int32(i), +1)
		}
	}
	for p, o := range t.pairs {
		t.queue.push(frequency{p, o.count})
	}
	return t
}

// change counts one more (by +1) or one less (by -1) of a pair in a word.
func (t *trainer) change(p pair, word int32, by int) {
	o := t.pairs[p]
	if o == nil {
		o = &occurrences{}
		t.pairs[p] = o
	}
	o.count += by * t.counts[word]
	if by > 0 && (len(o.words) == 0 || o.words[len(o.words)-1] != word) {
		o.words = append(o.words, word)
	}
}

func (t *trainer) learn(o Training) {
	for len(t.def.vocab) < o.VocabSize && len(t.queue) > 0 {
		top := t.queue.pop()
		now := t.pairs[top.pair]
		switch {
		case now.count < 1:
		case now.count != top.count:
			t.queue.push(frequency{top.pair, now.count})
		case now.count < o.MinCount:
			return
		default:
			t.merge(top.pair)
			o.progress(len(t.def.vocab))
		}
	}
}

// merge makes a pair one new label in every word. (No label is built in two ways:
// the merges inside a stretch of text that becomes a label do not depend on what
// stands around it. A pair that is used up does not come again either.)
func (t *trainer) merge(p pair) {
	parts := [2]string{t.def.vocab[p.left], t.def.vocab[p.right]}
	label := int32(len(t.def.vocab))
	t.def.vocab = append(t.def.vocab, parts[0]+parts[1])
	t.def.merges = append(t.def.merges, parts)
	words := t.pairs[p].words
	t.pairs[p].words = nil
	grown := map[pair]bool{}
	for _, word := range words {
		t.replace(p, label, word, grown)
	}
	for q := range grown {
		t.queue.push(frequency{q, t.pairs[q].count})
	}
}

// replace merges a pair in one word, from left to right and in place, changes the
// counts of its neighbours, and notes the pairs of which there are more now.
func (t *trainer) replace(p pair, label, word int32, grown map[pair]bool) {
	swap := func(old, new pair) {
		t.change(old, word, -1)
		t.change(new, word, +1)
		grown[new] = true
	}
	labels := t.words[word]
	out := labels[:0]
	for at := 0; at < len(labels); at++ {
		if at+1 == len(labels) || labels[at] != p.left || labels[at+1] != p.right {
			out = append(out, labels[at])
			continue
		}
		t.change(p, word, -1)
		if n := len(out); n > 0 {
			swap(pair{out[n-1], p.left}, pair{out[n-1], label})
		}
		if at+2 < len(labels) {
			swap(pair{p.right, labels[at+2]}, pair{label, labels[at+2]})
		}
		out = append(out, label)
		at++
	}
	t.words[word] = out
}
