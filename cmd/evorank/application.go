package main

import (
	"fmt"
	"strings"

	"github.com/evorank/evorank/kernels/conv"
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/run"
)

// applications says how a CPU applies each tensor that is A·B and no more:
// factored, or materialised as A·B. (On a GPU the kernels for large networks
// choose by their own costs, those for small ones materialise them all.)
func applications(n *run.Network, application string) (map[string]string, error) {
	applied := map[string]string{}
	policy, ok := n.Spec.(model.ConvPolicy)
	if !ok {
		for i := range n.Layout.Tensors {
			t := &n.Layout.Tensors[i]
			if a := transformer.Application(application).Of(t); a != "" {
				applied[t.Name] = string(a)
			}
		}
		return applied, nil
	}
	ranks := conv.Bind(policy, n.Layout, n.Genotype, n.Phenotype()).Ranks()
	plan, err := conv.NewPlan(policy, ranks, conv.Application(application))
	if err != nil {
		return nil, fmt.Errorf("inspect: %w", err)
	}
	for i := range n.Layout.Tensors { // weights stand in the order of the layers
		name := n.Layout.Tensors[i].Name
		if !strings.HasSuffix(name, ".weight") {
			continue
		}
		if plan[0].Rank > 0 {
			applied[name] = string(plan[0].Application)
		}
		plan = plan[1:]
	}
	return applied, nil
}
