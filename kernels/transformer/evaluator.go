package transformer

import (
	"fmt"

	"github.com/evorank/evorank/kernels/vector"
)

// Evaluator is the float32 evaluation of one network after another, all of one
// shape. It is for one goroutine; make one for each. Results depend on the
// instruction set and the application, and on nothing else.
//
// A chunk of whole sequences is evaluated at a time: the keys and values of a
// block for all its tokens, then panel by panel the rest of the block, and in
// the end the logits, a few rows at a time, which never exist as a whole.
type Evaluator struct {
	shape    Shape
	kernels  *vector.Kernels
	loader   loader
	network  loaded
	position positionTable
	work     workspace
}

// NewEvaluator panics if the shape is not valid or the instruction set not
// supported.
func NewEvaluator(shape Shape, application Application, isa vector.ISA) *Evaluator {
	if err := shape.Validate(); err != nil {
		panic("transformer: " + err.Error())
	}
	if _, err := ParseApplication(string(application)); err != nil {
		panic("transformer: " + err.Error())
	}
	k := vector.For(isa)
	return &Evaluator{
		shape:    shape,
		kernels:  k,
		loader:   loader{application: application, kernels: k},
		network:  loaded{blocks: make([]block, shape.Blocks)},
		position: positionTable{shape: shape},
		work:     newWorkspace(shape),
	}
}

// Load takes the network of the next losses. It keeps references to its
// weights, which must not change until the next Load.
func (e *Evaluator) Load(n *Network) {
	if n.Shape != e.shape {
		panic(fmt.Sprintf("transformer: network of shape %+v in an evaluator of %+v", n.Shape, e.shape))
	}
	if err := n.Check(); err != nil {
		panic("transformer: " + err.Error())
	}
	e.loader.load(&e.network, n)
	e.work.inner = grow(e.work.inner, e.network.rank*width)
}

// Losses sets out[i] to the loss of sequence from+i, for sequences [from, to):
// the mean negative log-likelihood of its tokens but the first, in nats, summed
// in float64 in the order of the tokens.
func (e *Evaluator) Losses(s Sequences, from, to int, out []float64) {
	if e.network.decoder.bias == nil {
		panic("transformer: Losses before Load")
	}
	out = out[:to-from]
	for first := from; first < to; {
		next := e.work.chunkEnd(s, first, to)
		e.evaluate(s, first, next, out[first-from:next-from])
		first = next
	}
}

// evaluate scores the sequences of one chunk.
func (e *Evaluator) evaluate(s Sequences, from, to int, out []float64) {
	w := &e.work
	w.place(s, from, to)
	e.embed(s)
	for i := range e.network.blocks {
		b := &e.network.blocks[i]
		for p := range w.panels {
			e.apply(&b.k, w.keys[p*width:], w.stride, w.panel(p), w.units(p), false)
			e.apply(&b.v, w.values[p*width:], w.stride, w.panel(p), w.units(p), false)
		}
		for p := range w.panels {
			e.block(b, p)
		}
	}
	e.score(s, from, out)
}

// block takes one panel through a block whose keys and values are there.
//
//	x = LN1(x + O·attention(x) + b_o);  x = LN2(x + down·relu(up·x + b_up) + b_down)
func (e *Evaluator) block(b *block, p int) {
	w, k := &e.work, e.kernels
	x, units := w.panel(p), w.units(p)
	e.apply(&b.q, w.queries, width, x, units, false)
	e.attend(p)
	e.apply(&b.o, w.branch, width, w.attended, units, false)
	k.Norm(x, w.branch, b.norm1Weight, b.norm1Bias, units)
	e.apply(&b.up, w.wide, width, x, units, true)
	e.apply(&b.down, w.branch, width, w.wide, units, false)
	k.Norm(x, w.branch, b.norm2Weight, b.norm2Bias, units)
}

// apply sets y = bias + W·x, or the positive part of it.
func (e *Evaluator) apply(l *linear, y []float32, yStride int, x []float32, units int, relu bool) {
	w := l.whole
	if l.factored {
		e.kernels.Product(e.work.inner, width, l.b, x, nil, units)
		w, x = l.a, e.work.inner
	}
	if relu {
		e.kernels.ProductReLU(y, yStride, w, x, l.bias, units)
	} else {
		e.kernels.Product(y, yStride, w, x, l.bias, units)
	}
}
