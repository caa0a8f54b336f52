package carracing

import (
	"fmt"

	"github.com/evorank/evorank/kernels/conv"
	"github.com/evorank/evorank/model"
)

// actionSize is the number of a policy's outputs: steering, gas and brake.
const actionSize = len(Action{})

// NewPolicy is a driver's policy whose convolutions have these channels and all
// the same kernel and stride.
func NewPolicy(channels []int, kernel, stride, hidden int) model.ConvPolicy {
	p := model.ConvPolicy{Size: 64, Inputs: 3 * StackDepth, Hidden: hidden, Outputs: actionSize}
	for _, n := range channels {
		p.Layers = append(p.Layers, model.ConvLayer{Kernel: kernel, Stride: stride, Channels: n})
	}
	return p
}

// CheckPolicy says whether a policy can drive: it must see four 64×64 pictures
// in colour and answer with three numbers.
func CheckPolicy(p model.ConvPolicy) error {
	for _, c := range []struct {
		what      string
		got, want int
	}{{"size", p.Size, 64}, {"inputs", p.Inputs, 3 * StackDepth}, {"outputs", p.Outputs, actionSize}} {
		if c.got != c.want {
			return fmt.Errorf("carracing: policy: %s is %d: a driver's is %d", c.what, c.got, c.want)
		}
	}
	if _, err := p.Sides(); err != nil {
		return fmt.Errorf("carracing: %w", err)
	}
	return nil
}

// Images shows the observations to a policy, oldest first, without a copy. They
// change when the stack does, and so does their order.
func (s *FrameStack) Images(to *[StackDepth][]uint8) conv.Images {
	for k := range to {
		to[k] = s.Frames[(int(s.Oldest)+k)%StackDepth][:]
	}
	return to[:]
}

// network is a policy with its weights, in float32 or float64. The raw outputs
// are the actions: nothing bounds them here (method 5.2).
type network interface {
	Forward(stacks []conv.Images, out []float64)
}
