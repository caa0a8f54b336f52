package model

import (
	"fmt"
	"strconv"
	"strings"
)

// Metadata returns the transformer's description for a weight file. The
// position is named only where rotary_dims does not tell (none is 0), so that
// readers that take every value for a number can load the usual networks.
func (t Transformer) Metadata() map[string]string {
	m := map[string]string{
		"hidden": strconv.Itoa(t.Hidden), "heads": strconv.Itoa(t.Heads), "head_dim": strconv.Itoa(t.HeadDim),
		"ffn": strconv.Itoa(t.FFN), "blocks": strconv.Itoa(t.Blocks), "vocab": strconv.Itoa(t.Vocab),
		"rotary_dims": strconv.Itoa(t.RotaryDims),
	}
	if t.Position == Sinusoid {
		m["position"] = string(t.Position)
	}
	return m
}

// ImportedTransformer is what a weight file holds: enough to evaluate it, or
// to found a population on it.
type ImportedTransformer struct {
	Transformer
	Encodings TransformerEncodings
	Layout    *Layout
	Genotype  []float32
}

// ImportTransformer reads a transformer, developed or as factors, from a
// weight file. The initialisation and the rates matter only to who mutates it;
// their zero values do for evaluation.
func ImportTransformer(f *TensorFile, init Initialisation, rates MutationRates) (*ImportedTransformer, error) {
	spec, err := parseTransformer(f.Metadata)
	if err != nil {
		return nil, err
	}
	if spec.Blocks > len(f.Tensors) { // before a layout of that many blocks is made
		return nil, fmt.Errorf("weights: metadata: %d blocks in a file of %d tensors", spec.Blocks, len(f.Tensors))
	}
	enc, layout, genotype, err := importNetwork(f, spec, init, rates)
	if err != nil {
		return nil, err
	}
	return &ImportedTransformer{spec, enc, layout, genotype}, nil
}

// network is a specification whose encodings are E.
type network[E any] interface {
	encodingsIn(arrays map[string]*NamedTensor) (E, error)
	Layout(enc E, init Initialisation, rates MutationRates) (*Layout, error)
}

// importNetwork reads the weights of a network that the metadata described.
func importNetwork[E any](f *TensorFile, spec network[E], init Initialisation, rates MutationRates) (enc E, layout *Layout, genotype []float32, err error) {
	if enc, err = spec.encodingsIn(f.byName()); err != nil {
		return enc, nil, nil, err
	}
	if layout, err = spec.Layout(enc, init, rates); err != nil {
		return enc, nil, nil, fmt.Errorf("weights: %w", err)
	}
	genotype, err = layout.ImportGenotype(f)
	return enc, layout, genotype, err
}

func parseTransformer(metadata map[string]string) (Transformer, error) {
	r := metadataReader{values: metadata}
	t := Transformer{
		Hidden: r.number("hidden"), Heads: r.number("heads"), HeadDim: r.number("head_dim"), FFN: r.number("ffn"),
		Blocks: r.number("blocks"), Vocab: r.number("vocab"), RotaryDims: r.number("rotary_dims"),
		Position: Position(metadata["position"]),
	}
	if r.err != nil {
		return t, r.err
	}
	if _, named := metadata["position"]; !named {
		t.Position = NoPosition
		if t.RotaryDims > 0 {
			t.Position = Rotary
		}
	}
	if err := t.Validate(); err != nil {
		return t, fmt.Errorf("weights: metadata: %w", err)
	}
	return t, nil
}

// encodingsIn finds the encoding of each weight. The first block's query and
// feed-forward matrices speak for their groups, others are named if they differ.
func (t Transformer) encodingsIn(arrays map[string]*NamedTensor) (TransformerEncodings, error) {
	enc := TransformerEncodings{Tensors: map[string]Encoding{}}
	groups := []struct {
		encoding *Encoding
		names    []string
	}{{&enc.Embedding, []string{"embed"}}, {encoding: &enc.Attention}, {encoding: &enc.FeedForward}}
	for block := range t.Blocks {
		for i, names := range [][]string{1: {"attn.q", "attn.k", "attn.v", "attn.o"}, 2: {"ffn.up", "ffn.down"}} {
			for _, name := range names {
				groups[i].names = append(groups[i].names, fmt.Sprintf("blocks.%d.%s", block, name))
			}
		}
	}
	for _, g := range groups {
		for i, name := range g.names {
			e, err := encodingIn(arrays, name+".weight")
			if err != nil {
				return enc, err
			}
			if i == 0 {
				*g.encoding = e
			} else if e != *g.encoding {
				enc.Tensors[name] = e
			}
		}
	}
	return enc, nil
}

// Orders of the axes that a policy's file mixes into one, slowest first.
const (
	flattenOrder    = "channel,row,column" // of the hidden layer's inputs
	factorRowsOrder = "in,column,row"      // of the rows of a convolution's A
)

// Metadata returns the policy's description for a weight file.
func (p ConvPolicy) Metadata() map[string]string {
	var kernels, strides, channels []string
	for _, l := range p.Layers {
		kernels = append(kernels, strconv.Itoa(l.Kernel))
		strides = append(strides, strconv.Itoa(l.Stride))
		channels = append(channels, strconv.Itoa(l.Channels))
	}
	return map[string]string{
		"size": strconv.Itoa(p.Size), "inputs": strconv.Itoa(p.Inputs),
		"kernels": strings.Join(kernels, ","), "strides": strings.Join(strides, ","), "channels": strings.Join(channels, ","),
		"hidden": strconv.Itoa(p.Hidden), "outputs": strconv.Itoa(p.Outputs),
		"flatten": flattenOrder, "factor_rows": factorRowsOrder,
	}
}

// ImportedConvPolicy is ImportedTransformer's counterpart.
type ImportedConvPolicy struct {
	ConvPolicy
	Encodings ConvEncodings
	Layout    *Layout
	Genotype  []float32
}

// ImportConvPolicy reads a policy, developed or as factors, from a weight file.
func ImportConvPolicy(f *TensorFile, init Initialisation, rates MutationRates) (*ImportedConvPolicy, error) {
	spec, err := parseConvPolicy(f.Metadata)
	if err != nil {
		return nil, err
	}
	enc, layout, genotype, err := importNetwork(f, spec, init, rates)
	if err != nil {
		return nil, err
	}
	return &ImportedConvPolicy{spec, enc, layout, genotype}, nil
}

func parseConvPolicy(metadata map[string]string) (ConvPolicy, error) {
	r := metadataReader{values: metadata}
	p := ConvPolicy{Size: r.number("size"), Inputs: r.number("inputs"), Hidden: r.number("hidden"), Outputs: r.number("outputs")}
	kernels, strides, channels := r.numbers("kernels"), r.numbers("strides"), r.numbers("channels")
	r.exactly("flatten", flattenOrder)
	r.exactly("factor_rows", factorRowsOrder)
	if r.err != nil {
		return p, r.err
	}
	if len(kernels) != len(strides) || len(kernels) != len(channels) {
		return p, fmt.Errorf("weights: metadata: %d kernels, %d strides and %d channels: one of each per layer is wanted", len(kernels), len(strides), len(channels))
	}
	for i := range kernels {
		p.Layers = append(p.Layers, ConvLayer{kernels[i], strides[i], channels[i]})
	}
	return p, nil
}

// encodingsIn finds the encoding that all convolutions share, and the hidden
// layer's.
func (p ConvPolicy) encodingsIn(arrays map[string]*NamedTensor) (enc ConvEncodings, err error) {
	if enc.Hidden, err = encodingIn(arrays, "hidden.weight"); err != nil {
		return enc, err
	}
	for i := range p.Layers {
		name := fmt.Sprintf("conv.%d.weight", i)
		e, err := encodingIn(arrays, name)
		if err != nil {
			return enc, err
		}
		if i > 0 && e != enc.Convolutions {
			return enc, fmt.Errorf("weights: %s: encoding %s where conv.0.weight has %s: all convolutions must have the same", name, e, enc.Convolutions)
		}
		enc.Convolutions = e
	}
	return enc, nil
}

// metadataReader parses values; the first error sticks.
type metadataReader struct {
	values map[string]string
	err    error
}

func (r *metadataReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("weights: metadata: "+format, args...)
	}
}

func (r *metadataReader) text(key string) string {
	s, found := r.values[key]
	if !found {
		r.fail("%s is missing: a network cannot be told from its tensors alone", key)
	}
	return s
}

func (r *metadataReader) number(key string) int {
	s := r.text(key)
	n, err := strconv.Atoi(s)
	if err != nil {
		r.fail("%s: %q is not a number", key, s)
	}
	return n
}

// numbers reads a list with commas; the empty text is the empty list.
func (r *metadataReader) numbers(key string) []int {
	s := r.text(key)
	if s == "" {
		return nil
	}
	var list []int
	for item := range strings.SplitSeq(s, ",") {
		n, err := strconv.Atoi(item)
		if err != nil {
			r.fail("%s: %q is not a list of numbers", key, s)
		}
		list = append(list, n)
	}
	return list
}

func (r *metadataReader) exactly(key, want string) {
	if got := r.text(key); got != want {
		r.fail("%s: order %q is not supported, only %q", key, got, want)
	}
}
