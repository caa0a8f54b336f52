package conv

import (
	"fmt"

	"github.com/evorank/evorank/model"
)

// Images is what a policy sees: equally large images, oldest first, each
// [side][side][channels] of bytes. The channels of all images, in order, are
// the network's; a byte b stands for b/255.
type Images [][]uint8

// Network is a policy's weights.
type Network struct {
	Policy model.ConvPolicy
	Layers []Layer // the convolutions, the hidden and the output layer
}

// Layer is a convolution's weights.
type Layer struct {
	Weight
	Bias []float32 // [O]
}

// Weight holds filters in whichever forms are at hand.
//
//	W  [O][C][k][k]
//	A·B as Orientation says: Plain, W = A·B, A [O][Rank], B [Rank][K];
//	Convolution, W = (A·B)ᵀ/2 in another order, A [K][Rank], B [Rank][O]
//
// If both are there they must be equal.
type Weight struct {
	W           []float32
	Rank        int
	A, B        []float32
	Orientation model.Orientation
}

// geometry is the shape of one layer.
type geometry struct {
	channels, side, kernel, stride, outputs, outSide int
}

// inputs is K, the number of inputs of one output.
func (g geometry) inputs() int { return g.channels * g.kernel * g.kernel }

// geometries lists the layers of a policy, all as convolutions.
func geometries(p model.ConvPolicy) ([]geometry, error) {
	sides, err := p.Sides()
	if err != nil {
		return nil, err
	}
	var all []geometry
	channels, side := p.Inputs, p.Size
	for i, l := range p.Layers {
		all = append(all, geometry{channels, side, l.Kernel, l.Stride, l.Channels, sides[i]})
		channels, side = l.Channels, sides[i]
	}
	return append(all,
		geometry{channels, side, side, 1, p.Hidden, 1},
		geometry{p.Hidden, 1, 1, 1, p.Outputs, 1}), nil
}

// Check reports the first array whose length does not fit the policy.
func (n *Network) Check() error {
	shapes, err := geometries(n.Policy)
	if err != nil {
		return err
	}
	if len(n.Layers) != len(shapes) {
		return fmt.Errorf("network: %d layers, want %d", len(n.Layers), len(shapes))
	}
	for i, g := range shapes {
		if err := n.Layers[i].check(g); err != nil {
			return fmt.Errorf("network: layer %d: %w", i, err)
		}
	}
	return nil
}

func (l *Layer) check(g geometry) error {
	if len(l.Bias) != g.outputs {
		return fmt.Errorf("bias: %d numbers, want %d", len(l.Bias), g.outputs)
	}
	if l.W == nil && l.A == nil {
		return fmt.Errorf("neither developed nor factored")
	}
	if want := g.outputs * g.inputs(); l.W != nil && len(l.W) != want {
		return fmt.Errorf("weight: %d numbers, want %d", len(l.W), want)
	}
	if l.A == nil {
		return nil
	}
	rows, cols := g.inputs(), g.outputs
	if l.Orientation == model.Plain {
		rows, cols = cols, rows
	}
	if len(l.A) != rows*l.Rank || len(l.B) != l.Rank*cols {
		return fmt.Errorf("factors: %d and %d numbers, want %d × %d and %d × %d", len(l.A), len(l.B), rows, l.Rank, l.Rank, cols)
	}
	return nil
}

// filter writes row number rank of the factor that meets the input to dst
// [C][k][k].
func (w *Weight) filter(dst []float32, g geometry, rank int) {
	if w.Orientation == model.Plain {
		copy(dst, w.B[rank*len(dst):])
		return
	}
	for channel := range g.channels {
		for row := range g.kernel {
			for column := range g.kernel {
				from := row + g.kernel*(column+g.kernel*channel)
				dst[(channel*g.kernel+row)*g.kernel+column] = w.A[from*w.Rank+rank]
			}
		}
	}
}

// expansion is the weight with which filter number rank enters an output.
func (w *Weight) expansion(g geometry, output, rank int) float32 {
	if w.Orientation == model.Plain {
		return w.A[output*w.Rank+rank]
	}
	return w.B[rank*g.outputs+output] / 2 // exact
}
