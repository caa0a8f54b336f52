package population

import (
	"slices"
	"testing"

	"github.com/evorank/evorank/kernels/gputest"
	"github.com/evorank/evorank/model"
)

// TestGPUEqualsCPU: over 1,000 generations both stores hold the same bits, and
// a parent restored from its whole genome is the one that was carried along.
func TestGPUEqualsCPU(t *testing.T) {
	s, m := gputest.Open(t)
	l := layout(t)
	device, err := NewCUDA(m, s, l, 3)
	gputest.Check(t, err)
	t.Cleanup(func() { gputest.Check(t, device.Close()) })
	host := NewCPU(l)
	next := []model.Candidate{founder(1), founder(2), founder(3)}
	genomes := []model.Genome{nil, nil, nil}
	for g := range 1000 {
		grown := make([]model.Genome, 3)
		for i, c := range next {
			if c.Parent != model.NoParent {
				grown[i] = genomes[c.Parent]
			}
			grown[i] = grown[i].With(c.Gene)
		}
		genomes = grown
		got, err := device.Adopt(next)
		gputest.Check(t, err)
		want, err := host.Adopt(next)
		gputest.Check(t, err)
		if !slices.Equal(got, want) {
			t.Fatalf("generation %d: digests %v, the processor says %v", g, got, want)
		}
		draw := model.Seed(9).Draw(model.PurposeChild, model.Generation(g), 0, 0)
		from := model.Slot(model.Below(draw, 3))
		next = []model.Candidate{{Parent: from}, child(from, model.SeedOf(draw)), child((from+1)%3, model.SeedOf(draw)+1)}
	}
	for slot := range model.Slot(3) {
		held, err := device.Export(slot)
		gputest.Check(t, err)
		want, err := host.Export(slot)
		gputest.Check(t, err)
		gputest.EqualBits(t, "exported genotype", held, want)
		digest, err := device.Restore(slot, genomes[slot])
		gputest.Check(t, err)
		if wanted, _ := host.Restore(slot, genomes[slot]); digest != wanted {
			t.Errorf("slot %d: restored it has digest %s, the processor says %s", slot, digest, wanted)
		}
	}
	if _, err := device.Adopt([]model.Candidate{child(3, 1)}); err == nil {
		t.Error("a child of nobody was adopted")
	}
	if err := device.Import(0, make([]float32, 3)); err == nil {
		t.Error("a vector of another length was imported")
	}
}
