package bench

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"
)

func TestMeasures(t *testing.T) {
	c := Clock{Repeat: 3, Now: clock()}
	noise, err := Noise(100_003, 2, c)
	if err != nil || noise.Seconds != 1 || noise.PerSecond != 100_003 || noise.BytesPerSecond != 4*100_003 {
		t.Errorf("%+v, %v", noise, err)
	}
	developed, err := Develop(PaperNetworks(40)[1], 5, 2, c)
	if err != nil || len(developed) != 2 || developed[0].PerSecond != 5 || !strings.HasPrefix(developed[1].Name, "A·B") {
		t.Errorf("%+v, %v", developed, err)
	}
	copies, err := Transfer(Clock{Repeat: 1, Now: time.Now})
	if err != nil || len(copies) != len(transferSizes) {
		t.Errorf("%+v, %v", copies, err)
	}
}

func TestShareOfACopy(t *testing.T) {
	if m := (Measure{}).rates(2, 10, 100, 200); m.PerSecond != 5 || m.OfCopyCeiling != 0.25 {
		t.Errorf("%+v", m)
	}
}

func TestWrongNumbersAreSeen(t *testing.T) {
	if sameBits("x", 0, 0, float32(math.Copysign(0, -1))) == nil {
		t.Error("-0 passed for 0")
	}
	bytes := pattern(300)
	bytes[251]++
	if samePattern(bytes) == nil {
		t.Error("a wrong byte passed")
	}
	l, err := PaperNetworks(40)[1].layout()
	if err != nil {
		t.Fatal(err)
	}
	genotype := make([]float32, l.Genotype)
	genotype[l.Tensors[0].Parts[0].Offset] = float32(math.NaN())
	if _, err := checkPhenotype(genotype, l); err == nil {
		t.Error("NaN passed for a product")
	}
}

// TestGeneration: the parts make up the whole, by a clock that ticks once a
// look.
func TestGeneration(t *testing.T) {
	g, err := GenerationOnCPU(context.Background(), PaperNetworks(40)[1], Synthetic(1, 40), 20, Clock{Repeat: 2, Now: clock()})
	if err != nil {
		t.Fatal(err)
	}
	if g.Evaluation != 1 || g.Adoption != 1 || g.Lineage != 1 || g.Selection != 3 || g.Host != 5 || g.Seconds != 6 || g.Evaluated != 4 || g.Generations != 2 {
		t.Errorf("%+v", g)
	}
}
