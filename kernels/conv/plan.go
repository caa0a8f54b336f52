package conv

import (
	"fmt"
	"strings"

	"github.com/evorank/evorank/kernels/vector"
	"github.com/evorank/evorank/model"
)

// Application says how a factored weight meets its input.
type Application string

const (
	Auto         Application = "auto"         // the cheaper one, layer by layer
	Materialised Application = "materialised" // W is built once per network
	Factored     Application = "factored"     // W never exists: the rank's filters, then their expansion to all outputs
)

// ParseApplication returns the application of that name.
func ParseApplication(name string) (Application, error) {
	switch a := Application(name); a {
	case Auto, Materialised, Factored:
		return a, nil
	}
	return "", fmt.Errorf("application: %q is none of auto, materialised, factored", name)
}

// Lanes says what lies in the lanes of a layer's vector registers.
type Lanes string

const (
	// Columns of the output, of several images: good for few filters, whose
	// weights are broadcast.
	Columns Lanes = "columns"
	// Channels of the output: good for many filters, whose inputs are broadcast.
	Channels Lanes = "channels"
)

// Choice is how one layer is computed. Cost is its time per image, in
// multiply-adds of one unit of lanes.
type Choice struct {
	Application Application // Materialised or Factored
	Lanes       Lanes
	Rank        int // of factors; 0 if there are none to use
	Cost        int
}

// Plan is how a network is computed, layer by layer.
type Plan []Choice

// NewPlan chooses the cheapest plan for a valid policy. ranks has one number
// for each layer, 0 where a weight has no factors or more than factors. The
// application forces the other layers, unless it is Auto.
func NewPlan(p model.ConvPolicy, ranks []int, application Application) (Plan, error) {
	shapes, err := geometries(p)
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	if len(ranks) != len(shapes) {
		return nil, fmt.Errorf("plan: %d ranks for %d layers", len(ranks), len(shapes))
	}
	plan := make(Plan, len(shapes))
	for i, g := range shapes {
		plan[i] = choose(g, ranks[i], application)
	}
	return plan, nil
}

// choose returns the first of the cheapest choices that there are.
func choose(g geometry, rank int, application Application) (best Choice) {
	for _, c := range g.choices(rank) {
		allowed := rank == 0 || application == Auto || application == c.Application
		if allowed && (best.Lanes == "" || c.Cost < best.Cost) {
			best = c
		}
	}
	return best
}

// choices lists the ways to compute a layer.
func (g geometry) choices(rank int) []Choice {
	var all []Choice
	for _, lanes := range []Lanes{Columns, Channels} {
		if lanes == Columns && g.group() > vector.Width {
			continue // a row does not fit into a panel
		}
		all = append(all, Choice{Materialised, lanes, rank, g.filterCost(g.outputs, lanes)})
		if rank > 0 {
			all = append(all, Choice{Factored, lanes, rank, g.filterCost(rank, lanes) + g.expansionCost(rank)})
		}
	}
	return all
}

// lockStep is the number of images that costs are reckoned for: the paper's
// first stage has two episodes for each individual. The plan must not depend
// on the number at hand, or results would.
const lockStep = 2

// filterCost is that of n filters: k products for each row of the output, with
// the columns of the images in lanes, or the filters.
func (g geometry) filterCost(n int, lanes Lanes) int {
	inputs := g.inputs() + g.kernel*productOverhead
	if lanes == Channels {
		return g.outSide * g.outSide * inputs * units(n)
	}
	images := min(lockStep, vector.Width/g.group())
	return g.outSide * inputs * n * units(images*g.group()) / images
}

// expansionCost is that of making all outputs from the rank's filters.
func (g geometry) expansionCost(rank int) int {
	return g.outSide * g.outSide * (rank + productOverhead) * units(g.outputs)
}

// productOverhead is the start and the end of a sum, in multiply-adds.
const productOverhead = 2

// group is the number of lanes that one row of an input takes: with stride s,
// every s-th column, so that a row of outputs lies beside each other.
func (g geometry) group() int { return (g.side + g.stride - 1) / g.stride }

func units(lanes int) int { return (lanes + vector.Unit - 1) / vector.Unit }

// Signature spells what decides bits: for each layer whether its weight is
// materialised or factored, and whether columns or channels lie in lanes.
func (p Plan) Signature() string {
	var b strings.Builder
	for i, c := range p {
		if i > 0 {
			b.WriteByte('-')
		}
		b.WriteByte(c.Application[0])
		b.WriteByte(map[Lanes]byte{Columns: 'x', Channels: 'c'}[c.Lanes])
	}
	return b.String()
}

// String lists the choices, one line a layer.
func (p Plan) String() string {
	var b strings.Builder
	for i, c := range p {
		fmt.Fprintf(&b, "layer %d: %s, rank %d, %s in lanes, cost %d\n", i, c.Application, c.Rank, c.Lanes, c.Cost)
	}
	return b.String()
}
