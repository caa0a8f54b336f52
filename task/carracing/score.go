package carracing

import (
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// The score is written in the default font of pygame-ce 2.5.8 at size 42. The
// table holds the grey bitmaps of its eleven characters; it was taken from
// pygame by the script that is named in the package's testdata.
//
//go:embed score_glyphs.json
var scoreGlyphs []byte

const (
	glyphSet    = "0123456789-"
	scoreMiddle = 60 // column of the text's middle
	scoreTop    = 727
	scoreHeight = 46
	maxScore    = 24 // characters
)

// glyph is one character: rows of grey levels, placed from pen and top.
type glyph struct {
	x, y, w, h, advance int
	rows                [][]byte
}

// font is the glyphs and the kerning of pairs in 1/64 pixel.
type font struct {
	glyphs [len(glyphSet)]glyph
	kern   [len(glyphSet)][len(glyphSet)]int
}

var scoreFont = mustFont(scoreGlyphs)

// mustFont reads the embedded table, which is part of the program.
func mustFont(table []byte) *font {
	var file struct {
		Glyphs map[string]struct {
			X, Y, W, H, Advance int
			Rows                []string
		}
		Kern map[string]int
	}
	if err := json.Unmarshal(table, &file); err != nil {
		panic("carracing: embedded score_glyphs.json: " + err.Error())
	}
	f := &font{}
	for i, char := range glyphSet {
		g := file.Glyphs[string(char)]
		f.glyphs[i] = glyph{x: g.X, y: g.Y, w: g.W, h: g.H, advance: g.Advance}
		for _, row := range g.Rows {
			levels, err := hex.DecodeString(row)
			if err != nil || len(levels) != g.W {
				panic("carracing: embedded score_glyphs.json: bad row of glyph " + string(char))
			}
			f.glyphs[i].rows = append(f.glyphs[i].rows, levels)
		}
	}
	for pair, k := range file.Kern {
		f.kern[strings.IndexByte(glyphSet, pair[0])][strings.IndexByte(glyphSet, pair[1])] = k
	}
	return f
}

// score is the text of a picture, laid out.
type score struct {
	n           int
	chars       [maxScore]uint8 // indices of glyphs
	at          [maxScore]int   // column of each character's pen
	left, width int
}

// newScore lays out a return as %04.0f.
func newScore(total float64) (s score) {
	var buffer [512]byte
	text := strconv.AppendFloat(buffer[:0], total, 'f', 0, 64)
	negative := math.Signbit(total)
	if negative {
		text = text[1:]
		s.push('-')
	}
	for pad := 4 - s.n - len(text); pad > 0; pad-- {
		s.push('0')
	}
	for _, char := range text[:min(len(text), maxScore-s.n)] {
		s.push(char)
	}
	s.layOut()
	return s
}

func (s *score) push(char byte) {
	s.chars[s.n] = uint8(strings.IndexByte(glyphSet, char))
	s.n++
}

func (s *score) layOut() {
	pen := 0 // in 1/64 pixel
	for i := range s.n {
		char := s.chars[i]
		s.at[i] = pen >> 6
		pen += 64 * scoreFont.glyphs[char].advance
		if i+1 < s.n {
			pen += scoreFont.kern[char][s.chars[i+1]]
		}
	}
	s.width = s.at[s.n-1] + scoreFont.glyphs[s.chars[s.n-1]].advance
	s.left = scoreMiddle - s.width/2
}

// draw paints row y, counted from the top: a black box, and on it the
// characters; where two overlap, the brighter.
func (s *score) draw(line *scanline, y int) {
	y -= scoreTop
	if y < 0 || y >= scoreHeight {
		return
	}
	line.fill(s.left, s.left+s.width-1, black)
	for i := range s.n {
		g := &scoreFont.glyphs[s.chars[i]]
		if y < g.y || y >= g.y+g.h {
			continue
		}
		x := s.left + s.at[i] + g.x
		for dx, level := range g.rows[y-g.y] {
			line.lighten(x+dx, level)
		}
	}
}
