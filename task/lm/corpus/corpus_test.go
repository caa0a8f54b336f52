package corpus

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/evorank/evorank/task/lm/levels"
)

const many = 3000

func ExampleStories() {
	for _, story := range Stories(1, 2) {
		fmt.Println(story)
	}
	// Output:
	// once there was a little frog named luna . one day she found a red ball . she gave the ball to her friend the duck . they were friends .
	// once there was a little frog named tim . he saw a clever fox in the pond . " hello ! " said the fox . they were very happy .
}

// A run's results depend on every word, so the text must never change: a new
// digest here means that every recorded result of lm-quick is void.
func TestStoriesNeverChange(t *testing.T) {
	const want = "eca8510b52925371ebeb1a4d96e82ba0ab64e0252a0bebea9a9487bb2b31c124"
	text := strings.Join(Stories(1, many), "\n")
	if got := fmt.Sprintf("%x", sha256.Sum256([]byte(text))); got != want {
		t.Errorf("digest of %d stories is %s, want %s", many, got, want)
	}
}

func TestStoriesBySeed(t *testing.T) {
	ten := Stories(7, 10)
	if !slices.Equal(ten, Stories(7, 100)[:10]) {
		t.Error("a longer request begins with other stories")
	}
	seen := map[string]bool{}
	for _, story := range Stories(1, many) {
		seen[story] = true
	}
	if len(seen) < many*9/10 {
		t.Errorf("only %d of %d stories differ", len(seen), many)
	}
	known := 0
	for _, story := range Stories(2, many) {
		if seen[story] {
			known++
		}
	}
	if known > many/5 { // Chance meetings of a small grammar.
		t.Errorf("%d of %d held-out stories are in the training set", known, many)
	}
}

func TestVocabulary(t *testing.T) {
	words := Words()
	if !slices.IsSorted(words) || len(slices.Compact(slices.Clone(words))) != len(words) {
		t.Errorf("words are not sorted and distinct: %q", words)
	}
	if len(words) < 60 || len(words) > 120 {
		t.Errorf("%d words, want 60 to 120", len(words))
	}
	unused := map[string]bool{}
	for _, word := range words {
		unused[word] = true
		if word != strings.ToLower(word) || strings.ContainsAny(word, "{} ") {
			t.Errorf("%q is not a lower-case word", word)
		}
	}
	known := Words()
	for _, story := range Stories(1, many) {
		for _, word := range strings.Split(story, " ") {
			if _, ok := slices.BinarySearch(known, word); !ok {
				t.Fatalf("%q is not in the vocabulary: %s", word, story)
			}
			delete(unused, word)
		}
	}
	if len(unused) > 0 {
		t.Errorf("words in no story: %v", unused)
	}
}

// Every cast tells every path of every plot: the longest and the shortest
// story that there can be, not only those that were drawn.
func TestLengths(t *testing.T) {
	shortest, longest := 1<<30, 0
	for _, p := range plots {
		least, most := 0, 0
		for _, step := range p {
			lengths := make([]int, len(step))
			for i, sentence := range step {
				lengths[i] = len(strings.Fields(sentence))
			}
			least, most = least+slices.Min(lengths), most+slices.Max(lengths)
		}
		shortest, longest = min(shortest, least), max(longest, most)
	}
	if shortest < 15 || longest > 40 {
		t.Errorf("stories of %d to %d words, want 15 to 40", shortest, longest)
	}
	for _, story := range Stories(1, many) {
		if n := len(strings.Fields(story)); n < shortest || n > longest {
			t.Fatalf("%d words, want %d to %d: %s", n, shortest, longest, story)
		}
	}
}

func TestGrammar(t *testing.T) {
	for _, story := range Stories(1, many) {
		if fault := faultOf(strings.Fields(story)); fault != "" {
			t.Fatalf("%s: %s", fault, story)
		}
	}
}

// faultOf returns the first rule that a story breaks, or nothing.
func faultOf(story []string) string {
	count := func(words ...string) (n int) {
		for _, word := range story {
			if slices.Contains(words, word) {
				n++
			}
		}
		return n
	}
	names, things, kinds := 0, 0, 0
	for _, h := range heroes {
		if count(h.name) == 0 {
			continue
		}
		names++
		if h.he == "she" && count("he", "him", "his") > 0 || h.he == "he" && count("she", "her") > 0 {
			return "a pronoun does not agree with the hero"
		}
	}
	for _, x := range toys {
		if count(x.thing) > 0 {
			things++
		}
	}
	for _, a := range animals {
		if count(a.kind) > 0 {
			kinds++
		}
	}
	switch {
	case names != 1:
		return "not one hero"
	case kinds != 2:
		return "not two kinds of animals"
	case things > 1:
		return "more than one toy"
	case count(`"`)%2 != 0:
		return "quotation marks do not match"
	case story[len(story)-1] != ".":
		return "no full stop at the end"
	}
	return wrongPair(story)
}

// wrongPair checks what must stand next to what.
func wrongPair(story []string) string {
	colours, natures := map[string]string{}, map[string]string{}
	for _, x := range toys {
		colours[x.thing] = x.colour
	}
	for _, a := range animals {
		natures[a.kind] = a.nature
	}
	for i := 1; i < len(story); i++ {
		before, word := story[i-1], story[i]
		if colour, ok := colours[word]; ok && !slices.Contains([]string{colour, "the", "his", "her"}, before) {
			return "a toy of a wrong colour"
		}
		if nature, ok := natures[word]; ok && !slices.Contains([]string{nature, "the"}, before) {
			return "an animal with another's nature"
		}
		if before == "." && word == "." {
			return "an empty sentence"
		}
	}
	return ""
}

// There must be much to learn at each step: which words are frequent, which
// word follows which, and (below the bigram entropy) who the story is about.
func TestLevels(t *testing.T) {
	words := Words()
	ids := make([][]int32, many)
	for i, story := range Stories(1, many) {
		ids[i] = append(ids[i], 1)
		for _, word := range strings.Fields(story) {
			at, _ := slices.BinarySearch(words, word)
			ids[i] = append(ids[i], int32(at)+3)
		}
		ids[i] = append(ids[i], 2)
	}
	uniform, unigram, bigram := levels.Uniform(len(words)+3), levels.Unigram(ids), levels.Bigram(ids)
	t.Logf("nats per token: uniform %.3f, unigram %.3f, bigram %.3f", uniform, unigram, bigram)
	if !(unigram <= uniform-0.4 && bigram <= unigram-2) {
		t.Errorf("levels too close: uniform %.3f, unigram %.3f, bigram %.3f", uniform, unigram, bigram)
	}
}
