package conv

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/evorank/evorank/kernels/develop"
	"github.com/evorank/evorank/kernels/vector"
	"github.com/evorank/evorank/model"
)

// stacksOf makes different images for a policy.
func stacksOf(p model.ConvPolicy, images, stacks int) []Images {
	var all []Images
	for s := range stacks {
		var stack Images
		for k := range images {
			image := make([]uint8, p.Inputs/images*p.Size*p.Size)
			for i := range image {
				image[i] = uint8(model.Seed(s).Draw(model.PurposeSample, 0, uint32(i), uint32(k))[0])
			}
			stack = append(stack, image)
		}
		all = append(all, stack)
	}
	return all
}

// TestCompany: the same bits whichever and however many images are evaluated
// together, and whatever was evaluated before.
func TestCompany(t *testing.T) {
	const most = 7
	for _, g := range readGolden(t) {
		n := len(g.Outputs)
		stacks := stacksOf(g.network.Policy, len(g.Images), most)
		for _, plan := range everyPlan(t, g.network) {
			isa := vector.BestISA()
			alone := make([]float64, most*n)
			for i := range stacks {
				e := NewEvaluator(g.network.Policy, plan, isa, 1)
				e.Load(g.network)
				e.Forward(stacks[i:i+1], alone[i*n:])
			}
			e := NewEvaluator(g.network.Policy, plan, isa, most)
			poison(e)
			e.Load(g.network)
			for _, batch := range [][2]int{{0, most}, {1, 6}, {5, 7}, {2, 3}, {0, 0}} {
				got := make([]float64, (batch[1]-batch[0])*n)
				e.Forward(stacks[batch[0]:batch[1]], got)
				if want := alone[batch[0]*n : batch[1]*n]; !slices.Equal(got, want) {
					t.Fatalf("%s: images %v together give %v, alone %v\n%s", g.Name, batch, got, want, plan)
				}
			}
			if testing.Short() || g.network.Policy.Size > 30 {
				break // the larger ones with the chosen plan only
			}
		}
	}
}

// TestLoadAgain: nothing of a network stays when the next is loaded, and
// loading changes no weight.
func TestLoadAgain(t *testing.T) {
	for _, g := range readGolden(t) {
		plan, err := NewPlan(g.network.Policy, g.network.Ranks(), Auto)
		if err != nil {
			t.Fatal(err)
		}
		e := NewEvaluator(g.network.Policy, plan, vector.BestISA(), 1)
		want, got := make([]float64, len(g.Outputs)), make([]float64, len(g.Outputs))
		e.Load(g.network)
		e.Forward([]Images{g.Images}, want)
		other := &Network{Policy: g.network.Policy}
		for _, l := range g.network.Layers {
			for _, part := range []*[]float32{&l.W, &l.A, &l.B, &l.Bias} {
				*part = slices.Clone(*part)
				for i := range *part {
					(*part)[i] *= -3
				}
			}
			other.Layers = append(other.Layers, l)
		}
		e.Load(other)
		e.Forward([]Images{g.Images}, got)
		fresh, others := NewEvaluator(g.network.Policy, plan, vector.BestISA(), 1), make([]float64, len(got))
		fresh.Load(other)
		fresh.Forward([]Images{g.Images}, others)
		if !slices.Equal(got, others) || slices.Equal(got, want) {
			t.Errorf("%s: %v after another network was loaded, %v for it alone, %v for the first", g.Name, got, others, want)
		}
		e.Load(g.network)
		e.Forward([]Images{g.Images}, got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v after another network was loaded, %v before", g.Name, got, want)
		}
	}
}

func TestForwardDoesNotAllocate(t *testing.T) {
	for _, g := range readGolden(t) {
		plan, err := NewPlan(g.network.Policy, g.network.Ranks(), Auto)
		if err != nil {
			t.Fatal(err)
		}
		e := NewEvaluator(g.network.Policy, plan, vector.BestISA(), 2)
		stacks, out := []Images{g.Images, g.Images}, make([]float64, 2*len(g.Outputs))
		if a := testing.AllocsPerRun(3, func() { e.Load(g.network); e.Forward(stacks, out) }); a != 0 {
			t.Errorf("%s: %v allocations", g.Name, a)
		}
	}
}

// TestNaN: a weight that is not a number shows in the output, relu or not.
func TestNaN(t *testing.T) {
	for _, g := range readGolden(t) {
		for _, plan := range everyPlan(t, g.network)[:3] {
			e := NewEvaluator(g.network.Policy, plan, vector.BestISA(), 1)
			bias := g.network.Layers[0].Bias
			old := bias[0]
			bias[0] = float32(math.NaN())
			e.Load(g.network)
			bias[0] = old
			out := make([]float64, len(g.Outputs))
			e.Forward([]Images{g.Images}, out)
			if !math.IsNaN(out[0]) {
				t.Errorf("%s: output %v of a network with NaN", g.Name, out[0])
			}
		}
	}
}

// paper is the policy of the paper's CarRacing with one encoding for all.
func paper(t testing.TB, channels []int, hidden int, encoding model.Encoding) *Network {
	t.Helper()
	p := model.ConvPolicy{Size: 64, Inputs: 12, Hidden: hidden, Outputs: 3}
	for _, c := range channels {
		p.Layers = append(p.Layers, model.ConvLayer{Kernel: 4, Stride: 2, Channels: c})
	}
	layout, err := p.Layout(model.ConvEncodings{Convolutions: encoding, Hidden: encoding},
		model.Initialisation{TallConstant: math.Sqrt2}, model.MutationRates{})
	if err != nil {
		t.Fatal(err)
	}
	genotype, phenotype := make([]float32, layout.Genotype), make([]float32, layout.Phenotype)
	develop.Rebuild(genotype, layout, model.Genome{{Kind: model.GeneInit, Seed: 5, Multiplier: 1}})
	develop.Phenotype(phenotype, genotype, layout)
	return Bind(p, layout, genotype, phenotype)
}

var (
	large = []int{32, 64, 128, 256}
	small = []int{4, 4, 8, 16}
)

// TestPlan: what the cost function says of the paper's policies.
func TestPlan(t *testing.T) {
	rank1 := paper(t, large, 256, model.Encoding{Kind: model.Factored, Rank: 1})
	for _, c := range []struct {
		name        string
		network     *Network
		application Application
		want        string // first letters of application and lanes
	}{
		{"dense", paper(t, large, 256, model.Encoding{}), Auto, "m/ch m/ch m/ch m/ch m/ch m/ch"},
		{"small", paper(t, small, 32, model.Encoding{}), Auto, "m/co m/co m/co m/ch m/ch m/ch"},
		{"rank 1", rank1, Auto, "f/co f/co f/co f/co f/co m/ch"},
		{"rank 1, developed", rank1, Materialised, "m/ch m/ch m/ch m/ch m/ch m/ch"},
		{"rank 64", paper(t, large, 256, model.Encoding{Kind: model.Factored, Rank: 64}), Auto, "m/ch m/ch f/ch f/ch f/ch m/ch"},
	} {
		plan, err := NewPlan(c.network.Policy, c.network.Ranks(), c.application)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, choice := range plan {
			got = append(got, string(choice.Application[:1])+"/"+string(choice.Lanes[:2]))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s\n%s", c.name, got, c.want, plan)
		}
	}
	if _, err := NewPlan(rank1.Policy, nil, Auto); err == nil {
		t.Error("a plan without ranks was made")
	}
	if names := strings.Join(everyPlan(t, rank1)[0].Undeveloped(rank1.Policy), " "); names != "conv.0.weight conv.1.weight conv.2.weight conv.3.weight hidden.weight" {
		t.Errorf("not developed: %s", names)
	}
}

func TestParseApplication(t *testing.T) {
	if a, err := ParseApplication("factored"); a != Factored || err != nil {
		t.Errorf("%v, %v", a, err)
	}
	if _, err := ParseApplication("fast"); err == nil || !strings.Contains(err.Error(), `"fast" is none of`) {
		t.Errorf("%v", err)
	}
}

// TestCheck: networks whose arrays do not fit are named.
func TestCheck(t *testing.T) {
	for want, spoil := range map[string]func(*Network){
		"1 layers, want 6":   func(n *Network) { n.Layers = n.Layers[:1] },
		"layer 2: bias":      func(n *Network) { n.Layers[2].Bias = nil },
		"layer 1: weight":    func(n *Network) { n.Layers[1].W = n.Layers[1].W[1:] },
		"layer 3: factors":   func(n *Network) { n.Layers[3].B = nil },
		"layer 4: factors":   func(n *Network) { n.Layers[4].Orientation = model.Convolution },
		"layer 5: neither":   func(n *Network) { n.Layers[5].W = nil },
		"kernel 4 is larger": func(n *Network) { n.Policy.Size = 3 },
	} {
		n := paper(t, large, 256, model.Encoding{Kind: model.Factored, Rank: 1})
		if err := n.Check(); err != nil {
			t.Fatal(err)
		}
		if spoil(n); n.Check() == nil || !strings.Contains(n.Check().Error(), want) {
			t.Errorf("%v, want an error with %q", n.Check(), want)
		}
	}
}

// BenchmarkForward: two images at a time, as in training. GMAC/s counts the
// multiply-adds of the developed network, whatever is done instead.
func BenchmarkForward(b *testing.B) {
	rank := func(k int) model.Encoding { return model.Encoding{Kind: model.Factored, Rank: k} }
	for _, c := range []struct {
		name        string
		network     *Network
		application Application
	}{
		{"dense", paper(b, large, 256, model.Encoding{}), Auto},
		{"rank1", paper(b, large, 256, rank(1)), Auto},
		{"rank1/materialised", paper(b, large, 256, rank(1)), Materialised},
		{"rank4", paper(b, large, 256, rank(4)), Auto},
		{"small", paper(b, small, 32, model.Encoding{}), Auto},
	} {
		plan, err := NewPlan(c.network.Policy, c.network.Ranks(), c.application)
		if err != nil {
			b.Fatal(err)
		}
		e := NewEvaluator(c.network.Policy, plan, vector.BestISA(), lockStep)
		e.Load(c.network)
		stacks, out := stacksOf(c.network.Policy, 4, lockStep), make([]float64, lockStep*3)
		b.Run(c.name, func(b *testing.B) {
			for range b.N {
				e.Forward(stacks, out)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*lockStep), "µs/image")
		})
	}
}
