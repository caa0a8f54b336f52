package transformer

import (
	"fmt"

	"github.com/evorank/evorank/kernels/vector"
)

const (
	width = vector.Width
	// chunkTokens bounds a chunk so that its states, keys and values stay in a
	// core's second-level cache at the paper's size. A longer sequence is a
	// chunk by itself.
	chunkTokens = 1024
	// blockRows is how many attention scores or logits per lane exist at a time:
	// a block of them fits the first-level cache, and the kernels like multiples
	// of six. Keys are cut at multiples of it from the beginning of their
	// sequence, so that a query's result does not depend on its panel.
	blockRows = 48
)

// workspace is an evaluator's memory, for the chunk at hand.
//
// The chunk's tokens, all but the last of each sequence, lie in lanes one after
// the other: token j in lane j mod width of panel j / width.
type workspace struct {
	shape    Shape
	tokens   int
	panels   int
	segments []segment
	ends     []int // per panel, the end of its segments

	states       []float32 // [panels][H][width]
	keys, values []float32 // [D][stride], a column for each token
	stride       int

	// Of the panel at hand, all [rows][width].
	queries, attended []float32 // [D]
	branch            []float32 // [H]
	wide              []float32 // [F]
	inner             []float32 // [Rank]
	head              []float32 // [head dim]
	scores            []float32 // [blockRows]
	softmax           vector.Softmax
	targets           targets
}

// segment is the part of a sequence that lies in one panel.
type segment struct {
	sequence    int // of all sequences
	begin       int // the chunk's token with which the sequence begins
	position    int // in the sequence, of the segment's first token
	lane, lanes int // where it lies
}

// newWorkspace takes the memory that does not depend on the sequences.
func newWorkspace(s Shape) workspace {
	d := s.Heads * s.HeadDim
	return workspace{
		shape:    s,
		queries:  make([]float32, d*width),
		attended: make([]float32, d*width),
		branch:   make([]float32, s.Hidden*width),
		wide:     make([]float32, s.FFN*width),
		head:     make([]float32, s.HeadDim*width),
		scores:   make([]float32, blockRows*width),
		targets:  targets{lanes: make([]uint64, (s.Vocab+blockRows-1)/blockRows)},
	}
}

// chunkEnd returns the end of the chunk that begins with sequence first.
func (w *workspace) chunkEnd(s Sequences, first, to int) int {
	next := first + 1
	for next < to && s.Targets(first, next+1) <= chunkTokens {
		next++
	}
	return next
}

// place lays out the tokens of sequences [from, to).
func (w *workspace) place(s Sequences, from, to int) {
	w.segments, w.ends = w.segments[:0], w.ends[:0]
	w.tokens = 0
	for i := from; i < to; i++ {
		begin, length := w.tokens, s.Targets(i, i+1)
		if length < 1 {
			panic(fmt.Sprintf("transformer: sequence %d has less than two tokens", i))
		}
		for position := 0; position < length; {
			lane := w.tokens % width
			if lane == 0 && w.tokens > 0 {
				w.ends = append(w.ends, len(w.segments))
			}
			lanes := min(width-lane, length-position)
			w.segments = append(w.segments, segment{i, begin, position, lane, lanes})
			position += lanes
			w.tokens += lanes
		}
	}
	w.ends = append(w.ends, len(w.segments))
	w.panels = len(w.ends)
	// Rows a multiple of 4 KiB apart would compete for the same cache lines.
	w.stride = w.panels*width + vector.Unit
	d := w.shape.Heads * w.shape.HeadDim
	w.states = grow(w.states, w.panels*w.shape.Hidden*width)
	w.keys = grow(w.keys, d*w.stride)
	w.values = grow(w.values, d*w.stride)
}

// panel returns the states of panel p, [H][width].
func (w *workspace) panel(p int) []float32 {
	size := w.shape.Hidden * width
	return w.states[p*size:][:size]
}

// units is the number of units of panel p that hold tokens.
func (w *workspace) units(p int) int {
	return (min(w.tokens-p*width, width) + vector.Unit - 1) / vector.Unit
}

// parts returns the segments of panel p.
func (w *workspace) parts(p int) []segment {
	if p == 0 {
		return w.segments[:w.ends[0]]
	}
	return w.segments[w.ends[p-1]:w.ends[p]]
}

// grow returns x with n numbers, their values unspecified.
func grow(x []float32, n int) []float32 {
	if cap(x) < n {
		return make([]float32, n)
	}
	return x[:n]
}
