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
	chunks  map[string][]int32
	symbols []symbol
	queue   queue[candidate]
}

// Encode returns the labels of a text, which must be valid UTF-8 (broken bytes
// count as U+FFFD).
func (t *Tokenizer) Encode(text string) []int32 { return t.Append(nil, text) }

// Append appends the labels of a text to dst.
func (t *Tokenizer) Append(dst []int32, text string) []int32 {
	e := t.encoders.Get().(*encoder)
	defer t.encoders.Put(e)
	for {
		at, token, ok := t.added.next(text)
		eachChunk(text[:at], func(chunk string) { dst = t.appendChunk(dst, chunk, e) })
		if !ok {
			return dst
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
	if labels, ok := e.chunks[chunk]; ok {
		return append(dst, labels...)
	}
	before := len(dst)
	t.def.words(t.def.normalize(chunk), func(word string) { dst = t.model.appendWord(dst, word, e) })
	if len(chunk) <= maxChunk {
		if len(e.chunks) >= maxChunks {
			clear(e.chunks)
		}
		e.chunks[strings.Clone(chunk)] = append([]int32(nil), dst[before:]...)
	}
	return dst
}
