package bench

import (
	"bufio"
	"encoding/json"
	"os"

	"github.com/evorank/evorank/kernels/develop"
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/model"
)

// writePopulation writes candidates as one weight file for the baselines:
// every array of the genotype with a leading dimension, the individuals.
func writePopulation(path string, spec model.Transformer, layout *model.Layout, parents []model.Genome, candidates []model.Candidate) error {
	slots := vectors(len(parents), layout.Genotype)
	for slot, genome := range parents {
		develop.Rebuild(slots[slot], layout, genome)
	}
	stacked := make([]float32, len(candidates)*layout.Genotype)
	genotype := make([]float32, layout.Genotype)
	for i, c := range candidates {
		var parent []float32
		if c.Parent != model.NoParent {
			parent = slots[c.Parent]
		}
		develop.Genotype(genotype, parent, layout, c.Gene)
		for t := range layout.Tensors {
			for _, p := range layout.Tensors[t].Parts {
				first := len(candidates)*p.Offset + i*p.Len()
				copy(stacked[first:first+p.Len()], p.Of(genotype))
			}
		}
	}
	file := layout.ExportGenotype(genotype, spec.Metadata())
	at := 0
	for i := range file.Tensors {
		t := &file.Tensors[i]
		n := len(candidates) * len(t.Data)
		t.Shape, t.Data = append([]int{len(candidates)}, t.Shape...), stacked[at:at+n]
		at += n
	}
	return writeFile(path, func(w *bufio.Writer) error { return model.WriteSafetensors(w, file) })
}

func vectors(n, length int) [][]float32 {
	out := make([][]float32, n)
	for i := range out {
		out[i] = make([]float32, length)
	}
	return out
}

// writeStories writes the model ids.
func writeStories(path string, stories transformer.Sequences) error {
	var file struct {
		Stories [][]int32 `json:"stories"`
	}
	for i := range stories.Len() {
		file.Stories = append(file.Stories, stories.At(i))
	}
	return writeFile(path, func(w *bufio.Writer) error { return json.NewEncoder(w).Encode(file) })
}

func writeFile(path string, write func(*bufio.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}
