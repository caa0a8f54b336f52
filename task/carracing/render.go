package carracing

import "math"

// maxQuads of a scene: the field, its grass, and a road with a kerb everywhere.
const maxQuads = 1 + grassPatches*grassPatches + 2*MaxTiles

// grassPatches along one side of the field.
const grassPatches = 20

// Renderer draws environments. It holds only scratch memory: one serves any
// number of environments, one after another; each goroutine needs its own.
type Renderer struct {
	camera camera
	quads  []quad // of the road scene, in the order in which they are drawn
	car    carParts
	bars   [7]bar
	score  score
	line   scanline

	starting [pictureHeight]int32 // first quad that starts in a row, or -1
	next     [maxQuads]int32      // next one that does, or -1
	active   []int32              // quads in the current row, in drawing order
	small    downscaler
	colours  [cells][cells]colour
}

// NewRenderer allocates a renderer, about half a megabyte.
func NewRenderer() *Renderer {
	return &Renderer{quads: make([]quad, 0, maxQuads), active: make([]int32, 0, maxQuads)}
}

// sceneRows are those of the road scene that the panel leaves free; scene rows
// are counted from the lower edge.
const sceneFirst = pictureHeight - panelTop

// prepare looks at the environment: after it, rows can be drawn.
func (r *Renderer) prepare(e *Env) {
	r.camera = newCamera(e)
	r.quads = r.quads[:0]
	r.addField()
	r.addRoad(e)
	r.car.set(e, &r.camera)
	r.bars = newBars(e)
	r.score = score{}
	if e.Options.ScoreText {
		r.score = newScore(e.Shown)
	}
	r.sortQuads()
}

// addField puts the field and its checkered grass into the scene.
func (r *Renderer) addField() {
	const p = playfield
	r.addQuad([4]Point64{{p, p}, {p, -p}, {-p, -p}, {-p, p}}, fieldColour, false)
	for i := range grassPatches {
		x := float64(grassEdge * float64(2*i-grassPatches))
		for j := range grassPatches {
			y := float64(grassEdge * float64(2*j-grassPatches))
			r.addQuad([4]Point64{{x + grassEdge, y}, {x, y}, {x, y + grassEdge},
				{x + grassEdge, y + grassEdge}}, grassColour, true)
		}
	}
}

// addRoad puts tiles and kerbs into the scene.
func (r *Renderer) addRoad(e *Env) {
	t := &e.Track
	for i := range int(t.N) {
		shade := roadShades[i%3]
		if e.Contacts.Touched.Has(i) {
			shade = roadShades[0]
		}
		r.addQuad(t.RoadQuad(i), shade, true)
		if t.Kerb[i] {
			r.addQuad(t.KerbQuad(i), kerbColours[i%2], true)
		}
	}
}

// addQuad adds a quad unless it is out of sight. The original leaves out what
// has no corner within clipMargin of the picture; of the rest, what does not
// reach into the visible rows changes no pixel.
func (r *Renderer) addQuad(corners [4]Point64, c colour, clip bool) {
	var x, y [4]int32
	close := !clip
	for i, corner := range corners {
		p := r.camera.see(corner)
		close = close || math.Abs(p.X-pictureWidth/2) <= pictureWidth/2+clipMargin &&
			math.Abs(p.Y-pictureHeight/2) <= pictureHeight/2+clipMargin
		x[i], y[i] = pixel(p.X), pixel(p.Y)
	}
	if !close ||
		max(x[0], x[1], x[2], x[3]) < 0 || min(x[0], x[1], x[2], x[3]) >= pictureWidth ||
		max(y[0], y[1], y[2], y[3]) < sceneFirst || min(y[0], y[1], y[2], y[3]) >= pictureHeight {
		return
	}
	r.quads = append(r.quads, newQuad(x, y, c))
}

// sortQuads lists the quads by the row in which they start, each list in
// drawing order.
func (r *Renderer) sortQuads() {
	for y := range r.starting {
		r.starting[y] = -1
	}
	r.active = r.active[:0]
	for i := len(r.quads) - 1; i >= 0; i-- {
		q := &r.quads[i]
		y := max(q.top, sceneFirst)
		for k := range q.outline {
			q.outline[k].start(y)
		}
		r.next[i] = r.starting[y]
		r.starting[y] = int32(i)
	}
}

// rows draws the picture row by row and hands each to emit, with its number
// from the top: first the scene from its lower edge up, then the panel.
func (r *Renderer) rows(emit rowSink) {
	for y := int32(sceneFirst); y < pictureHeight; y++ {
		r.line.reset(black)
		r.drawScene(y)
		r.drawPanel(emit, pictureHeight-1-int(y))
	}
	for y := panelTop; y < pictureHeight; y++ {
		r.line.reset(black)
		r.drawPanel(emit, y)
	}
}

// rowSink takes finished rows.
type rowSink interface{ add(y int, line *scanline) }

// drawScene paints row y, counted from the lower edge. The rows must come in
// ascending order.
func (r *Renderer) drawScene(y int32) {
	r.activate(y)
	kept := r.active[:0]
	for _, i := range r.active {
		q := &r.quads[i]
		q.draw(&r.line, y)
		if y < q.bottom {
			kept = append(kept, i)
		}
	}
	r.active = kept
	for k := range r.car.parts[:r.car.n] {
		r.car.parts[k].draw(&r.line, y)
	}
}

// activate merges the quads that start in row y into the active ones.
func (r *Renderer) activate(y int32) {
	for i := r.starting[y]; i >= 0; i = r.next[i] {
		at := len(r.active)
		r.active = append(r.active, i)
		for ; at > 0 && r.active[at-1] > i; at-- {
			r.active[at] = r.active[at-1]
		}
		r.active[at] = i
	}
}

// drawPanel paints what lies over the scene in row y, counted from the top, and
// hands the row on.
func (r *Renderer) drawPanel(emit rowSink, y int) {
	for k := range r.bars {
		r.bars[k].draw(&r.line, y)
	}
	if r.score.n > 0 {
		r.score.draw(&r.line, y)
	}
	emit.add(y, &r.line)
}
