package transformer

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/evorank/evorank/model"
)

func TestPositions(t *testing.T) {
	for _, c := range []struct {
		shape Shape
		at    int
		want  []float64 // of a state of ones
	}{
		{Shape{Hidden: 3, Position: model.NoPosition}, 5, []float64{1, 1, 1}},
		{Shape{Hidden: 5, Position: model.Rotary, RotaryDims: 4}, 3, []float64{
			math.Cos(3) - math.Sin(3), math.Cos(3) + math.Sin(3), math.Cos(0.03) - math.Sin(0.03), math.Cos(0.03) + math.Sin(0.03), 1}},
		{Shape{Hidden: 4, Position: model.Sinusoid}, 3, []float64{
			1 + math.Sin(3), 1 + math.Cos(3), 1 + math.Sin(0.03), 1 + math.Cos(0.03)}},
		{Shape{Hidden: 3, Position: model.Sinusoid}, 2, []float64{
			1 + math.Sin(2), 1 + math.Cos(2), 1 + math.Sin(2*math.Pow(10000, -2.0/3))}},
		{Shape{Hidden: 2, Position: model.Sinusoid}, 0, []float64{1, 2}},
	} {
		x := []float64{1, 1, 1, 1, 1}[:c.shape.Hidden]
		position(c.shape, x, c.at)
		panel := make([]float32, c.shape.Hidden*width)
		for i := range panel {
			panel[i] = 1
		}
		table := positionTable{shape: c.shape}
		table.reserve(c.at + 2)
		table.add(panel[7:], c.at, 2)
		for i, want := range c.want {
			if got := float64(panel[i*width+7]); !near(x[i], want, 1e-12) || !near(got, want, 1e-6) {
				t.Errorf("%+v at %d: feature %d: %g, in float32 %g, want %g", c.shape, c.at, i, x[i], got, want)
			}
			if panel[i*width+6] != 1 || panel[i*width+9] != 1 {
				t.Errorf("%+v: feature %d: a lane beside was overwritten", c.shape, i)
			}
		}
	}
}

func TestDecoder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	reference := NewReference(randomNetwork(odd[1].shape, 2, 2, r))
	ids := []int32{3, 1, 4, 1, 5, 9, 2, 6}
	d := reference.Decoder()
	sum := 0.0
	for i, id := range ids[:len(ids)-1] {
		if d.Len() != i {
			t.Errorf("length %d, want %d", d.Len(), i)
		}
		logits := d.Step(id)
		sum += LogSumExp(logits) - logits[ids[i+1]]
	}
	if want := reference.Loss(ids) * float64(len(ids)-1); sum != want {
		t.Errorf("sum of losses %g, want %g", sum, want)
	}
}

func TestLogSumExp(t *testing.T) {
	for _, c := range []struct {
		x    []float64
		want float64
	}{
		{[]float64{2}, 2},
		{[]float64{0, 0, 0, 0}, math.Log(4)},
		{[]float64{1000, 1000}, 1000 + math.Ln2},
		{[]float64{-1000, 0}, 0},
	} {
		if got := LogSumExp(c.x); !near(got, c.want, 1e-12) {
			t.Errorf("%v: %g, want %g", c.x, got, c.want)
		}
	}
}

func TestSequences(t *testing.T) {
	s := Pack([]int32{1, 2, 3}, []int32{4, 5}, []int32{6, 7, 8, 9})
	if s.Len() != 3 || !slices.Equal(s.At(1), []int32{4, 5}) || s.Targets(0, 3) != 6 || s.Targets(1, 2) != 1 || s.Targets(2, 2) != 0 {
		t.Errorf("%+v", s)
	}
	if Pack().Len() != 0 {
		t.Error("an empty pack has sequences")
	}
}

func TestNetworkCheck(t *testing.T) {
	for _, c := range []struct {
		want string
		harm func(n *Network)
	}{
		{"heads", func(n *Network) { n.Shape.Heads = 0 }},
		{"0 blocks, want 1", func(n *Network) { n.Blocks = nil }},
		{"decoder bias: 79 numbers, want 80", func(n *Network) { n.DecoderBias = n.DecoderBias[1:] }},
		{"embed: 80 × 15, want 80 × 16", func(n *Network) { n.Embed.Inputs-- }},
		{"embed.A: 31 numbers, want 32", func(n *Network) { n.Embed.A = n.Embed.A[1:] }},
		{"block 0: q: neither", func(n *Network) { n.Blocks[0].Q.A = nil }},
		{"block 0: up.B: 47 numbers, want 48", func(n *Network) { n.Blocks[0].Up.B = n.Blocks[0].Up.B[1:] }},
		{"block 0: down.D: 1 numbers, want 512", func(n *Network) { n.Blocks[0].Down.D = []float32{1} }},
		{"block 0: k.W: 1 numbers, want 256", func(n *Network) { n.Blocks[0].K.W = []float32{1} }},
		{"block 0: v bias: 0 numbers, want 16", func(n *Network) { n.Blocks[0].VBias = nil }},
		{"block 0: norm: 17 numbers, want 16", func(n *Network) { n.Blocks[0].Norm2Bias = append(n.Blocks[0].Norm2Bias, 0) }},
	} {
		n := randomNetwork(small, 2, 3, rand.New(rand.NewPCG(1, 3)))
		if err := n.Check(); err != nil {
			t.Fatal(err)
		}
		c.harm(n)
		if err := n.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q in it", err, c.want)
		}
	}
}

// The paper's weights, whose times on AVX-512 and AVX2 agree with each choice.
func TestChooseApplication(t *testing.T) {
	for _, c := range []struct {
		name                  string
		outputs, inputs, rank int
		want                  Application
	}{
		{"embedding 32", 2051, 32, 32, Materialised},
		{"embedding 64", 2051, 32, 64, Materialised},
		{"embedding 4", 2051, 32, 4, Factored},
		{"query 4", 16, 32, 4, Factored},
		{"query 16", 16, 32, 16, Materialised},
		{"out 4", 32, 16, 4, Factored},
		{"up 4", 128, 32, 4, Factored},
		{"up 16", 128, 32, 16, Factored},
		{"up 32", 128, 32, 32, Materialised},
		{"down 16", 32, 128, 16, Factored},
		{"one number", 1, 1, 1, Materialised},
	} {
		if got := ChooseApplication(c.outputs, c.inputs, c.rank); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestParseApplication(t *testing.T) {
	for _, a := range applications {
		if got, err := ParseApplication(string(a)); got != a || err != nil {
			t.Errorf("%s: %s, %v", a, got, err)
		}
	}
	if _, err := ParseApplication("dense"); err == nil || !strings.Contains(err.Error(), "materialised") {
		t.Errorf("error %v", err)
	}
}
