package carracing

import "math/bits"

// scanline is one row of the 1000x800 picture while it is painted, as runs of
// equal pixels: a row has a dozen of them, and painting one costs the same
// whatever its length.
type scanline struct {
	starts [scanWords]uint64    // bit x: a run starts at pixel x
	colour [pictureWidth]colour // of the run that starts at x
	list   [pictureWidth + 1]int32
}

// scanWords hold a bit for each pixel of a row and for its end.
const scanWords = pictureWidth/64 + 1

// reset makes the whole row one colour.
func (l *scanline) reset(c colour) {
	l.starts = [scanWords]uint64{1}
	l.colour[0] = c
}

// fill paints pixels x0 to x1, both included and in any order, as far as they
// are in the picture.
func (l *scanline) fill(x0, x1 int, c colour) {
	if x1 < x0 {
		x0, x1 = x1, x0
	}
	x0, x1 = max(x0, 0), min(x1, pictureWidth-1)
	if x0 <= x1 {
		l.paint(x0, x1+1, c)
	}
}

// blend paints over pixel x with a weight of 0 to 255, if it is in the picture.
func (l *scanline) blend(x int, over colour, weight uint8) {
	if uint(x) < pictureWidth {
		old := l.at(x)
		l.dot(x, old, old.blend(over, weight))
	}
}

// lighten makes pixel x, which is grey, at least as bright as level.
func (l *scanline) lighten(x int, level uint8) {
	if uint(x) < pictureWidth {
		old := l.at(x)
		l.dot(x, old, max(old, grey(level)))
	}
}

// at is the colour of pixel x.
func (l *scanline) at(x int) colour {
	word := x / 64
	runs := l.starts[word] << (63 - x%64) >> (63 - x%64)
	for runs == 0 {
		word--
		runs = l.starts[word]
	}
	return l.colour[64*word+bits.Len64(runs)-1]
}

// dot changes pixel x from one colour to another.
func (l *scanline) dot(x int, from, to colour) {
	if from == to {
		return
	}
	if next, bit := (x+1)/64, uint64(1)<<((x+1)%64); l.starts[next]&bit == 0 && x+1 < pictureWidth {
		l.starts[next] |= bit
		l.colour[x+1] = from
	}
	l.starts[x/64] |= 1 << (x % 64)
	l.colour[x] = to
}

// paint makes pixels x0 to end (excluded) one run. What was there at the end
// goes on behind it.
func (l *scanline) paint(x0, end int, c colour) {
	first, last := x0/64, end/64
	if stop := uint64(1) << (end % 64); l.starts[last]&stop == 0 && end < pictureWidth {
		l.colour[end] = l.at(end - 1)
		l.starts[last] |= stop
	}
	before, after := uint64(1)<<(x0%64)-1, ^uint64(0)<<(end%64)
	if first == last {
		l.starts[first] &= before | after
	} else {
		l.starts[first] &= before
		clear(l.starts[first+1 : last])
		l.starts[last] &= after
	}
	l.starts[first] |= before + 1
	l.colour[x0] = c
}

// runs is where the runs start, and behind them the row's end. It holds until
// the next call.
func (l *scanline) runs() []int32 {
	n := 0
	for word, starts := range l.starts {
		for ; starts != 0; starts &= starts - 1 {
			l.list[n] = int32(64*word + bits.TrailingZeros64(starts))
			n++
		}
	}
	l.list[n] = pictureWidth
	return l.list[:n+1]
}
