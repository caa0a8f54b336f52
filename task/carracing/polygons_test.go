package carracing

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"testing"
)

// The digests are of pictures that pygame-ce 2.5.8 drew: the same random
// polygons and the same texts (testdata/make_polygons.py).
const (
	quadsDigest  = "8145f0d9b3c8212dc76292fc45b39078c2b61cd2db71e70f303ceba98954c4ff"
	shapesDigest = "03d18e15687cdbbf4340640f9f1732bbf1794b0af2098fa570dfca3847988e5c"
	scoresDigest = "af73c4e462208a3ac981ba97059ba996ca8e237637723fac30434e4062c9ed67"
)

const polygonPictures, polygonsEach = 10, 300

func randomCorners(g *PCG64, n int) []Point64 {
	size := [...]float64{3, 8, 30, 200, 1000, 6000}[int(g.Uniform(0, 6))]
	x, y := float64(g.Uniform(0, 1)*1400)-200, float64(g.Uniform(0, 1)*1200)-200
	points := make([]Point64, n)
	for i := range points {
		dx := float64((g.Uniform(0, 1) - 0.5) * size)
		dy := float64((g.Uniform(0, 1) - 0.5) * size)
		points[i] = Point64{x + dx, y + dy}
	}
	return points
}

func randomColour(g *PCG64) colour {
	red, green := uint8(g.Uniform(0, 256)), uint8(g.Uniform(0, 256))
	return rgb(red, green, uint8(g.Uniform(0, 256)))
}

// digestPictures digests pictures row by row.
func digestPictures(pictures int, row func(picture int, y int32, line *scanline)) string {
	digest := sha256.New()
	var p Picture
	for i := range pictures {
		for y := range int32(pictureHeight) {
			var line scanline
			line.reset(black)
			row(i, y, &line)
			p.add(int(y), &line)
		}
		digest.Write(p[:])
	}
	return hex.EncodeToString(digest.Sum(nil))
}

func TestQuadsEqualPygame(t *testing.T) {
	var pictures [polygonPictures][]quad
	for seed := range pictures {
		g := NewPCG64(uint64(seed))
		for range polygonsEach {
			c := randomColour(&g)
			var x, y [4]int32
			for i, p := range randomCorners(&g, 4) {
				x[i], y[i] = pixel(p.X), pixel(p.Y)
			}
			q := newQuad(x, y, c)
			for k := range q.outline {
				q.outline[k].start(max(q.top, 0))
			}
			pictures[seed] = append(pictures[seed], q)
		}
	}
	got := digestPictures(polygonPictures, func(picture int, y int32, line *scanline) {
		for i := range pictures[picture] {
			if q := &pictures[picture][i]; q.top <= y && y <= q.bottom {
				q.draw(line, y)
			}
		}
	})
	if got != quadsDigest {
		t.Errorf("digest %s, want %s", got, quadsDigest)
	}
}

func TestShapesEqualPygame(t *testing.T) {
	var pictures [polygonPictures][]shape
	for seed := range pictures {
		g := NewPCG64(uint64(seed))
		for range polygonsEach {
			c := randomColour(&g)
			corners := randomCorners(&g, 4+int(g.Uniform(0, 5)))
			pictures[seed] = append(pictures[seed], newShape(corners, c))
		}
	}
	got := digestPictures(polygonPictures, func(picture int, y int32, line *scanline) {
		for i := range pictures[picture] {
			pictures[picture][i].draw(line, y)
		}
	})
	if got != shapesDigest {
		t.Errorf("digest %s, want %s", got, shapesDigest)
	}
}

func TestScoresEqualPygame(t *testing.T) {
	const width = 125
	digest := sha256.New()
	for value := -999; value < 10000; value += 7 {
		s := newScore(float64(value))
		for y := range scoreHeight {
			var line scanline
			line.reset(black)
			s.draw(&line, scoreTop+y)
			var row [3 * width]uint8
			for x := range width {
				row[3*x], row[3*x+1], row[3*x+2] = line.at(x).rgb()
			}
			digest.Write(row[:])
		}
	}
	if got := hex.EncodeToString(digest.Sum(nil)); got != scoresDigest {
		t.Errorf("digest %s, want %s", got, scoresDigest)
	}
}

func TestTurnsByQuarters(t *testing.T) {
	for quarter := range 5 {
		exact := float64(quarter) * (pi64 / 2)
		want := [][2]float64{{0, 1}, {1, 0}, {0, -1}, {-1, 0}}[quarter%4]
		for _, off := range []float64{0, 5e-7, -5e-7} {
			if sin, cos := turnOf(exact + off); sin != want[0] || cos != want[1] {
				t.Errorf("%d quarters + %v: sine %v, cosine %v", quarter, off, sin, cos)
			}
		}
		for _, off := range []float64{3e-6, -3e-6} {
			sin, cos := turnOf(exact + off)
			if wantSin, wantCos := sinCos64(exact + off); !(math.Abs(sin-wantSin) <= 1e-15 && math.Abs(cos-wantCos) <= 1e-15) {
				t.Errorf("%d quarters + %v: sine %v, cosine %v; want %v, %v", quarter, off, sin, cos, wantSin, wantCos)
			}
		}
	}
}

func TestQuadsFarOutAreLeftOut(t *testing.T) {
	r := NewRenderer()
	r.camera = camera{cos: 1, zoom: 1}
	far := [4]Point64{{-4000, -4000}, {4000, -4000}, {4000, 4000}, {-4000, 4000}}
	r.addQuad(far, white, true)
	if len(r.quads) != 0 {
		t.Error("a quad with all corners beyond the margin is drawn")
	}
	r.addQuad(far, white, false)
	r.addQuad([4]Point64{{-381, 400}, {-4000, 300}, {4000, 300}, {4000, 600}}, white, true)
	if len(r.quads) != 2 {
		t.Errorf("%d of 2 quads are drawn", len(r.quads))
	}
}
