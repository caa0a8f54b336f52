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
func (r *Renderer) Observe96(e *Env, to *Obs96) { to.set(r.observe(e)) }

// Observe64 draws the environment's observation at 64x64.
func (r *Renderer) Observe64(e *Env, to *Obs64) { to.set(r.observe(e)) }

// Observe draws it at both sizes.
func (r *Renderer) Observe(e *Env, to96 *Obs96, to64 *Obs64) {
	colours := r.observe(e)
	to96.set(colours)
	to64.set(colours)
}

func (r *Renderer) observe(e *Env) *[cells][cells]colour {
	r.prepare(e)
	r.small = downscaler{}
	r.rows(&r.small)
	r.small.finish(&r.colours)
	return &r.colours
}

func (o *Obs96) set(from *[cells][cells]colour) {
	to := o[:]
	for i := range from {
		for _, c := range from[i] {
			to[0], to[1], to[2] = c.rgb()
			to = to[3:]
		}
	}
}

// set shrinks by 1.5. Each pixel is the mean of the 1.5x1.5 it covers: two
// thirds of one and one third of its neighbour along each axis, so a sum of
// ninths. OpenCV adds binary32 weights and rounds to nearest; ninths are never
// near a half, so whole numbers give the same. 7282/2^16 is a ninth for all
// sums that occur.
func (o *Obs64) set(from *[cells][cells]colour) {
	to := o[:]
	four := grey(4)
	for i := range 64 {
		y, ny := thirds(i)
		row, near := &from[y], &from[ny]
		for j := range 64 {
			x, nx := thirds(j)
			ninths := 4*row[x] + 2*(row[nx]+near[x]) + near[nx]
			to[0], to[1], to[2] = (ninths + four).mean(7282).rgb()
			to = to[3:]
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
	starts := line.runs()
	for i, x := range starts[:len(starts)-1] {
		red, green, blue := line.colour[x].rgb()
		for ; x < starts[i+1]; x++ {
			row[3*x], row[3*x+1], row[3*x+2] = red, green, blue
		}
	}
}
