package carracing

import (
	"math"
	"math/bits"
)

// TileSet is a set of tile numbers.
type TileSet [MaxTiles / 64]uint64

// Has says whether tile i is in the set.
func (s *TileSet) Has(i int) bool { return s[i/64]>>(i%64)&1 != 0 }

// Len is the number of tiles.
func (s *TileSet) Len() (n int) {
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

func (s *TileSet) add(i int) { s[i/64] |= 1 << (i % 64) }

func (s *TileSet) empty() bool { return *s == TileSet{} }

// Contacts is what touches the road, and what has touched it.
type Contacts struct {
	Wheels  [wheels]TileSet // under each wheel now
	Visited TileSet         // touched by a wheel at some time: these pay
	Touched TileSet         // touched by any part of the car: these lose their shade
}

// update finds anew what touches the road. It returns how many tiles a wheel
// touches for the first time ever, and whether one touches tile 0 that did not
// at the last step.
func (c *Contacts) update(t *Track, w *World) (visits int, start bool) {
	car := newCarShapes(w)
	low, high := car.bounds()
	before := c.Wheels
	c.Wheels = [wheels]TileSet{}
	for i := range int(t.N) {
		tile := &t.Tiles[i]
		if near(low, high, tile.Min, tile.Max) {
			visits += c.touch(i, tile, &car)
		}
	}
	for k := range c.Wheels {
		start = start || c.Wheels[k].Has(0) && !before[k].Has(0)
	}
	return visits, start
}

// touch notes which parts of the car touch tile i, and returns 1 if a wheel is
// there for the first time.
func (c *Contacts) touch(i int, tile *RoadTile, car *carShapes) (visits int) {
	var corners [maxVertices]Point64
	n := widen(&corners, tile.Corners[:tile.N])
	for k := range car {
		part := &car[k]
		if k >= wheels && c.Touched.Has(i) {
			return visits // the hull only takes the shade
		}
		if !near(part.low, part.high, tile.Min, tile.Max) ||
			!touching(part.points[:part.n], corners[:n]) {
			continue
		}
		c.Touched.add(i)
		if k < wheels {
			c.Wheels[k].add(i)
			if !c.Visited.Has(i) {
				c.Visited.add(i)
				visits = 1
			}
		}
	}
	return visits
}

// carShape is a fixture of the car as it lies in the world: placed in binary32,
// measured in binary64.
type carShape struct {
	n         int
	points    [maxVertices]Point64
	low, high Vec2
}

// carShapes are the wheels 0-3, then the four parts of the hull.
type carShapes [wheels + len(hullShapes)]carShape

func newCarShapes(w *World) (car carShapes) {
	for k := range wheels {
		car[k].set(&wheelShape, &w.Bodies[k].Transform)
	}
	for k := range hullShapes {
		car[wheels+k].set(&hullShapes[k], &w.Bodies[hull].Transform)
	}
	return car
}

func (s *carShape) set(shape *Polygon, t *Transform) {
	var placed [maxVertices]Vec2
	for i, v := range shape.vertices() {
		placed[i] = t.apply(v)
	}
	s.n = widen(&s.points, placed[:shape.N])
	s.low, s.high = bounds(placed[:shape.N])
}

func (c *carShapes) bounds() (low, high Vec2) {
	low, high = c[0].low, c[0].high
	for k := range c {
		low = Vec2{min(low.X, c[k].low.X), min(low.Y, c[k].low.Y)}
		high = Vec2{max(high.X, c[k].high.X), max(high.Y, c[k].high.Y)}
	}
	return low, high
}

// widen converts points to binary64 and returns their number.
func widen(to *[maxVertices]Point64, points []Vec2) int {
	for i, p := range points {
		to[i] = Point64{float64(p.X), float64(p.Y)}
	}
	return len(points)
}

// reach is a little more than the distance at which shapes touch.
const reach = 0.03

// near says whether two upright rectangles are within reach of each other; with
// a NaN they are not.
func near(lowA, highA, lowB, highB Vec2) bool {
	return lowA.X <= highB.X+reach && lowB.X <= highA.X+reach &&
		lowA.Y <= highB.Y+reach && lowB.Y <= highA.Y+reach
}

// touching says whether two convex polygons touch as Box2D's sensors do: both
// have a skin of 0.01, and the distance between the skins is below ten binary32
// epsilons.
func touching(a, b []Point64) bool {
	splitA, farA := splits(a, b)
	if farA {
		return false
	}
	splitB, farB := splits(b, a)
	if farB {
		return false
	}
	if !splitA && !splitB {
		return true
	}
	d := float32(math.Sqrt(min(squaredDistance(a, b), squaredDistance(b, a))))
	return d-2*polygonSkin < touchTolerance
}

// splits says whether the line through some edge of a has all of b on its outer
// side, and whether one has it out of reach. (Convex polygons are apart exactly
// when an edge of one of them splits.)
func splits(a, b []Point64) (split, far bool) {
	p := a[len(a)-1]
	for _, q := range a {
		ex, ey := q.X-p.X, q.Y-p.Y
		closest := math.Inf(-1)
		for _, v := range b {
			closest = max(closest, float64(ex*(v.Y-p.Y))-float64(ey*(v.X-p.X)))
		}
		if closest < 0 {
			split = true
			edge := float64(ex*ex) + float64(ey*ey)
			if float64(closest*closest) > reach*reach*edge {
				return true, true
			}
		}
		p = q
	}
	return split, false
}

// squaredDistance is that of a's nearest vertex from the edges of b.
func squaredDistance(a, b []Point64) float64 {
	least := math.Inf(1)
	for _, v := range a {
		p := b[len(b)-1]
		for _, q := range b {
			least = min(least, squaredToEdge(v, p, q))
			p = q
		}
	}
	return least
}

// squaredToEdge is the squared distance of v from the segment pq.
func squaredToEdge(v, p, q Point64) float64 {
	ex, ey := q.X-p.X, q.Y-p.Y
	dx, dy := v.X-p.X, v.Y-p.Y
	along := float64(dx*ex) + float64(dy*ey)
	edge := float64(ex*ex) + float64(ey*ey)
	if edge > 0 {
		t := max(0, min(along/edge, 1))
		dx -= float64(t * ex)
		dy -= float64(t * ey)
	}
	return float64(dx*dx) + float64(dy*dy)
}
