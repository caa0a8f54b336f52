package model

import (
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func readNet(t testing.TB, name string) *TensorFile {
	t.Helper()
	f, err := ReadSafetensors("testdata/safetensors/" + name + ".safetensors")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// ramp is a vector whose elements differ.
func ramp(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(i) / 8
	}
	return v
}

func TestImportGoldenNets(t *testing.T) {
	oddSpec := Transformer{Hidden: 20, Heads: 3, HeadDim: 5, FFN: 37, Blocks: 2, Vocab: 131, Position: Rotary, RotaryDims: 4}
	mixed := map[string]Encoding{}
	for b := range 2 {
		for name, e := range map[string]Encoding{"attn.k": factored(2), "attn.v": {}, "ffn.down": {}} {
			mixed[fmt.Sprintf("blocks.%d.%s", b, name)] = e
		}
	}
	for name, want := range map[string]struct {
		spec Transformer
		enc  TransformerEncodings
	}{
		"odd":          {oddSpec, TransformerEncodings{Encoding{}, factored(3), factored(2), mixed}},
		"odd-factored": {oddSpec, TransformerEncodings{factored(3), factored(2), factored(3), map[string]Encoding{}}},
		"floor": {Transformer{Hidden: 8, Heads: 2, HeadDim: 3, FFN: 16, Blocks: 1, Vocab: 64, Position: Rotary, RotaryDims: 4},
			TransformerEncodings{Tensors: map[string]Encoding{}}},
	} {
		f := readNet(t, name)
		net, err := ImportTransformer(f, ref, rates)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if net.Transformer != want.spec || !reflect.DeepEqual(net.Encodings, want.enc) {
			t.Errorf("%s: %+v %+v, want %+v", name, net.Transformer, net.Encodings, want)
		}
		sameArrays(t, name, net.Layout.ExportGenotype(net.Genotype, net.Metadata()), f)
	}
}

// TestImportSharedNets does the same with the networks of the paper's size.
func TestImportSharedNets(t *testing.T) {
	shared := os.Getenv("EVORANK_SHARED")
	if shared == "" {
		shared = "../../shared"
	}
	paths, _ := filepath.Glob(filepath.Join(shared, "golden/lm/nets/*.safetensors"))
	if len(paths) == 0 {
		t.Skip("9 networks skipped: set EVORANK_SHARED")
	}
	for _, path := range paths {
		f, err := ReadSafetensors(path)
		if err != nil {
			t.Fatal(err)
		}
		net, err := ImportTransformer(f, Initialisation{}, MutationRates{})
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		sameArrays(t, path, net.Layout.ExportGenotype(net.Genotype, net.Metadata()), f)
	}
}

// sameArrays compares metadata and arrays, in any order, bit for bit.
func sameArrays(t *testing.T, name string, got, want *TensorFile) {
	t.Helper()
	if !maps.Equal(got.Metadata, want.Metadata) || len(got.Tensors) != len(want.Tensors) {
		t.Errorf("%s: metadata %q and %d tensors, want %q and %d", name, got.Metadata, len(got.Tensors), want.Metadata, len(want.Tensors))
	}
	arrays := got.byName()
	for _, w := range want.Tensors {
		if g := arrays[w.Name]; g == nil || !slices.Equal(g.Shape, w.Shape) || !slices.Equal(g.Data, w.Data) {
			t.Errorf("%s: %s came back different", name, w.Name)
		}
	}
}

func TestExportTransformer(t *testing.T) {
	spec := Transformer{Hidden: 6, Heads: 2, HeadDim: 2, FFN: 7, Blocks: 2, Vocab: 11}
	enc := TransformerEncodings{
		Embedding: Encoding{Hybrid, 3}, Attention: factored(2), FeedForward: Encoding{},
		Tensors: map[string]Encoding{"blocks.1.attn.o": {Hybrid, 1}, "blocks.1.ffn.up": factored(4)},
	}
	for _, position := range []Position{Rotary, Sinusoid, NoPosition} {
		spec.Position, spec.RotaryDims = position, 0
		if position == Rotary {
			spec.RotaryDims = 4
		}
		layout, err := spec.Layout(enc, ref, rates)
		if err != nil {
			t.Fatal(err)
		}
		genotype := ramp(layout.Genotype)
		file := layout.ExportGenotype(genotype, spec.Metadata())
		net, err := ImportTransformer(file, ref, rates)
		if err != nil {
			t.Fatal(err)
		}
		if net.Transformer != spec || !reflect.DeepEqual(net.Encodings, enc) || !reflect.DeepEqual(net.Layout, layout) || !slices.Equal(net.Genotype, genotype) {
			t.Errorf("%s: came back as %+v %+v", position, net.Transformer, net.Encodings)
		}
		arrays := file.byName()
		for name, shape := range map[string][]int{
			"embed.weight.A": {6, 3}, "embed.weight.B": {3, 11}, "embed.weight.D": {11, 6},
			"blocks.0.attn.o.weight.A": {6, 2}, "blocks.1.attn.o.weight.D": {6, 4}, "blocks.1.ffn.up.weight.B": {4, 6},
			"blocks.0.ffn.down.weight": {6, 7}, "blocks.1.norm2.bias": {6}, "decoder.bias": {11},
		} {
			if a := arrays[name]; a == nil || !slices.Equal(a.Shape, shape) {
				t.Errorf("%s: %v, want shape %v", name, a, shape)
			}
		}
		developed := layout.ExportPhenotype(ramp(layout.Phenotype), spec.Metadata())
		net, err = ImportTransformer(developed, ref, rates)
		if err != nil || net.Layout.Genotype != layout.Phenotype || !slices.Equal(net.Genotype, ramp(layout.Phenotype)) {
			t.Errorf("developed: %v", err)
		}
	}
}

// TestMetadataIsNumbers: the reference program takes every value for a number.
func TestMetadataIsNumbers(t *testing.T) {
	want := map[string]string{"hidden": "32", "heads": "4", "head_dim": "4", "ffn": "128", "blocks": "3", "vocab": "2051", "rotary_dims": "4"}
	if got := paper.Metadata(); !maps.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestExportConvPolicy(t *testing.T) {
	for _, enc := range []ConvEncodings{{}, {factored(3), Encoding{Hybrid, 2}}, {Encoding{Hybrid, 1}, Encoding{}}} {
		layout, err := carRacingSmall.Layout(enc, sqrt2, rates)
		if err != nil {
			t.Fatal(err)
		}
		genotype := ramp(layout.Genotype)
		net, err := ImportConvPolicy(layout.ExportGenotype(genotype, carRacingSmall.Metadata()), sqrt2, rates)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(net.ConvPolicy, carRacingSmall) || net.Encodings != enc || !reflect.DeepEqual(net.Layout, layout) || !slices.Equal(net.Genotype, genotype) {
			t.Errorf("%v: came back as %+v %+v", enc, net.ConvPolicy, net.Encodings)
		}
	}
}

// altered returns a copy of f that edit has changed.
func altered(f *TensorFile, edit func(f *TensorFile, array map[string]*NamedTensor)) *TensorFile {
	c := &TensorFile{maps.Clone(f.Metadata), slices.Clone(f.Tensors)}
	for i := range c.Tensors {
		c.Tensors[i].Data = slices.Clone(c.Tensors[i].Data)
	}
	edit(c, c.byName())
	return c
}

func TestImportTransformerRefused(t *testing.T) {
	f := readNet(t, "odd-factored")
	set := func(key, value string) func(*TensorFile, map[string]*NamedTensor) {
		return func(f *TensorFile, _ map[string]*NamedTensor) { f.Metadata[key] = value }
	}
	for want, edit := range map[string]func(f *TensorFile, array map[string]*NamedTensor){
		"metadata: ffn is missing":      func(f *TensorFile, _ map[string]*NamedTensor) { delete(f.Metadata, "ffn") },
		`ffn: "much" is not a number`:   set("ffn", "much"),
		"heads: 0 is not between":       set("heads", "0"),
		`position: "left"`:              set("position", "left"),
		`position: "" is`:               set("position", ""),
		"no meaning with position none": set("position", "none"),
		"1000000 blocks in a file of":   set("blocks", "1000000"),
		"blocks.2.attn.q.weight: missing, and so is blocks.2.attn.q.weight.A":                            set("blocks", "3"),
		`"blocks.1.attn.k.bias": the network has no such tensor`:                                         set("blocks", "1"),
		"embed.weight.A: shape [20 3] where the metadata and the other tensors ask for [21 3]":           set("hidden", "21"),
		"embed.weight.B: shape [3 131] where the metadata and the other tensors ask for [3 1000000]":     set("vocab", "1000000"),
		"blocks.0.attn.q.weight.A: shape [15 2] where the metadata and the other tensors ask for [16 2]": func(f *TensorFile, _ map[string]*NamedTensor) { f.Metadata["heads"], f.Metadata["head_dim"] = "4", "4" },
		"blocks.0.ffn.up.bias: shape [37 1] where the metadata and the other tensors ask for [37]":       func(_ *TensorFile, a map[string]*NamedTensor) { a["blocks.0.ffn.up.bias"].Shape = []int{37, 1} },
		"embed.weight.A: shape [60] is not that of a left factor":                                        func(_ *TensorFile, a map[string]*NamedTensor) { a["embed.weight.A"].Shape = []int{60} },
		"embed.weight.A: shape [20 0] is not that of a left factor":                                      func(_ *TensorFile, a map[string]*NamedTensor) { a["embed.weight.A"].Shape = []int{20, 0} },
		"embed.weight.B: missing": func(_ *TensorFile, a map[string]*NamedTensor) { a["embed.weight.B"].Name = "embed.weight.C" },
		`"blocks.0.attn.q.weight.A": the network has no such tensor`: func(f *TensorFile, _ map[string]*NamedTensor) {
			f.Tensors = append(f.Tensors, NamedTensor{"blocks.0.attn.q.weight", []int{15, 20}, ramp(300)})
		},
		`"decoder.bias": the network has no such tensor`: func(f *TensorFile, _ map[string]*NamedTensor) {
			f.Tensors = append(f.Tensors, NamedTensor{"decoder.bias", []int{131}, ramp(131)})
		},
		"decoder.bias: element 7 is NaN: weights must be finite": func(_ *TensorFile, a map[string]*NamedTensor) { a["decoder.bias"].Data[7] = float32(math.NaN()) },
		"blocks.1.norm2.weight: element 19 is -Inf: weights must be finite": func(_ *TensorFile, a map[string]*NamedTensor) {
			a["blocks.1.norm2.weight"].Data[19] = float32(math.Inf(-1))
		},
	} {
		_, err := ImportTransformer(altered(f, edit), ref, rates)
		if err == nil || !strings.HasPrefix(err.Error(), "weights: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func TestImportConvPolicyRefused(t *testing.T) {
	layout := convLayout(t, carRacingSmall, factored(2))
	f := layout.ExportGenotype(ramp(layout.Genotype), carRacingSmall.Metadata())
	set := func(key, value string) func(*TensorFile, map[string]*NamedTensor) {
		return func(f *TensorFile, _ map[string]*NamedTensor) { f.Metadata[key] = value }
	}
	for want, edit := range map[string]func(f *TensorFile, array map[string]*NamedTensor){
		"metadata: size is missing":                    func(f *TensorFile, _ map[string]*NamedTensor) { delete(f.Metadata, "size") },
		`flatten: order "row,column,channel"`:          set("flatten", "row,column,channel"),
		`factor_rows: order "row,column,in"`:           set("factor_rows", "row,column,in"),
		`strides: "2,2,2," is not a list of numbers`:   set("strides", "2,2,2,"),
		"4 kernels, 3 strides and 4 channels":          set("strides", "2,2,2"),
		"layer 3: kernel 4 is larger than its 1×1":     set("strides", "4,4,2,2"),
		"hidden.weight.B: shape [2 64]":                set("size", "96"),
		"size, inputs, hidden and outputs must be":     set("outputs", "-3"),
		"output.weight: missing":                       func(_ *TensorFile, a map[string]*NamedTensor) { a["output.weight"].Name = "output.weight.A" },
		"conv.2.weight: missing":                       func(_ *TensorFile, a map[string]*NamedTensor) { a["conv.2.weight.A"].Name = "x" },
		"conv.1.weight: encoding hybrid(2) where conv": func(_ *TensorFile, a map[string]*NamedTensor) { a["output.bias"].Name = "conv.1.weight.D" },
	} {
		_, err := ImportConvPolicy(altered(f, edit), sqrt2, rates)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// FuzzImport checks that no weight file, however it describes itself, panics
// or is changed by being imported and exported.
func FuzzImport(f *testing.F) {
	for _, name := range []string{"odd", "odd-factored", "floor"} {
		f.Add(encode(f, readNet(f, name)))
	}
	policy := ConvPolicy{6, 1, []ConvLayer{{2, 2, 2}, {2, 1, 1}}, 2, 1}
	layout, err := policy.Layout(ConvEncodings{Convolutions: factored(1)}, sqrt2, rates)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(encode(f, layout.ExportGenotype(ramp(layout.Genotype), policy.Metadata())))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := decode(data)
		if err != nil {
			return
		}
		if net, err := ImportTransformer(file, ref, rates); err == nil {
			got := net.Layout.ExportGenotype(net.Genotype, file.Metadata)
			sameArrays(t, "transformer", got, file)
		}
		if net, err := ImportConvPolicy(file, ref, rates); err == nil {
			got := net.Layout.ExportGenotype(net.Genotype, file.Metadata)
			sameArrays(t, "conv policy", got, file)
		}
	})
}
