package carracing

import (
	"fmt"
	"testing"
)

func TestScoreTexts(t *testing.T) {
	for total, want := range map[float64]string{
		0: "0000", 6.27: "0006", 0.5: "0000", 1.5: "0002", 2.5: "0002", -0.3: "-000", -0.5: "-000",
		-1.5: "-002", -12: "-012", -123.4: "-123", -1234: "-1234", 999.5: "1000", 12345: "12345",
	} {
		s := newScore(total)
		var got []byte
		for _, char := range s.chars[:s.n] {
			got = append(got, glyphSet[char])
		}
		if string(got) != want || string(got) != fmt.Sprintf("%04.0f", total) {
			t.Errorf("%v is written %q, want %q", total, got, want)
		}
	}
}

func TestScoreCanBeLeftOut(t *testing.T) {
	r := NewRenderer()
	with, without := new(Picture), new(Picture)
	e := NewEnv(DefaultOptions(), 0)
	r.Draw(e, with)
	e.Options.ScoreText = false
	r.Draw(e, without)
	differ := 0
	for y := range pictureHeight {
		for x := range pictureWidth {
			at := 3 * (y*pictureWidth + x)
			if [3]uint8(with[at:]) == [3]uint8(without[at:]) {
				continue
			}
			differ++
			if inBox := y >= scoreTop && y < scoreTop+scoreHeight && x < 120; !inBox || without[at] != 0 {
				t.Fatalf("pixel %d, %d: %v with, %v without score", x, y, with[at:at+3], without[at:at+3])
			}
		}
	}
	if differ == 0 {
		t.Error("the pictures with and without score are equal")
	}
}
