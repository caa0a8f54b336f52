package carracing

// Obs96 is Gymnasium's observation: row, column, then red, green and blue.
type Obs96 [96 * 96 * 3]uint8

// Obs64 is the observation of the paper's agents, in the same layout: OpenCV's
// INTER_AREA of an Obs96.
type Obs64 [64 * 64 * 3]uint8

// Picture is the full drawing that observations are made of, in the same
// layout: 800 rows of 1000 pixels.
type Picture [pictureHeight * pictureWidth * 3]uint8

// Observe96 draws the environment's observation.
func (r *Renderer) Observe96(e *Env, to *Obs96) {
	r.prepare(e)
	r.small = downscaler{}
	r.rows(&r.small)
	for i := range cells {
		for j := range cells {
			at := 3 * (i*cells + j)
			to[at], to[at+1], to[at+2] = r.small.pixel(i, j).rgb()
		}
	}
}

// Observe64 draws the environment's observation at 64x64.
func (r *Renderer) Observe64(e *Env, to *Obs64) {
	r.Observe96(e, &r.observed)
	Shrink(&r.observed, to)
}

// Shrink makes 64x64 pixels of 96x96. Each is the mean of the 1.5x1.5 pixels it
// covers: two thirds of one and one third of its neighbour along each axis, so
// a sum of ninths. OpenCV adds binary32 weights and rounds to nearest; ninths
// are never near a half, so the whole-number form below is equal.
func Shrink(from *Obs96, to *Obs64) {
	for i := range 64 {
		y, ny := thirds(i)
		for j := range 64 {
			x, nx := thirds(j)
			for c := range 3 {
				at := func(y, x int) int { return int(from[3*(96*y+x)+c]) }
				ninths := 4*at(y, x) + 2*at(y, nx) + 2*at(ny, x) + at(ny, nx)
				to[3*(64*i+j)+c] = uint8((ninths + 4) / 9)
			}
		}
	}
}

// thirds is the pixel that gives two thirds of output i, and the one that gives
// the last third.
func thirds(i int) (most, least int) {
	if i%2 == 0 {
		return i / 2 * 3, i/2*3 + 1
	}
	return i/2*3 + 2, i/2*3 + 1
}

// Draw draws the full picture.
func (r *Renderer) Draw(e *Env, to *Picture) {
	r.prepare(e)
	r.rows(to)
}

func (p *Picture) add(y int, line *scanline) {
	row := p[3*pictureWidth*y:]
	for x, c := range line.colours() {
		row[3*x], row[3*x+1], row[3*x+2] = c.rgb()
	}
}
