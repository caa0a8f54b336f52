package run

import (
	"context"

	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/task/lm"
	"github.com/evorank/evorank/task/lm/tokenizer"
)

// Writer draws texts from a network with the arithmetic of a device.
type Writer struct {
	read  func() (lm.Reader, error) // a new text
	close func() error
}

// Writer binds the network to a device. The float64 reference reads a text
// token by token; every other arithmetic is asked for losses.
func (n *Network) Writer(ctx context.Context, d Device) (*Writer, error) {
	if !d.CUDA && d.Precision == "fp64" {
		return &Writer{
			read:  func() (lm.Reader, error) { return lm.ReadReference(n.bound()), nil },
			close: func() error { return nil },
		}, nil
	}
	none := lm.Data{Train: transformer.Pack([]int32{tokenizer.StartID, tokenizer.EndID})}
	engine, err := d.languageModel(n.Spec.(model.Transformer), n.Layout, none, 1)
	if err != nil {
		return nil, err
	}
	if err := engine.Import(0, n.Genotype); err != nil {
		engine.Close()
		return nil, err
	}
	return &Writer{
		read:  func() (lm.Reader, error) { return lm.ReadLosses(ctx, engine, n.Spec.(model.Transformer).Vocab) },
		close: engine.Close,
	}, nil
}

// Sample draws text number index after a prompt of labels.
func (w *Writer) Sample(prompt []int32, index int, s lm.Sampling) ([]int32, error) {
	read, err := w.read()
	if err != nil {
		return nil, err
	}
	return lm.Sample(read, prompt, index, s)
}

// Close gives the device back.
func (w *Writer) Close() error { return w.close() }
