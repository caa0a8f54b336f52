package lm

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/model"
)

// TestGPUMemoryTaken: while another program holds nearly all of the memory, a
// population is evaluated in smaller pieces, to the same bits; where not even
// one individual fits, the error has the numbers; and when the memory is free
// again, so is the way.
func TestGPUMemoryTaken(t *testing.T) {
	if testing.Short() {
		t.Skip("takes all memory of the GPU")
	}
	needGPU(t)
	spec := model.Transformer{Hidden: 32, Heads: 4, HeadDim: 4, FFN: 128, Blocks: 3, Vocab: 2051, Position: model.Rotary, RotaryDims: 4}
	layout, err := spec.Layout(model.TransformerEncodings{}, model.Initialisation{TallConstant: 1, EmbeddingStd: 1, DecoderBiasStd: 1}, model.MutationRates{Dense: 0.01, Factor: 0.1, Bias: 0.01})
	must(t, err)
	var stories [][]int32
	for i := range 256 {
		ids := make([]int32, 300)
		for j := range ids {
			ids[j] = int32((i*j + j) % spec.Vocab)
		}
		stories = append(stories, ids)
	}
	data, everybody := Data{Train: transformer.Pack(stories...)}, founders(64)
	evaluator := func() *CUDA {
		e, err := NewCUDA(0, spec, layout, data, transformer.FP16, 4)
		must(t, err)
		return e
	}
	evaluate := func(e *CUDA) ([]model.Fitness, error) {
		return e.Evaluate(context.Background(), everybody, model.Cases{Count: len(stories)})
	}
	e := evaluator()
	want, err := evaluate(e)
	must(t, err)
	must(t, e.Close())

	for _, left := range []uint64{400 << 20, 0} {
		e := evaluator()
		taken := take(t, e.Device(), left)
		got, err := evaluate(e)
		free, total, _ := e.Device().Memory()
		t.Logf("%d MiB of %d MiB free after the evaluation: chunk %d of %d, error %v", free>>20, total>>20, e.work.chunk, len(everybody), err)
		var unusable *gpu.UnusableError
		switch {
		case left > 100<<20:
			must(t, err)
			if !slices.Equal(got, want) {
				t.Error("in smaller pieces other losses")
			}
			if e.train.kernel.Chunk() == len(everybody) {
				t.Error("everybody was evaluated at once all the same")
			}
		case !errors.As(err, &unusable) && !gpu.Full(err):
			t.Errorf("with next to no memory: %v", err)
		}
		for _, b := range taken {
			must(t, b.Free())
		}
		if got, err = evaluate(e); err != nil || !slices.Equal(got, want) {
			t.Errorf("with the memory free again: %v", err)
		}
		must(t, e.Close())
	}
}

// take allocates all memory but so much, down to what the driver hands out at
// a time.
func take(t *testing.T, d *gpu.Device, left uint64) (taken []gpu.Buffer[byte]) {
	t.Helper()
	for piece := uint64(1) << 40; piece >= 1<<16; piece /= 2 {
		for {
			free, _, err := d.Memory()
			must(t, err)
			if free < left+piece {
				break
			}
			b, err := gpu.Alloc[byte](d, "another program's memory", int(piece))
			if gpu.Full(err) {
				break
			}
			must(t, err)
			taken = append(taken, b)
		}
	}
	return taken
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
