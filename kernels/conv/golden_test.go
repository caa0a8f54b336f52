package conv

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/evorank/evorank/kernels/develop"
	"github.com/evorank/evorank/kernels/vector"
	"github.com/evorank/evorank/model"
)

// golden is what testdata/make_golden.py recorded of PyTorch in float64.
type golden struct {
	Name    string
	Images  Images
	Outputs []float64
	network *Network
}

// readGolden loads the policies, with weights developed from their factors.
func readGolden(t testing.TB) []golden {
	t.Helper()
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []golden
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for i := range all {
		file, err := model.ReadSafetensors("testdata/" + all[i].Name + ".safetensors")
		if err != nil {
			t.Fatal(err)
		}
		p, err := model.ImportConvPolicy(file, model.Initialisation{}, model.MutationRates{})
		if err != nil {
			t.Fatal(err)
		}
		phenotype := make([]float32, p.Layout.Phenotype)
		develop.Phenotype(phenotype, p.Genotype, p.Layout)
		all[i].network = Bind(p.ConvPolicy, p.Layout, p.Genotype, phenotype)
	}
	return all
}

// near compares outputs with a tolerance relative to the largest.
func near(t testing.TB, what string, got, want []float64, tolerance float64) {
	t.Helper()
	scale := 1.0
	for _, v := range want {
		scale = max(scale, math.Abs(v))
	}
	if len(got) != len(want) {
		t.Fatalf("%s: %d outputs, want %d", what, len(got), len(want))
	}
	for i, v := range got {
		if !(math.Abs(v-want[i]) <= tolerance*scale) {
			t.Errorf("%s: output %d: %v, want %v", what, i, v, want[i])
			return
		}
	}
}

// float32Tolerance: the longest sums here have 3,234 terms of float32, whose
// rounding errors add up like a random walk to √3234·2⁻²⁴ = 3.4e-6 of a sum of
// typical size; it passes through at most six layers.
const float32Tolerance = 2e-5

func TestReferenceIsPyTorch(t *testing.T) {
	for _, g := range readGolden(t) {
		out := make([]float64, len(g.Outputs))
		NewReference(g.network).Forward([]Images{g.Images}, out)
		// W was rounded to float32 when it was developed; without it the
		// reference multiplies the factors in float64 as the script does.
		near(t, g.Name, out, g.Outputs, 1e-6)
		for i := range g.network.Layers {
			if l := &g.network.Layers[i]; l.A != nil {
				l.W = nil
			}
		}
		NewReference(g.network).Forward([]Images{g.Images}, out)
		tolerance := 1e-12
		if g.Name == "odd-hybrid" { // its A·B + D exists only as float32
			tolerance = 1e-6
		}
		near(t, g.Name+" from factors", out, g.Outputs, tolerance)
	}
}

// everyPlan lists the plans of a network that differ in one layer's lanes, for
// each application, with the chosen ones.
func everyPlan(t testing.TB, n *Network) []Plan {
	t.Helper()
	var plans []Plan
	for _, application := range []Application{Auto, Materialised, Factored} {
		plan, err := NewPlan(n.Policy, n.Ranks(), application)
		if err != nil {
			t.Fatal(err)
		}
		plans = append(plans, plan)
		shapes, _ := geometries(n.Policy)
		for i, g := range shapes {
			for _, c := range g.choices(n.Layers[i].Rank) {
				other := slices.Clone(plan)
				other[i] = c
				plans = append(plans, other)
			}
		}
	}
	return plans
}

// TestEveryPlanIsPyTorch: each layer in each way of computing it, beside each
// arrangement of its neighbours.
func TestEveryPlanIsPyTorch(t *testing.T) {
	checks := 0
	for _, g := range readGolden(t) {
		for _, isa := range vector.InstructionSets() {
			for _, plan := range everyPlan(t, g.network) {
				e := NewEvaluator(g.network.Policy, plan, isa, 1)
				poison(e)
				e.Load(g.network)
				out := make([]float64, len(g.Outputs))
				e.Forward([]Images{g.Images}, out)
				near(t, fmt.Sprintf("%s %s\n%s", g.Name, isa, plan), out, g.Outputs, float32Tolerance)
				checks++
			}
		}
	}
	if checks < 100 {
		t.Errorf("only %d plans were checked", checks)
	}
}

// poison fills what a forward pass must not depend on with NaN: maps, and sums
// of earlier products.
func poison(e *Evaluator) {
	fill := func(x []float32) {
		for i := range x {
			x[i] = float32(math.NaN())
		}
	}
	fill(e.work.sums)
	fill(e.scratch)
	for i := range e.layers {
		fill(e.layers[i].in.data)
		fill(e.layers[i].out.data)
		if e.layers[i].inner != nil {
			fill(e.layers[i].inner.data)
		}
	}
}
