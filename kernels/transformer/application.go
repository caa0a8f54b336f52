package transformer

import (
	"fmt"

	"github.com/evorank/evorank/model"
)

// Application says how a factored weight W = A·B meets an activation x.
type Application string

const (
	Auto         Application = "auto"         // the cheaper, weight by weight: ChooseApplication on a CPU, the tiled kernels' own costs on a GPU
	Materialised Application = "materialised" // W is built when a network is loaded: W·x
	Factored     Application = "factored"     // W never exists: A·(B·x)
)

// ParseApplication returns the application of that name.
func ParseApplication(name string) (Application, error) {
	switch a := Application(name); a {
	case Auto, Materialised, Factored:
		return a, nil
	}
	return "", fmt.Errorf("application: %q is none of auto, materialised, factored", name)
}

// Of returns how the evaluator on a CPU applies a tensor: Factored, Materialised,
// or nothing if A·B is not the whole tensor.
func (a Application) Of(t *model.Tensor) Application {
	switch {
	case t.Encoding.Kind != model.Factored:
		return ""
	case a != Auto:
		return a
	case t.Orientation == model.Transposed:
		return ChooseApplication(t.Cols, t.Rows, t.Encoding.Rank)
	}
	return ChooseApplication(t.Rows, t.Cols, t.Encoding.Rank)
}

// ChooseApplication returns the cheaper application of a factored weight to
// many tokens. A weight with a dense part is not factored: its dense part
// costs as much as the whole.
func ChooseApplication(outputs, inputs, rank int) Application {
	if productCost(rank, inputs)+productCost(outputs, rank) < productCost(outputs, inputs) {
		return Factored
	}
	return Materialised
}

// productCost is the time of a product for one unit of lanes, in multiply-adds
// of one register: the product itself, and a start and an end for each output.
func productCost(outputs, inputs int) int {
	return outputs * (inputs + 2)
}
