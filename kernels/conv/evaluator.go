package conv

import (
	"fmt"
	"slices"

	"github.com/evorank/evorank/kernels/vector"
	"github.com/evorank/evorank/model"
)

// Evaluator is the float32 evaluation of one network after another, all of one
// policy. It is for one goroutine; make one for each. Results depend on the
// instruction set and the plan, and on nothing else.
type Evaluator struct {
	policy  model.ConvPolicy
	plan    Plan
	images  int // at most, at a time
	layers  []layer
	work    workspace
	scratch []float32
}

// NewEvaluator returns an evaluator of that many images at a time. The plan
// must be one of the policy's and the instruction set supported.
func NewEvaluator(policy model.ConvPolicy, plan Plan, isa vector.ISA, images int) *Evaluator {
	shapes, err := geometries(policy)
	if err != nil || len(plan) != len(shapes) || images < 1 {
		panic(fmt.Sprintf("conv: plan of %d layers for %d, %d images: %v", len(plan), len(shapes), images, err))
	}
	e := &Evaluator{policy: policy, plan: plan, images: images, layers: make([]layer, len(shapes))}
	e.work = workspace{kernels: vector.For(isa), ones: slices.Repeat([]float32{1}, vector.Width)}
	for i, g := range shapes {
		e.layers[i] = layer{geometry: g, Choice: plan[i]}
		e.layers[i].in = newGrid(plan[i].Lanes, g.channels, g.side, g.stride, images)
	}
	sums, ranks, scratch := 0, 0, 0
	for i := range e.layers {
		l := &e.layers[i]
		e.connect(i)
		sums = max(sums, l.outSide, images, l.filterCount())
		ranks = max(ranks, l.filterCount())
		if l.Application == Factored {
			scratch = max(scratch, l.Rank*l.inputs())
		}
	}
	e.work.sums = make([]float32, (sums+1)*vector.Width)
	e.work.zeros = make([]float32, ranks)
	e.scratch = make([]float32, scratch)
	return e
}

// connect gives layer i its output and the memory of its weights.
func (e *Evaluator) connect(i int) {
	l := &e.layers[i]
	lanes, stride := Channels, 1
	if i+1 < len(e.layers) {
		next := &e.layers[i+1]
		lanes, stride, l.out = next.Lanes, next.stride, next.in
	} else {
		l.out, l.floor = newGrid(lanes, l.outputs, l.outSide, stride, e.images), noFloor
	}
	l.bias = make([]float32, l.outputs)
	l.filters = make([]float32, panelled(l.filterCount())*l.inputs())
	if l.Application == Factored {
		l.inner = newGrid(lanes, l.Rank, l.outSide, stride, e.images)
		l.expansion = make([]float32, panelled(l.outputs)*l.Rank)
	}
}

// Plan says how the evaluator computes.
func (e *Evaluator) Plan() Plan { return slices.Clone(e.plan) }

// Load takes over the network's present weights. A layer that the plan applies
// factored needs its factors, any other its developed weights.
func (e *Evaluator) Load(n *Network) {
	if len(n.Layers) != len(e.layers) {
		panic(fmt.Sprintf("conv: a network of %d layers in an evaluator of %d", len(n.Layers), len(e.layers)))
	}
	divisor := float32(255) // a byte's; the other layers see numbers
	for i := range e.layers {
		l, from := &e.layers[i], &n.Layers[i]
		if err := from.check(l.geometry); err != nil {
			panic(fmt.Sprintf("conv: layer %d: %v", i, err))
		}
		if l.Application == Factored && (from.A == nil || from.Rank != l.Rank) || l.Application != Factored && from.W == nil {
			panic(fmt.Sprintf("conv: layer %d is to be applied %s at rank %d: no such weights", i, l.Application, l.Rank))
		}
		l.load(from, divisor, e.scratch)
		divisor = 1
	}
}

// Forward sets out [len(stacks)][outputs] to the network's outputs.
func (e *Evaluator) Forward(stacks []Images, out []float64) {
	if len(stacks) > e.images {
		panic(fmt.Sprintf("conv: %d stacks of images, at most %d at a time", len(stacks), e.images))
	}
	if len(stacks) == 0 {
		return
	}
	first := &e.layers[0]
	for i, stack := range stacks {
		first.in.read(stack, i, checkImages(stack, first.geometry))
	}
	for i := range e.layers {
		e.layers[i].run(&e.work, len(stacks))
	}
	last := &e.layers[len(e.layers)-1]
	for i, v := range last.out.data[:len(stacks)*last.outputs] {
		out[i] = float64(v)
	}
}
