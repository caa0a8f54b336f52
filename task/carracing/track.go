package carracing

import "math"

// Point is a point of a track's centre line, binary64.
type Point struct {
	Alpha float64 // angle seen from the world's origin, rad
	Beta  float64 // heading of the normal that points to the right side, rad
	X, Y  float64
}

// Track is a closed road of N points and everything that follows from them.
// Entries from N on are zero.
type Track struct {
	N      int32
	Points [MaxTiles]Point
	Kerb   [MaxTiles]bool     // tile i carries a kerb
	Normal [MaxTiles]Point64  // (cos beta, sin beta)
	Left   [MaxTiles]Point64  // the road's left edge at point i
	Right  [MaxTiles]Point64  // and its right edge
	Tiles  [MaxTiles]RoadTile // what wheels touch
}

// Point64 is a point in binary64, world units.
type Point64 struct{ X, Y float64 }

// checkpoint is a place the track winds through.
type checkpoint struct{ alpha, x, y float64 }

// startAlpha is where a lap begins and ends, seen from the origin.
const startAlpha = 2 * pi64 * -0.5 / checkpoints

// walk is the path of one attempt, several laps long.
type walk struct {
	n      int
	points [maxPoints]Point
}

// generate draws a track: attempts, of 24 random numbers each, until one closes
// well (93.6 % do at once). scratch is overwritten.
//
// A lap of more than MaxTiles points counts as one that does not close; the
// original knows no such limit. The longest track of seeds 0 to 2,999,999 has
// 504 points (seed 529277).
func (t *Track) generate(random *PCG64, scratch *walk) {
	for {
		scratch.walkThrough(drawCheckpoints(random))
		lap, ok := scratch.lap()
		if !ok || len(lap) > MaxTiles {
			continue
		}
		t.build(lap)
		return
	}
}

// drawCheckpoints scatters the checkpoints: one in each of twelve sectors, the
// first and the last far out so that the start is always alike.
func drawCheckpoints(random *PCG64) [checkpoints]checkpoint {
	var all [checkpoints]checkpoint
	for c := range all {
		sector := 2 * pi64 * float64(c) / checkpoints
		noise := random.Uniform(0, 2*pi64*1/checkpoints)
		alpha := sector + noise
		radius := random.Uniform(trackRadius/3, trackRadius)
		switch c {
		case 0:
			alpha, radius = 0, 1.5*trackRadius
		case checkpoints - 1:
			alpha, radius = sector, 1.5*trackRadius
		}
		sin, cos := sinCos64(alpha)
		all[c] = checkpoint{alpha, float64(radius * cos), float64(radius * sin)}
	}
	return all
}

// walkThrough lays points from the start towards one checkpoint after another,
// turning at most turnRate per point, for five laps or 2500 points.
func (w *walk) walkThrough(marks [checkpoints]checkpoint) {
	x, y, beta := 1.5*trackRadius, 0.0, 0.0
	next, laps, otherSide := 0, 0, false
	for w.n = 0; w.n < maxPoints && laps <= 4; w.n++ {
		alpha := atan2(y, x)
		if otherSide && alpha > 0 {
			laps++
			otherSide = false
		}
		if alpha < 0 {
			otherSide = true
			alpha += 2 * pi64
		}
		alpha, next = chooseCheckpoint(&marks, alpha, next)
		sin, cos := sinCos64(beta)
		mark := marks[next%checkpoints]
		aside := float64(cos*(mark.x-x)) + float64(sin*(mark.y-y))
		for beta-alpha > 1.5*pi64 {
			beta -= 2 * pi64
		}
		for beta-alpha < -1.5*pi64 {
			beta += 2 * pi64
		}
		before := beta
		beta = turn(beta, aside*worldScale)
		x += float64(-sin * trackStep)
		y += float64(cos * trackStep)
		w.points[w.n] = Point{alpha, float64(before*0.5) + float64(beta*0.5), x, y}
	}
}

// chooseCheckpoint searches on from mark number next for one that alpha has not
// passed, taking a turn off alpha after the last one.
func chooseCheckpoint(marks *[checkpoints]checkpoint, alpha float64, next int) (float64, int) {
	for alpha > marks[next%checkpoints].alpha {
		next++
		if next%checkpoints == 0 {
			alpha -= 2 * pi64
		}
	}
	return alpha, next
}

// turn brings beta closer to a mark that lies so far to the right.
func turn(beta, aside float64) float64 {
	most := min(turnRate, math.Abs(0.001*aside))
	switch {
	case aside > 0.3:
		return beta - most
	case aside < -0.3:
		return beta + most
	}
	return beta
}

// lap is the last whole lap of the walk, if there is one and its ends meet.
func (w *walk) lap() (lap []Point, ok bool) {
	second := w.crossingBefore(w.n)
	first := w.crossingBefore(second)
	if first <= 0 || second-1 <= first {
		return nil, false
	}
	lap = w.points[first : second-1]
	head, tail := lap[0], lap[len(lap)-1]
	sin, cos := sinCos64(head.Beta)
	dx, dy := cos*(head.X-tail.X), sin*(head.Y-tail.Y)
	gap := math.Sqrt(float64(dx*dx) + float64(dy*dy))
	return lap, gap <= trackStep
}

// crossingBefore is the last index below i at which the walk passes the start,
// or 0.
func (w *walk) crossingBefore(i int) int {
	for i--; i > 0; i-- {
		if w.points[i].Alpha > startAlpha && w.points[i-1].Alpha <= startAlpha {
			return i
		}
	}
	return 0
}
