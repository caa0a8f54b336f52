package film

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// picture makes one of a formula for each pixel.
func picture(width, height int, at func(x, y int) (r, g, b int)) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			r, g, b := at(x, y)
			m.SetRGBA(x, y, color.RGBA{uint8(r), uint8(g), uint8(b), 0xff})
		}
	}
	return m
}

func equal(a image.Image, b *image.RGBA) bool {
	for y := range b.Rect.Max.Y {
		for x := range b.Rect.Max.X {
			if color.RGBAModel.Convert(a.At(x, y)) != b.At(x, y) {
				return false
			}
		}
	}
	return a.Bounds() == b.Bounds()
}

func encode(t *testing.T, delay int, pictures ...*image.RGBA) *gif.GIF {
	t.Helper()
	var b bytes.Buffer
	g := NewGIF(&b, delay)
	for _, m := range pictures {
		if err := g.Add(m); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := gif.DecodeAll(&b)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestGIFIsExact: pictures of up to 256 colours come back as they were, here
// noisy ones, whose data fill many blocks and the whole table of codes.
func TestGIFIsExact(t *testing.T) {
	var pictures []*image.RGBA
	for k := range 3 {
		state := uint32(k + 1)
		pictures = append(pictures, picture(97, 61, func(x, y int) (int, int, int) {
			state = state*1664525 + 1013904223
			v := int(state >> 24)
			return v, 255 - v, v * k
		}))
	}
	got := encode(t, 4, pictures...)
	if len(got.Image) != 3 || got.Delay[1] != 4 || got.LoopCount != 0 {
		t.Fatalf("%d pictures, delays %v, loops %d", len(got.Image), got.Delay, got.LoopCount)
	}
	for i, m := range pictures {
		if !equal(got.Image[i], m) {
			t.Errorf("picture %d came back different", i)
		}
	}
}

// TestGIFOfManyColours: the frequent ones stay exact, the others are near.
func TestGIFOfManyColours(t *testing.T) {
	flat := color.RGBA{102, 204, 102, 0xff}
	m := picture(64, 64, func(x, y int) (int, int, int) {
		if y < 48 {
			return 102, 204, 102
		}
		return 4 * x, 4 * x, 4 * (y - 48)
	})
	got := encode(t, 2, m).Image[0]
	if got.At(5, 5) != flat {
		t.Errorf("the most frequent colour came back as %v", got.At(5, 5))
	}
	for y := 48; y < 64; y++ {
		for x := range 64 {
			a, b := got.At(x, y).(color.RGBA), m.RGBAAt(x, y)
			if far := square(uint32(a.R), uint32(b.R)) + square(uint32(a.G), uint32(b.G)) + square(uint32(a.B), uint32(b.B)); far > 40*40 {
				t.Fatalf("%v at %d,%d came back as %v", b, x, y, a)
			}
		}
	}
}

func TestGIFRefuses(t *testing.T) {
	g := NewGIF(io.Discard, 2)
	if err := g.Close(); err == nil {
		t.Error("a film without pictures was closed")
	}
	g = NewGIF(io.Discard, 2)
	grey := func(x, y int) (int, int, int) { return 9, 9, 9 }
	if err := errors.Join(g.Add(picture(2, 2, grey)), g.Add(picture(2, 3, grey))); err == nil {
		t.Error("a picture of another size was taken")
	}
	full := NewGIF(fullDisk{}, 2)
	if err := errors.Join(full.Add(picture(200, 200, grey)), full.Close()); err == nil {
		t.Error("a write error was lost")
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestPNGs(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "frames")
	m := picture(7, 5, func(x, y int) (int, int, int) { return 30 * x, 40 * y, 200 })
	err := PNGs(folder, func(add func(int, *image.RGBA) error) error {
		return errors.Join(add(0, m), add(12, m))
	})
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(folder, "00012.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got, err := png.Decode(f); err != nil || !equal(got, m) {
		t.Errorf("the picture came back different: %v", err)
	}
	if err := PNGs(folder, nil); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("into a full folder: %v", err)
	}
}

// TestPNGsAllOrNone: nothing is left of a film that breaks off.
func TestPNGsAllOrNone(t *testing.T) {
	dir, broken := t.TempDir(), errors.New("broken")
	err := PNGs(filepath.Join(dir, "frames"), func(add func(int, *image.RGBA) error) error {
		return errors.Join(add(0, image.NewRGBA(image.Rect(0, 0, 1, 1))), broken)
	})
	if !errors.Is(err, broken) {
		t.Error(err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

func TestTerminal(t *testing.T) {
	halves := picture(4, 4, func(x, y int) (int, int, int) { return 255 * (x / 2), 255 * (x / 2), 255 * (x / 2) })
	for _, c := range []struct {
		name string
		o    TerminalOptions
		want string
	}{
		{"plain", TerminalOptions{Columns: 80, Rows: 24}, "  @@\n  @@\nstep 1\n"},
		{"narrow", TerminalOptions{Columns: 2, Rows: 24}, " @\nstep 1\n"},
		{"low", TerminalOptions{Columns: 80, Rows: 3}, " @\nstep 1\n"},
		{"colour", TerminalOptions{Columns: 80, Rows: 3, Colour: true},
			"\x1b[38;2;0;0;0;48;2;0;0;0m▀\x1b[38;2;255;255;255;48;2;255;255;255m▀\x1b[0m\nstep 1\n"},
		{"cursor", TerminalOptions{Columns: 80, Rows: 3, Cursor: true}, "\x1b[?25l\x1b[2J\x1b[H @\nstep 1\x1b[K\n\x1b[?25h"},
	} {
		var b bytes.Buffer
		s := NewTerminal(&b, c.o)
		if err := errors.Join(s.Add(halves, "step 1"), s.Close()); err != nil {
			t.Fatal(err)
		}
		if b.String() != c.want {
			t.Errorf("%s: %q, want %q", c.name, b.String(), c.want)
		}
	}
}
