package transformer

import "fmt"

// Application says how a factored weight W = A·B meets an activation x.
type Application string

const (
	Auto         Application = "auto"         // whichever ChooseApplication says, weight by weight
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
