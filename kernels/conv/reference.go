package conv

import "fmt"

// Reference is the network in float64, with developed weights. It is slow and
// plain on purpose.
type Reference struct {
	shapes []geometry
	layers []referenceLayer
}

type referenceLayer struct {
	weight, bias []float64
}

// NewReference develops the weights. The network must pass Check.
func NewReference(n *Network) *Reference {
	if err := n.Check(); err != nil {
		panic("conv: " + err.Error())
	}
	shapes, _ := geometries(n.Policy)
	r := &Reference{shapes: shapes}
	for i := range n.Layers {
		l := &n.Layers[i]
		r.layers = append(r.layers, referenceLayer{l.develop64(shapes[i]), widen(l.Bias)})
	}
	return r
}

// develop64 returns W, or the product of the factors in its order.
func (w *Weight) develop64(g geometry) []float64 {
	if w.W != nil {
		return widen(w.W)
	}
	inputs := g.inputs()
	out := make([]float64, g.outputs*inputs)
	filter := make([]float32, inputs)
	for rank := range w.Rank {
		w.filter(filter, g, rank)
		for o := range g.outputs {
			e := float64(w.expansion(g, o, rank))
			for i, f := range filter {
				out[o*inputs+i] += e * float64(f)
			}
		}
	}
	return out
}

// Forward sets out [len(stacks)][outputs] to the network's outputs.
func (r *Reference) Forward(stacks []Images, out []float64) {
	for i, stack := range stacks {
		x := r.input(stack)
		for j, l := range r.layers {
			x = l.apply(r.shapes[j], x)
			if j < len(r.layers)-1 {
				relu(x)
			}
		}
		copy(out[i*len(x):], x)
	}
}

// input returns the images as [C][S][S] numbers from 0 to 1.
func (r *Reference) input(stack Images) []float64 {
	g := r.shapes[0]
	each := checkImages(stack, g)
	pixels := g.side * g.side
	x := make([]float64, g.channels*pixels)
	for k, image := range stack {
		for i, b := range image {
			pixel, channel := i/each, k*each+i%each
			x[channel*pixels+pixel] = float64(b) / 255
		}
	}
	return x
}

// apply returns the layer's sums, [O][T][T]:
//
//	y[o][r][c] = bias[o] + Σ weight[o][i][u][v] · x[i][stride·r + u][stride·c + v]
func (l referenceLayer) apply(g geometry, x []float64) []float64 {
	y := make([]float64, 0, g.outputs*g.outSide*g.outSide)
	for o := range g.outputs {
		filter := l.weight[o*g.inputs():]
		for r := range g.outSide {
			for c := range g.outSide {
				y = append(y, l.bias[o]+g.dot(filter, x, g.stride*r, g.stride*c))
			}
		}
	}
	return y
}

// dot is the sum over the window of x whose first corner is (top, left).
func (g geometry) dot(filter, x []float64, top, left int) (sum float64) {
	for i := range g.channels {
		for u := range g.kernel {
			for v := range g.kernel {
				w := filter[(i*g.kernel+u)*g.kernel+v]
				sum += w * x[(i*g.side+top+u)*g.side+left+v]
			}
		}
	}
	return sum
}

// checkImages returns the number of channels of each image. Images that do not
// fit the network are the caller's mistake.
func checkImages(stack Images, g geometry) int {
	if len(stack) == 0 || g.channels%len(stack) != 0 {
		panic(fmt.Sprintf("conv: %d images for %d channels", len(stack), g.channels))
	}
	each := g.channels / len(stack)
	for _, image := range stack {
		if len(image) != each*g.side*g.side {
			panic(fmt.Sprintf("conv: image of %d bytes, want %d × %d × %d", len(image), g.side, g.side, each))
		}
	}
	return each
}

func relu(x []float64) {
	for i, v := range x {
		x[i] = max(v, 0)
	}
}

func widen(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}
