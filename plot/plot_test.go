package plot

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"flag"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var (
	update = flag.Bool("update", false, "rewrite the expected digests and curves in testdata")
	show   = flag.String("show", "", "folder to save the gallery in, to look at it")
)

const digestFile = "testdata/gallery.json"

// The same input gives the same bytes: within a process, and, for SVG, as
// recorded. Look at the gallery (-show) before recording new digests.
func TestGallery(t *testing.T) {
	digests := map[string]string{}
	for name, draw := range gallery {
		f, err := draw()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		svg, again := written(t, f, "svg"), written(t, f, "svg")
		fresh, _ := draw()
		if !bytes.Equal(svg, again) || !bytes.Equal(svg, written(t, fresh, "svg")) {
			t.Errorf("%s: two drawings of the same data differ", name)
		}
		checkXML(t, name, svg)
		hash := sha256.Sum256(svg)
		digests[name] = hex.EncodeToString(hash[:8])
		if *show != "" {
			for _, format := range []string{".png", ".svg"} {
				if err := f.Save(filepath.Join(*show, name+format)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	compareDigests(t, digests)
}

func written(t *testing.T, f *Figure, format string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f.Write(&b, format); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func checkXML(t *testing.T, name string, svg []byte) {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(svg))
	for {
		if _, err := decoder.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
	}
}

func compareDigests(t *testing.T, got map[string]string) {
	t.Helper()
	if *update {
		data, _ := json.MarshalIndent(got, "", "  ")
		if err := os.WriteFile(digestFile, append(data, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(digestFile)
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]string
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s: digest %q, recorded %q: look at it (-show) and record it (-update)", name, got[name], want[name])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d figures, %d recorded", len(got), len(want))
	}
}

func TestPNG(t *testing.T) {
	f, err := galleryOneTrial()
	if err != nil {
		t.Fatal(err)
	}
	data := written(t, f, "png")
	if !bytes.Equal(data, written(t, f, "png")) {
		t.Error("two drawings of the same figure differ")
	}
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if size := picture.Bounds().Size(); size.X != 1280 || size.Y != 880 {
		t.Errorf("%v pixels, want 6.4 by 4.4 inches at 200 dots", size)
	}
}

// TestLinesMakeRoom: further lines of title, legend and caption make a figure
// higher, each by its own height, so that the data keep their room.
func TestLinesMakeRoom(t *testing.T) {
	height := func(f *Figure) int {
		picture, err := png.DecodeConfig(bytes.NewReader(written(t, f, "png")))
		if err != nil {
			t.Fatal(err)
		}
		return picture.Height
	}
	conditions := func(n int) (out []Condition) {
		for i := range n {
			out = append(out, Condition{Name: fmt.Sprintf("a condition with a long name, %d", i), Band: Band{X: []float64{1, 2}, Centre: []float64{1, 2}}})
		}
		return out
	}
	frame := Frame{Title: "title", X: Axis{Name: "x"}, Y: Axis{Name: "y"}}
	few, err := Curves(frame, conditions(2)) // in a row
	if err != nil {
		t.Fatal(err)
	}
	frame.Title, frame.Caption = strings.Repeat("word ", 20), strings.Repeat("word ", 40) // two lines each
	many, err := Curves(frame, conditions(15))                                            // in eight rows
	if err != nil {
		t.Fatal(err)
	}
	if got, want := height(many)-height(few), 346; got < want-1 || got > want+1 {
		t.Errorf("%d dots higher, want %d", got, want)
	}
}
