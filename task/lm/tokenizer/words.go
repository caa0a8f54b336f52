package tokenizer

import (
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/unicode/rangetable"
)

// class is a set of properties of a character.
type class uint8

const (
	wordChar class = 1 << iota // Unicode's regular expression \w
	space                      // White_Space
	numeric                    // categories Nd, Nl, No
	accent                     // removed by StripAccents
)

// classes holds the class of every character: one byte each, so that text in any
// script costs one lookup per character.
//
// The library strips accents by a table of Unicode 9.0: marks that were added to
// Unicode later stay, and three characters have changed category since. All other
// properties are those of Go's unicode package (Unicode 15 in Go 1.26; the library
// classifies the newer characters of Unicode 16 too).
var classes = sync.OnceValue(func() []class {
	table := make([]class, unicode.MaxRune+1)
	set := func(c class, ranges ...*unicode.RangeTable) {
		for _, r := range ranges {
			rangetable.Visit(r, func(char rune) { table[char] |= c })
		}
	}
	set(wordChar, unicode.L, unicode.Nl, unicode.Other_Alphabetic, unicode.M, unicode.Nd, unicode.Pc, unicode.Join_Control)
	set(space, unicode.White_Space)
	set(numeric, unicode.Nd, unicode.Nl, unicode.No)
	rangetable.Visit(unicode.M, func(char rune) {
		if unicode.Is(unicode9(), char) {
			table[char] |= accent
		}
	})
	table[0x1CF2] |= accent // was a mark
	table[0x1CF3] |= accent
	table[0x111C9] &^= accent // was punctuation
	return table
})

var unicode9 = sync.OnceValue(func() *unicode.RangeTable { return rangetable.Assigned("9.0.0") })

// normalize applies the normalizers in order.
func (d *definition) normalize(text string) string {
	for _, s := range d.normalizer {
		switch s {
		case nfd:
			text = norm.NFD.String(text)
		case lowercase:
			text = lower(text)
		case stripAccents:
			text = strip(text)
		}
	}
	return text
}

// lower lower-cases each character by itself: a final sigma is a sigma like any
// other. U+0130 is the one character whose lower case is two.
func lower(text string) string {
	text = strings.Map(func(char rune) rune {
		if char == 'İ' {
			return char
		}
		return unicode.ToLower(char)
	}, text)
	return strings.ReplaceAll(text, "İ", "i\u0307")
}

func strip(text string) string {
	table := classes()
	return strings.Map(func(char rune) rune {
		if table[char]&accent != 0 {
			return -1
		}
		return char
	}, text)
}

// words calls yield with each word of a normalised text: the runs of
// \w+|[^\w\s]+, and single numeric characters if digits is set.
func (d *definition) words(text string, yield func(word string)) {
	table := classes()
	begin, kind := 0, space // of the run at hand
	end := func(at int) {
		if kind != space && begin < at {
			yield(text[begin:at])
		}
	}
	for at, char := range text {
		c := table[char]
		next := c & (wordChar | space)
		if d.digits && c&numeric != 0 {
			next = numeric
		}
		if next != kind || next == numeric {
			end(at)
			begin, kind = at, next
		}
	}
	end(len(text))
}
