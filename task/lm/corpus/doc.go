// Package corpus writes the small stories that `evorank train` learns from
// when it is given no text: a children's-story grammar, its word lists, and a
// seeded generator.
//
// Its one convention: a story is a line of lower-case words and punctuation
// marks separated by single spaces, so splitting at spaces tokenises it, and
// story i of a seed is a pure function of (seed, i). Every story is made for
// small networks: few words, strict word order, "he" or "she" by the hero's
// name, and things that return: the hero's name, the friend met on the way,
// the toy that was found.
//
// It never reads a file, a clock or global randomness, and the same seed gives
// the same text on every platform and Go version.
package corpus
