package lm

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/model"
)

// Tolerance is how far a story's loss in that precision may lie from the
// float64 reference's: float32 rounds each sum by about 1e-7 of its terms, and
// operands of 11 and 8 significant bits move logits of size 10 by a few 1e-3
// and 1e-2 of their size; the means over a story's tokens average most of it
// away.
func Tolerance(p transformer.Precision) float64 {
	switch p {
	case transformer.FP16, transformer.TF32:
		return 2e-2
	case transformer.BF16:
		return 1e-1
	}
	return 2e-5
}

// SelfTest evaluates small populations of odd sizes on a GPU and compares them
// with this processor: genotypes by digest, bit for bit, losses within the
// precision's tolerance of the float64 reference. The fused kernels of each size
// and the tiled ones take part, each where the device has them in that
// precision. It is run before a device is trusted. The time is that of the
// test: a run has its devices open.
func SelfTest(ordinal int, precision transformer.Precision) (time.Duration, error) {
	d, m, err := open(ordinal)
	if err != nil {
		return 0, fmt.Errorf("self-test: cuda:%d, %s: %w", ordinal, precision, err)
	}
	begun := time.Now()
	err = selfTest(d, m, precision)
	taken := time.Since(begun)
	return taken, errors.Join(err, m.Close(), d.Close())
}

// SelfTest is SelfTest on all devices at once, as they are opened.
func (f Fleet) SelfTest() error {
	return f.each(func(_ int, e *CUDA) error { return selfTest(e.device, e.module, e.precision) })
}

// The networks of the self-test: one for each size of the fused kernels, where
// they have the precision, and one that they never take.
var selfTestSpecs = []model.Transformer{
	{Hidden: 27, Heads: 3, HeadDim: 3, FFN: 50, Blocks: 2, Vocab: 131, Position: model.Rotary, RotaryDims: 4},
	{Hidden: 5, Heads: 2, HeadDim: 2, FFN: 9, Blocks: 1, Vocab: 131, Position: model.NoPosition},
	{Hidden: 67, Heads: 2, HeadDim: 17, FFN: 70, Blocks: 1, Vocab: 131, Position: model.Sinusoid},
}

func selfTest(d *gpu.Device, m *gpu.Module, precision transformer.Precision) error {
	tested := map[string]bool{}
	for _, spec := range selfTestSpecs {
		choice, err := transformer.ChooseGPU(spec, precision, d.Info, oddStories(spec.Vocab).Longest())
		if err == nil && tested[choice.Kernels] {
			continue
		}
		tested[choice.Kernels] = true
		applications := []transformer.Application{transformer.Materialised, transformer.Factored}
		if choice.Fused() {
			applications = applications[:1] // their weights are always developed
		}
		for _, a := range applications {
			if err == nil {
				err = selfTestOf(d, m, spec, precision, a)
			}
		}
		if err != nil {
			return fmt.Errorf("self-test: %v, %s: %w", d, precision, err)
		}
	}
	return nil
}

func selfTestOf(d *gpu.Device, m *gpu.Module, spec model.Transformer, precision transformer.Precision, application transformer.Application) error {
	enc := model.TransformerEncodings{
		Embedding: model.Encoding{Kind: model.Factored, Rank: 5}, Attention: model.Encoding{Kind: model.Factored, Rank: 2}, FeedForward: model.Encoding{Kind: model.Factored, Rank: 3},
		Tensors: map[string]model.Encoding{"blocks.0.attn.o": {Kind: model.Hybrid, Rank: 2}},
	}
	layout, err := spec.Layout(enc, model.Initialisation{TallConstant: 1, EmbeddingStd: 1, DecoderBiasStd: 1}, model.MutationRates{Dense: 0.05, Factor: 0.1, Bias: 0.05})
	if err != nil {
		return err
	}
	data := Data{Train: oddStories(spec.Vocab)}
	device, err := newCUDA(d, m, spec, layout, data, precision, 3)
	if err != nil {
		return err
	}
	device.application = application
	host, err := NewCPU(spec, layout, data, Options{Threads: 1, Precision: "fp64"})
	if err == nil {
		err = agree(device, host, Tolerance(precision))
	}
	if closeErr := device.Close(); err == nil {
		err = closeErr
	}
	return err
}

// oddStories are a few sequences whose lengths lie around the tiles' edges.
func oddStories(vocab int) transformer.Sequences {
	var all [][]int32
	for i, length := range []int{2, 3, 16, 17, 18, 33, 64, 65, 90} {
		ids := make([]int32, length)
		for t := range ids {
			ids[t] = int32(model.Below(model.Seed(77).Draw(model.PurposeSample, 0, uint32(i), uint32(t)), vocab))
		}
		all = append(all, ids)
	}
	return transformer.Pack(all...)
}

// evaluator is what the self-test compares.
type evaluator interface {
	Evaluate(context.Context, []model.Candidate, model.Cases) ([]model.Fitness, error)
	Adopt(context.Context, []model.Candidate) ([]model.Digest, error)
}

// agree founds the same parents on both sides and compares digests and
// fitness of founders, survivors and children.
func agree(device, host evaluator, tolerance float64) error {
	ctx := context.Background()
	founder := func(seed model.Seed) model.Candidate {
		return model.Candidate{Parent: model.NoParent, Gene: model.Gene{Kind: model.GeneInit, Seed: seed, Multiplier: 1}}
	}
	first := []model.Candidate{founder(1), founder(2), founder(3)}
	second := []model.Candidate{{Parent: 2}, {Parent: 0, Gene: model.Gene{Kind: model.GeneMutation, Seed: 4, Multiplier: 1}}, {Parent: 1, Gene: model.Gene{Kind: model.GeneMutation, Seed: 5, Multiplier: -0.5}}}
	cases := model.Cases{First: 4, Count: 8} // wraps around
	for _, candidates := range [][]model.Candidate{first, second} {
		got, err := device.Evaluate(ctx, candidates, cases)
		if err != nil {
			return err
		}
		want, err := host.Evaluate(ctx, candidates, cases)
		if err != nil {
			return err
		}
		for i := range want {
			if !(math.Abs(float64(got[i]-want[i])) <= tolerance) {
				return fmt.Errorf("candidate %d: loss %v, the processor says %v (accepted difference %g): this GPU or driver computes wrongly", i, -got[i], -want[i], tolerance)
			}
		}
		held, err := device.Adopt(ctx, candidates)
		if err != nil {
			return err
		}
		wanted, err := host.Adopt(ctx, candidates)
		if err != nil {
			return err
		}
		for i := range wanted {
			if held[i] != wanted[i] {
				return fmt.Errorf("candidate %d: genotype digest %s, the processor says %s: this GPU or driver computes wrongly", i, held[i], wanted[i])
			}
		}
	}
	return nil
}
