package model

import "fmt"

// maxKernel keeps the number of weights of one filter bank below 2^53.
const maxKernel = 64

// ConvLayer is a valid (unpadded) convolution with a square kernel, then relu.
type ConvLayer struct {
	Kernel, Stride, Channels int
}

// ConvPolicy is a stack of convolutions, one hidden linear layer and a linear
// output, from Size×Size images of Inputs channels (method 5.1).
type ConvPolicy struct {
	Size, Inputs int
	Layers       []ConvLayer
	Hidden       int
	Outputs      int
}

// ConvEncodings chooses encodings for the convolutions and the hidden layer.
// The last layer is always dense (method 1.4).
type ConvEncodings struct {
	Convolutions, Hidden Encoding
}

// Sides returns the image side after each convolution.
func (p ConvPolicy) Sides() ([]int, error) {
	var sides []int
	side := p.Size
	for i, l := range p.Layers {
		if l.Kernel < 1 || l.Kernel > maxKernel || l.Stride < 1 || l.Channels < 1 || l.Channels > MaxDimension {
			return nil, fmt.Errorf("conv policy: layer %d: kernel must be between 1 and %d, stride and channels at least 1", i, maxKernel)
		}
		if l.Kernel > side {
			return nil, fmt.Errorf("conv policy: layer %d: kernel %d is larger than its %d×%d input", i, l.Kernel, side, side)
		}
		side = (side-l.Kernel)/l.Stride + 1
		sides = append(sides, side)
	}
	return sides, nil
}

// Layout places the policy's tensors in the order of the forward pass:
// conv.i.weight [out][in][row][column] and bias, hidden, output.
func (p ConvPolicy) Layout(enc ConvEncodings, init Initialisation, rates MutationRates) (*Layout, error) {
	sides, err := p.Sides()
	if err != nil {
		return nil, err
	}
	for _, d := range []int{p.Size, p.Inputs, p.Hidden, p.Outputs} {
		if d < 1 || d > MaxDimension {
			return nil, fmt.Errorf("conv policy: size, inputs, hidden and outputs must be between 1 and %d", MaxDimension)
		}
	}
	b := &builder{rates: rates}
	in, side := p.Inputs, p.Size
	if n := len(sides); n > 0 && p.Layers[n-1].Channels*sides[n-1]*sides[n-1] > MaxDimension || n == 0 && in*side*side > MaxDimension {
		return nil, fmt.Errorf("conv policy: more than %d features after the convolutions: use larger strides", MaxDimension)
	}
	for i, l := range p.Layers {
		b.weight(convolution(fmt.Sprintf("conv.%d.weight", i), l, in, enc.Convolutions, init))
		b.bias(fmt.Sprintf("conv.%d.bias", i), l.Channels, 0)
		in, side = l.Channels, sides[i]
	}
	b.weight(matrix("hidden.weight", p.Hidden, in*side*side, enc.Hidden, init))
	b.bias("hidden.bias", p.Hidden, 0)
	b.weight(matrix("output.weight", p.Outputs, p.Hidden, Encoding{}, init))
	b.bias("output.bias", p.Outputs, 0)
	return &b.layout, b.err
}

// convolution describes a filter bank. Square kernels count as tall, and the
// columns of B are the output channels (method 2.3).
func convolution(name string, l ConvLayer, in int, e Encoding, init Initialisation) weight {
	rows := l.Kernel * l.Kernel * in
	return weight{
		name: name, shape: []int{l.Channels, in, l.Kernel, l.Kernel},
		orientation: Convolution, rows: rows, cols: l.Channels, encoding: e,
		denseStd: kaiming(rows), kaimingStd: kaiming(rows),
		aStd: factorStd(l.Kernel, l.Kernel, e.Rank, init.TallConstant),
		bStd: factorStd(l.Kernel, l.Kernel, l.Channels, init.TallConstant),
	}
}
