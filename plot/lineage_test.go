package plot

import (
	"slices"
	"testing"
)

// TestCrown: a tree of the living begins with the last common ancestor of the
// last generation, and is whole where there is none.
func TestCrown(t *testing.T) {
	founder := func(id uint64, last int) Node { return Node{ID: id, Founder: true, Born: 1, Last: last} }
	child := func(id, parent uint64, born, last int) Node {
		return Node{ID: id, Parent: parent, Born: born, Last: last}
	}
	for name, c := range map[string]struct {
		nodes []Node
		want  []uint64
	}{
		"a line that splits":    {[]Node{founder(1, 1), founder(9, 2), child(2, 1, 2, 3), child(3, 2, 3, 3), child(8, 2, 4, 4), child(4, 3, 4, 5), child(5, 3, 4, 4), child(6, 5, 5, 5)}, []uint64{3, 4, 5, 6}},
		"an ancestor who lives": {[]Node{founder(1, 2), child(2, 1, 3, 4), child(3, 2, 4, 4)}, []uint64{2, 3}},
		"two founders":          {[]Node{founder(1, 1), founder(2, 2), child(3, 1, 2, 2)}, []uint64{1, 2, 3}},
		"one survivor":          {[]Node{founder(1, 1), child(2, 1, 2, 2), child(3, 2, 3, 3)}, []uint64{3}},
		"generation 1":          {[]Node{founder(1, 1), founder(2, 1)}, []uint64{1, 2}},
	} {
		var got []uint64
		crown := newTree(c.nodes).crown()
		for _, n := range crown {
			got = append(got, n.ID)
		}
		if !slices.Equal(got, c.want) || !crown[0].Founder {
			t.Errorf("%s: %v, want %v", name, crown, c.want)
		}
		if err := checkNodes(crown); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		f, err := Lineage(Frame{X: Axis{Name: "generation"}}, c.nodes, true)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		written(t, f, "png")
	}
}
