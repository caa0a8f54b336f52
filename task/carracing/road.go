package carracing

import "math"

// RoadTile is the piece of road between a point and the one before it: the
// sensor that a wheel touches, a convex polygon in binary32.
type RoadTile struct {
	N        int32 // corners: 4, or 3 where two of them nearly meet
	Corners  [4]Vec2
	Min, Max Vec2 // bounding box
}

// build makes the road from a lap of points.
func (t *Track) build(lap []Point) {
	*t = Track{N: int32(len(lap))}
	copy(t.Points[:], lap)
	for i, p := range lap {
		sin, cos := sinCos64(p.Beta)
		dx, dy := float64(roadHalf*cos), float64(roadHalf*sin)
		t.Normal[i] = Point64{cos, sin}
		t.Left[i] = Point64{p.X - dx, p.Y - dy}
		t.Right[i] = Point64{p.X + dx, p.Y + dy}
	}
	for i := range lap {
		t.Tiles[i] = newRoadTile(t.RoadQuad(i))
	}
	t.layKerbs()
}

// before is the index of the point that precedes i on the ring.
func (t *Track) before(i int) int {
	if i == 0 {
		return int(t.N) - 1
	}
	return i - 1
}

// RoadQuad is tile i as it is drawn.
func (t *Track) RoadQuad(i int) [4]Point64 {
	j := t.before(i)
	return [4]Point64{t.Left[i], t.Right[i], t.Right[j], t.Left[j]}
}

// KerbQuad is the kerb of tile i as it is drawn, on the outside of the bend.
// Where two neighbouring headings are equal it has no width.
func (t *Track) KerbQuad(i int) [4]Point64 {
	j := t.before(i)
	side := sign(t.Points[j].Beta - t.Points[i].Beta)
	return [4]Point64{
		t.offset(i, side*roadHalf), t.offset(i, side*(roadHalf+kerbWidth)),
		t.offset(j, side*(roadHalf+kerbWidth)), t.offset(j, side*roadHalf),
	}
}

// offset is point i moved along its normal.
func (t *Track) offset(i int, distance float64) Point64 {
	p, n := t.Points[i], t.Normal[i]
	return Point64{p.X + float64(distance*n.X), p.Y + float64(distance*n.Y)}
}

// layKerbs marks the tiles in sharp bends: those that end a run of four turns
// in one direction, and then the four before each marked tile. The second pass
// works in place, so marks that it sets across the wrap spread once more.
func (t *Track) layKerbs() {
	n := int(t.N)
	for i := range n {
		t.Kerb[i] = t.bendsAt(i)
	}
	for i := range n {
		for k := range kerbRun {
			j := (i - k + n) % n
			t.Kerb[j] = t.Kerb[j] || t.Kerb[i]
		}
	}
}

// bendsAt says whether the last four changes of heading up to point i are sharp
// and of one direction.
func (t *Track) bendsAt(i int) bool {
	sharp, oneSide := true, 0.0
	for k := range kerbRun {
		j := i - k
		if j < 0 {
			j += int(t.N)
		}
		change := t.Points[j].Beta - t.Points[t.before(j)].Beta
		sharp = sharp && math.Abs(change) > sharpTurn
		oneSide += sign(change)
	}
	return sharp && math.Abs(oneSide) == kerbRun
}

func newRoadTile(quad [4]Point64) RoadTile {
	var corners [4]Vec2
	for i, p := range quad {
		corners[i] = Vec2{float32(p.X), float32(p.Y)}
	}
	p := newPolygon(corners[:])
	tile := RoadTile{N: p.N}
	copy(tile.Corners[:], p.vertices())
	tile.Min, tile.Max = bounds(p.vertices())
	return tile
}

// sign is -1, 0 or 1, and NaN for NaN.
func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x
}
