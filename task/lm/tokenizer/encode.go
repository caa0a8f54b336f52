package tokenizer

import "strings"

const (
	// maxChunk is the longest chunk that is remembered, in bytes.
	maxChunk = 64
	// maxChunks bounds a word cache at roughly 10 MiB.
	maxChunks = 1 << 16
)

// encoder is what one goroutine needs to encode: buffers and a cache.
//
// The cache maps chunks (raw text between ASCII white space, "Lily," say) to
// labels, so that a known chunk skips normalisation too. That is exact: white
// space ends every word, neither combines with nor reorders across it, and is
// no label itself.
type encoder struct {
	chunks   map[string]encoded
	symbols  []symbol
	queue    queue[candidate]
	coverage Coverage // of the text so far
}

// encoded is what became of a chunk.
type encoded struct {
	labels   []int32
	coverage Coverage
}

// Coverage says how much of a text a tokenizer knows. It counts words if words
// have labels, and characters if a BPE is made of them: one that it does not know
// is left out, a word becomes the unknown label.
type Coverage struct{ Units, Unknown int }

// Share is the unknown share.
func (c Coverage) Share() float64 {
	if c.Units == 0 {
		return 0
	}
	return float64(c.Unknown) / float64(c.Units)
}

// Plus is the coverage of both texts.
func (c Coverage) Plus(d Coverage) Coverage {
	return Coverage{c.Units + d.Units, c.Unknown + d.Unknown}
}

// Unit names what Coverage counts.
func (t *Tokenizer) Unit() string {
	if t.def.kind == wordLevel {
		return "words"
	}
	return "characters"
}

// Encode returns the labels of a text, which must be valid UTF-8 (broken bytes
// count as U+FFFD).
func (t *Tokenizer) Encode(text string) []int32 { return t.Append(nil, text) }

// Append appends the labels of a text to dst.
func (t *Tokenizer) Append(dst []int32, text string) []int32 {
	dst, _ = t.AppendCovered(dst, text)
	return dst
}

// AppendCovered is Append, and says how much of the text it knew.
func (t *Tokenizer) AppendCovered(dst []int32, text string) ([]int32, Coverage) {
	e := t.encoders.Get().(*encoder)
	defer t.encoders.Put(e)
	e.coverage = Coverage{}
	for {
		at, token, ok := t.added.next(text)
		eachChunk(text[:at], func(chunk string) { dst = t.appendChunk(dst, chunk, e) })
		if !ok {
			return dst, e.coverage
		}
		dst = append(dst, token.label)
		text = text[at+len(token.content):]
	}
}

// eachChunk cuts text at ASCII white space.
func eachChunk(text string, yield func(chunk string)) {
	begin := 0
	for at := range len(text) {
		if c := text[at]; c == ' ' || c-'\t' <= '\r'-'\t' {
			if begin < at {
				yield(text[begin:at])
			}
			begin = at + 1
		}
	}
	if begin < len(text) {
		yield(text[begin:])
	}
}

func (t *Tokenizer) appendChunk(dst []int32, chunk string, e *encoder) []int32 {
	if known, ok := e.chunks[chunk]; ok {
		e.coverage = e.coverage.Plus(known.coverage)
		return append(dst, known.labels...)
	}
	before, sum := len(dst), e.coverage
	e.coverage = Coverage{}
	t.def.words(t.def.normalize(chunk), func(word string) { dst = t.model.appendWord(dst, word, e) })
	if len(chunk) <= maxChunk {
		if len(e.chunks) >= maxChunks {
			clear(e.chunks)
		}
		e.chunks[strings.Clone(chunk)] = encoded{append([]int32(nil), dst[before:]...), e.coverage}
	}
	e.coverage = e.coverage.Plus(sum)
	return dst
}
