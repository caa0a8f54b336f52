package carracing

import (
	"math"
	"testing"
)

// plainSmoothscale is the original's pass over one channel of a row or column:
// left says how much of the current cell is still to come.
func plainSmoothscale(source []uint8, cells int) (to []uint8) {
	space := 16384 * len(source) / cells
	reciprocal := (1 << 30) / space
	left, sum := space, 0
	for _, p := range source {
		if left > 16384 {
			sum += int(p)
			left -= 16384
			continue
		}
		sum += 4 * int(p) * left / 65536
		to = append(to, uint8(sum*reciprocal/65536))
		sum = 4 * int(p) * (16384 - left) / 65536
		left += space - 16384
	}
	return to[:cells]
}

// plainObs96 makes a full picture small, channel by channel, first along rows.
func plainObs96(p *Picture) *Obs96 {
	var to Obs96
	for channel := range 3 {
		var columns [96][]uint8
		for y := range pictureHeight {
			row := make([]uint8, pictureWidth)
			for x := range row {
				row[x] = p[3*(y*pictureWidth+x)+channel]
			}
			for j, v := range plainSmoothscale(row, 96) {
				columns[j] = append(columns[j], v)
			}
		}
		for j, column := range columns {
			for i, v := range plainSmoothscale(column, 96) {
				to[3*(96*i+j)+channel] = v
			}
		}
	}
	return &to
}

// plainObs64 is INTER_AREA as OpenCV computes it: binary32 weights, first along
// rows, rounded to nearest even.
func plainObs64(from *Obs96) *Obs64 {
	const most, least = float32(2.0 / 3), float32(1.0 / 3)
	mean := func(a, b float32) float32 { return float32(a*most) + float32(b*least) }
	var to Obs64
	for i := range 64 {
		y, ny := thirds(i)
		for j := range 64 {
			x, nx := thirds(j)
			for c := range 3 {
				at := func(y, x int) float32 { return float32(from[3*(96*y+x)+c]) }
				sum := mean(mean(at(y, x), at(y, nx)), mean(at(ny, x), at(ny, nx)))
				to[3*(64*i+j)+c] = uint8(math.RoundToEven(float64(sum)))
			}
		}
	}
	return &to
}

func TestObservationsEqualPlainDownscale(t *testing.T) {
	r := NewRenderer()
	var picture Picture
	var obs96 Obs96
	var obs64 Obs64
	for seed := range uint64(3) {
		e := NewEnv(DefaultOptions(), seed)
		for i, a := range randomActions(seed, 121) {
			e.Step(a)
			if i%30 != 0 {
				continue
			}
			r.Draw(e, &picture)
			r.Observe(e, &obs96, &obs64)
			if want := plainObs96(&picture); obs96 != *want {
				t.Fatalf("seed %d, step %d: 96x96 differs from the plain downscale", seed, i)
			}
			if obs64 != *plainObs64(&obs96) {
				t.Fatalf("seed %d, step %d: 64x64 differs from the plain downscale", seed, i)
			}
		}
	}
}

// TestScanlineEqualsPixels paints at random on a scanline and on plain pixels.
func TestScanlineEqualsPixels(t *testing.T) {
	g := NewPCG64(3)
	number := func(n int) int { return int(g.Uint64() % uint64(n)) }
	for range 300 {
		var line scanline
		var plain [pictureWidth]colour
		line.reset(white)
		for x := range plain {
			plain[x] = white
		}
		for range number(60) {
			c := rgb(uint8(number(256)), uint8(number(256)), uint8(number(256)))
			x0 := number(pictureWidth+200) - 100
			if number(3) == 0 {
				weight := uint8(number(256))
				line.blend(x0, c, weight)
				if x0 >= 0 && x0 < pictureWidth {
					plain[x0] = plain[x0].blend(c, weight)
				}
				continue
			}
			x1 := x0 + number(40)*number(40) - 300
			line.fill(x0, x1, c)
			for x := max(0, min(x0, x1)); x <= min(max(x0, x1), pictureWidth-1); x++ {
				plain[x] = c
			}
		}
		checkScanline(t, &line, &plain)
	}
}

func checkScanline(t *testing.T, line *scanline, plain *[pictureWidth]colour) {
	t.Helper()
	var channel [3][]uint8
	for x, want := range plain {
		if got := line.at(x); got != want {
			t.Fatalf("pixel %d is %#x, want %#x", x, got, want)
		}
		red, green, blue := want.rgb()
		for k, v := range [3]uint8{red, green, blue} {
			channel[k] = append(channel[k], v)
		}
	}
	var steps [cells + 1]colour
	line.cells(&steps)
	sum := black
	red, green, blue := plainSmoothscale(channel[0], cells), plainSmoothscale(channel[1], cells), plainSmoothscale(channel[2], cells)
	for j := range cells {
		sum += steps[j]
		if want := rgb(red[j], green[j], blue[j]); sum != want {
			t.Fatalf("cell %d is %#x, want %#x", j, sum, want)
		}
	}
	if sum+steps[cells] != 0 {
		t.Fatal("the steps of a row do not come back to zero")
	}
}

func TestFlatCellsAreAllAlike(t *testing.T) {
	for _, m := range []struct {
		*cellMap
		n int
	}{{acrossCells, pictureWidth}, {downCells, pictureHeight}} {
		for level := range 256 {
			row := make([]uint8, m.n)
			for x := range row {
				row[x] = uint8(level)
			}
			want := m.flat(grey(uint8(level)))
			for j, v := range plainSmoothscale(row, cells) {
				if grey(v) != want {
					t.Fatalf("%d pixels of level %d: cell %d is %d, cell 0 %#x", m.n, level, j, v, want)
				}
			}
		}
	}
}

// TestBlend compares the three channels in one word with SDL_gfx's arithmetic.
func TestBlend(t *testing.T) {
	for old := range 256 {
		for over := 0; over < 256; over += 3 {
			for weight := 0; weight < 256; weight += 5 {
				a := 255 * weight >> 8
				want := uint8(old + (over-old)*a>>8)
				got := rgb(uint8(old), uint8(over), 0).blend(rgb(uint8(over), uint8(old), 255), uint8(weight))
				back := uint8(over + (old-over)*a>>8)
				if got != rgb(want, back, uint8(255*a>>8)) {
					t.Fatalf("%d over %d with weight %d: %#x, want %d and %d", over, old, weight, got, want, back)
				}
			}
		}
	}
}
