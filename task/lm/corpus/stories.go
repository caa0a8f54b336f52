package corpus

import (
	"slices"
	"strings"

	"github.com/evorank/evorank/model"
)

// Stories returns the first n stories of a seed. A longer request begins with
// the same stories, and another seed gives other stories: a held-out set.
func Stories(seed model.Seed, n int) []string {
	stories := make([]string, n)
	for i := range stories {
		stories[i] = story(&random{seed: seed, story: uint32(i)})
	}
	return stories
}

// story draws a cast and a plot, and tells the one with the other.
func story(r *random) string {
	fill := cast(r)
	var sentences []string
	for _, step := range pick(r, plots) {
		sentences = append(sentences, fill.Replace(pick(r, step)))
	}
	return strings.Join(sentences, " ")
}

// cast draws hero, animals and toy, and returns what fills a plot's slots.
func cast(r *random) *strings.Replacer {
	h, t := pick(r, heroes), pick(r, toys)
	self, friend := pick(r, animals), pick(r, animals)
	for friend == self { // The fox does not meet the fox: it would be hard to say which.
		friend = pick(r, animals)
	}
	return strings.NewReplacer(
		"{name}", h.name, "{he}", h.he, "{him}", h.him, "{his}", h.his,
		"{animal}", self.kind, "{nature}", self.nature, "{home}", self.home,
		"{friend}", friend.kind, "{kind}", friend.nature,
		"{toy}", t.thing, "{colour}", t.colour, "{fun}", t.fun,
	)
}

// Words returns every word and punctuation mark that a story can hold, sorted.
func Words() []string {
	var words []string
	for _, h := range heroes {
		words = append(words, h.name, h.he, h.him, h.his)
	}
	for _, a := range animals {
		words = append(words, a.kind, a.home, a.nature)
	}
	for _, t := range toys {
		words = append(words, t.thing, t.colour, t.fun)
	}
	for _, p := range plots {
		for _, step := range p {
			words = append(words, fixed(step)...)
		}
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// fixed returns the words of the sentences that are not slots.
func fixed(sentences []string) []string {
	words := strings.Fields(strings.Join(sentences, " "))
	return slices.DeleteFunc(words, func(word string) bool { return strings.HasPrefix(word, "{") })
}
