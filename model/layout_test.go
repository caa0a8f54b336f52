package model

import (
	"math"
	"strings"
	"testing"
)

var (
	paper = Transformer{Hidden: 32, Heads: 4, HeadDim: 4, FFN: 128, Blocks: 3, Vocab: 2051, Position: Rotary, RotaryDims: 4}
	small = Transformer{Hidden: 4, Heads: 4, HeadDim: 4, FFN: 16, Blocks: 3, Vocab: 2051, Position: Rotary, RotaryDims: 4}
	ref   = Initialisation{TallConstant: 1, EmbeddingStd: 1, DecoderBiasStd: math.Sqrt2}
	sqrt2 = Initialisation{TallConstant: math.Sqrt2, EmbeddingStd: 1, DecoderBiasStd: math.Sqrt2}
	rates = MutationRates{Dense: 0.01, Factor: 0.1, Bias: 0.01}

	carRacing      = ConvPolicy{64, 12, []ConvLayer{{4, 2, 32}, {4, 2, 64}, {4, 2, 128}, {4, 2, 256}}, 256, 3}
	carRacingSmall = ConvPolicy{64, 12, []ConvLayer{{4, 2, 4}, {4, 2, 4}, {4, 2, 8}, {4, 2, 16}}, 32, 3}
	atari          = ConvPolicy{84, 12, []ConvLayer{{8, 4, 32}, {4, 2, 64}, {3, 1, 64}}, 256, 18}
	atariSmall     = ConvPolicy{84, 12, []ConvLayer{{8, 4, 4}, {4, 2, 8}, {3, 1, 8}}, 32, 18}
)

func factored(k int) Encoding { return Encoding{Factored, k} }

func transformerLayout(t *testing.T, spec Transformer, embed, rest Encoding, init Initialisation) *Layout {
	t.Helper()
	l, err := spec.Layout(TransformerEncodings{Embedding: embed, Attention: rest, FeedForward: rest}, init, rates)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func convLayout(t *testing.T, spec ConvPolicy, e Encoding) *Layout {
	t.Helper()
	l, err := spec.Layout(ConvEncodings{e, e}, sqrt2, rates)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestParameterCounts checks tables 1 and 2 of the paper as corrected in
// method 1.5: 6,980 there is a digit swap of 7,043.
func TestParameterCounts(t *testing.T) {
	asteroids := func(p ConvPolicy) ConvPolicy { p.Outputs = 14; return p }
	dense := Encoding{}
	for _, c := range []struct {
		name                         string
		layout                       *Layout
		genotype, mutable, phenotype int
	}{
		{"transformer dense", transformerLayout(t, paper, dense, dense, ref), 99507, 99123, 99507},
		{"transformer 32/4", transformerLayout(t, paper, factored(32), factored(4), ref), 75955, 75571, 99507},
		{"transformer small", transformerLayout(t, small, dense, dense, ref), 11671, 11623, 11671},
		{"transformer 4/1", transformerLayout(t, paper, factored(4), factored(1), sqrt2), 13023, 12639, 99507},
		{"transformer 64/16", transformerLayout(t, paper, factored(64), factored(16), ref), 161043, 160659, 99507},
		{"carracing dense", convLayout(t, carRacing, dense), 957923, 957923, 957923},
		{"carracing rank 1", convLayout(t, carRacing, factored(1)), 7043, 7043, 957923},
		{"carracing small", convLayout(t, carRacingSmall, dense), 5795, 5795, 5795},
		{"atari dense", convLayout(t, atari, dense), 902066, 902066, 902066},
		{"atari rank 4", convLayout(t, atari, factored(4)), 26674, 26674, 902066},
		{"atari small", convLayout(t, atariSmall, dense), 17350, 17350, 17350},
		{"asteroids dense", convLayout(t, asteroids(atari), dense), 901038, 901038, 901038},
		{"asteroids rank 4", convLayout(t, asteroids(atari), factored(4)), 25646, 25646, 901038},
		{"asteroids small", convLayout(t, asteroids(atariSmall), dense), 17218, 17218, 17218},
	} {
		if c.layout.Genotype != c.genotype || c.layout.Mutable() != c.mutable || c.layout.Phenotype != c.phenotype {
			t.Errorf("%s: genotype %d mutable %d phenotype %d, want %d %d %d", c.name,
				c.layout.Genotype, c.layout.Mutable(), c.layout.Phenotype, c.genotype, c.mutable, c.phenotype)
		}
	}
}

// TestInitialStds checks table 2.4 of the method, to its printed digits.
func TestInitialStds(t *testing.T) {
	dense := transformerLayout(t, paper, Encoding{}, Encoding{}, ref)
	one := transformerLayout(t, paper, factored(32), factored(4), ref)
	two := transformerLayout(t, paper, factored(4), factored(4), sqrt2)
	racing := convLayout(t, carRacing, factored(1))
	game := convLayout(t, atari, factored(4))
	for _, c := range []struct {
		layout *Layout
		tensor string
		stds   []float64
	}{
		{dense, "embed.weight", []float64{1}},
		{dense, "decoder.bias", []float64{1.4142}},
		{dense, "blocks.2.attn.q.weight", []float64{0.25}},
		{dense, "blocks.0.attn.o.weight", []float64{0.3536}},
		{dense, "blocks.0.ffn.up.weight", []float64{0.25}},
		{dense, "blocks.0.ffn.down.weight", []float64{0.125}},
		{dense, "blocks.0.ffn.down.bias", []float64{0}},
		{one, "embed.weight", []float64{0.25, 0.03123}},
		{two, "embed.weight", []float64{0.7071, 0.03123}},
		{one, "blocks.0.attn.v.weight", []float64{0.7071, 0.25}},
		{one, "blocks.0.attn.o.weight", []float64{0.5, 0.25}},
		{two, "blocks.0.attn.o.weight", []float64{0.5946, 0.2973}},
		{one, "blocks.0.ffn.up.weight", []float64{0.5, 0.1768}},
		{two, "blocks.0.ffn.up.weight", []float64{0.5946, 0.2102}},
		{one, "blocks.0.ffn.down.weight", []float64{0.7071, 0.125}},
		{racing, "conv.0.weight", []float64{1.1892, 0.2102}},
		{racing, "conv.3.weight", []float64{1.1892, 0.0743}},
		{racing, "hidden.weight", []float64{1.4142, 0.0442}},
		{racing, "output.weight", []float64{0.0884}},
		{game, "conv.0.weight", []float64{0.5946, 0.2102}},
		{game, "conv.2.weight", []float64{0.5946, 0.1487}},
		{game, "hidden.weight", []float64{0.7071, 0.0253}},
	} {
		parts := c.layout.Tensor(c.tensor).Parts
		for i, want := range c.stds {
			if got := float64(parts[i].InitStd); !(math.Abs(got-want) <= 0.00006) {
				t.Errorf("%s part %s: std %.5f, want %.4f", c.tensor, parts[i].Role, got, want)
			}
		}
	}
}

// TestMutationScales: std × rate, biases as fan-in 1, frozen tensors never.
func TestMutationScales(t *testing.T) {
	l := transformerLayout(t, paper, Encoding{Hybrid, 32}, factored(4), ref)
	for _, c := range []struct {
		tensor string
		part   int
		want   float64
	}{
		{"embed.weight", 0, 0.1 * 0.25},
		{"embed.weight", 1, 0.1 * math.Sqrt(2.0/2051)},
		{"embed.weight", 2, 0.01 * math.Sqrt(2.0/2051)},
		{"decoder.bias", 0, 0.01 * math.Sqrt2},
		{"blocks.1.ffn.up.bias", 0, 0.01 * math.Sqrt2},
		{"blocks.1.ffn.up.weight", 0, 0.1 * 0.5},
		{"blocks.1.norm1.weight", 0, 0},
	} {
		p := l.Tensor(c.tensor).Parts[c.part]
		if p.MutationScale != float32(c.want) {
			t.Errorf("%s part %s: scale %g, want %g", c.tensor, p.Role, p.MutationScale, c.want)
		}
	}
	norm := l.Tensor("blocks.1.norm1.weight")
	if !norm.Frozen() || norm.Parts[0].InitValue != 1 {
		t.Error("layer-norm scale must be frozen at 1")
	}
	if d := l.Tensor("embed.weight").Parts[2]; d.InitStd != 0 || d.Role != RoleD {
		t.Error("the dense part of a hybrid must start at zero")
	}
}

// TestOffsets: parts and tensors tile their vectors, streams are unique.
func TestOffsets(t *testing.T) {
	for _, l := range []*Layout{
		transformerLayout(t, paper, Encoding{Hybrid, 3}, factored(4), ref),
		convLayout(t, atari, Encoding{Hybrid, 2}),
	} {
		genotype, phenotype, streams := 0, 0, map[uint32]bool{}
		for i := range l.Tensors {
			if l.Tensors[i].Offset != phenotype {
				t.Fatalf("%s: phenotype offset %d, want %d", l.Tensors[i].Name, l.Tensors[i].Offset, phenotype)
			}
			phenotype += l.Tensors[i].Len()
			for _, p := range l.Tensors[i].Parts {
				if p.Offset != genotype || streams[p.Stream] || p.Stream != uint32(4*i)+uint32(p.Role) {
					t.Fatalf("%s.%s: offset %d (want %d), stream %d", l.Tensors[i].Name, p.Role, p.Offset, genotype, p.Stream)
				}
				streams[p.Stream] = true
				genotype += p.Len()
			}
		}
		if genotype != l.Genotype || phenotype != l.Phenotype {
			t.Fatal("sizes do not add up")
		}
	}
}

func TestEncodingOverrides(t *testing.T) {
	enc := TransformerEncodings{Tensors: map[string]Encoding{"blocks.*.attn.o": factored(2), "blocks.1.attn.o": factored(3), "embed": factored(8)}}
	l, err := paper.Layout(enc, ref, rates)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]Encoding{"blocks.0.attn.o.weight": factored(2), "blocks.1.attn.o.weight": factored(3), "embed.weight": factored(8), "blocks.0.attn.q.weight": {}} {
		if got := l.Tensor(name).Encoding; got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestRefusedSpecs(t *testing.T) {
	odd, wide, nowhere, none := paper, paper, paper, paper
	odd.RotaryDims, wide.RotaryDims, nowhere.Position, none.Hidden = 3, 34, "left", 0
	for _, spec := range []Transformer{odd, wide, nowhere, none} {
		if _, err := spec.Layout(TransformerEncodings{}, ref, rates); err == nil {
			t.Errorf("%+v was accepted", spec)
		}
	}
	if _, err := paper.Layout(TransformerEncodings{Tensors: map[string]Encoding{"[": {}}}, ref, rates); err == nil {
		t.Error("bad pattern was accepted")
	}
	for _, pattern := range []string{"blocks.9.attn.q", "blocks.0.attn.q.bias", "blocks.*.norm1", "decoder.bias", "head"} {
		if _, err := paper.Layout(TransformerEncodings{Tensors: map[string]Encoding{"embed": {}, pattern: {}}}, ref, rates); err == nil || !strings.Contains(err.Error(), pattern) {
			t.Errorf("%s, which is no weight: %v", pattern, err)
		}
	}
	huge := paper
	huge.Vocab = MaxDimension
	for hidden, accepted := range map[int]bool{1024: true, 2048: false, MaxDimension: false} { // 2^30, 2^31 and 2^40 numbers in the embedding
		huge.Hidden = hidden
		if _, err := huge.Layout(TransformerEncodings{}, ref, rates); (err == nil) != accepted {
			t.Errorf("hidden %d, vocabulary %d: %v", hidden, huge.Vocab, err)
		}
	}
	if _, err := (ConvPolicy{8, 1, []ConvLayer{{9, 1, 1}}, 1, 1}).Layout(ConvEncodings{}, ref, rates); err == nil {
		t.Error("a kernel larger than its input was accepted")
	}
}

func TestParseEncoding(t *testing.T) {
	for _, s := range []string{"dense", "factored(4)", "hybrid(32)"} {
		if e, err := ParseEncoding(s); err != nil || e.String() != s {
			t.Errorf("%s: %v, %v", s, e, err)
		}
	}
	for _, s := range []string{"", "factored", "factored()", "factored(0)", "factored(4", "dense(2)", "low(3)", "hybrid(-1)", "factored(9999999)"} {
		if e, err := ParseEncoding(s); err == nil {
			t.Errorf("%q was accepted as %v", s, e)
		}
	}
}
