package run

import (
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/evorank/evorank/evolve"
	"github.com/evorank/evorank/files"
	"github.com/evorank/evorank/kernels/digest"
	"github.com/evorank/evorank/model"
)

// A checkpoint holds the genotypes of a generation's survivors in a weight
// file. It saves a resume from rebuilding them gene by gene, and nothing else:
// every vector is compared with the lineage's digest before it is used, and
// without any checkpoint a run resumes all the same.

// keptCheckpoints is how many are left in a run directory.
const keptCheckpoints = 2

const parentsTensor = "parents"

func checkpointPath(dir string, g model.Generation) string {
	return filepath.Join(dir, dirCheckpoints, fmt.Sprintf("generation-%09d.safetensors", g))
}

// writeCheckpoint saves the parents of a state and removes older checkpoints.
func writeCheckpoint(dir string, engine Engine, s evolve.State) error {
	var all []float32
	for slot := range s.Parents {
		genotype, err := engine.Export(model.Slot(slot))
		if err != nil {
			return fmt.Errorf("checkpoint: %w", err)
		}
		if got, want := digest.Of(genotype), s.Parents[slot].Digest; got != want {
			return errorf(BadDevice, "checkpoint: generation %d: parent %d has digest %s, it was adopted with %s: the device's memory changes by itself", s.Generation, slot, got, want)
		}
		all = append(all, genotype...)
	}
	f := &model.TensorFile{
		Metadata: map[string]string{"generation": strconv.Itoa(int(s.Generation))},
		Tensors:  []model.NamedTensor{{Name: parentsTensor, Shape: []int{len(s.Parents), len(all) / len(s.Parents)}, Data: all}},
	}
	if err := makeAll(filepath.Join(dir, dirCheckpoints)); err != nil { // it may have been deleted: nothing is lost with it
		return err
	}
	err := files.WriteWhole(checkpointPath(dir, s.Generation), func(w io.Writer) error { return model.WriteSafetensors(w, f) })
	if err != nil {
		return err
	}
	return pruneCheckpoints(dir)
}

// pruneCheckpoints removes all but the newest ones; their names sort by age.
func pruneCheckpoints(dir string) error {
	folder := filepath.Join(dir, dirCheckpoints)
	entries, err := os.ReadDir(folder) // sorted
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	var names []string
	for _, e := range entries {
		if ours, _ := path.Match("generation-*.safetensors", e.Name()); ours {
			names = append(names, e.Name())
		}
	}
	for _, name := range names[:max(0, len(names)-keptCheckpoints)] {
		if err := os.Remove(filepath.Join(folder, name)); err != nil {
			return fmt.Errorf("checkpoint: %w", err)
		}
	}
	return nil
}

// restore gives the engine the parents of a state: from the checkpoint of that
// generation where its vectors have the right digests, from genomes otherwise.
// A genome that does not lead to the recorded digest is an error.
func restore(dir string, engine Engine, s evolve.State) error {
	saved := readCheckpoint(dir, s)
	for slot, p := range s.Parents {
		if slot < len(saved) && digest.Of(saved[slot]) == p.Digest {
			if err := engine.Import(model.Slot(slot), saved[slot]); err != nil {
				return err
			}
			continue
		}
		d, err := engine.Restore(model.Slot(slot), p.Genome)
		if err != nil {
			return err
		}
		if d != p.Digest {
			return errorf(BadData, "restore: generation %d: individual %d: its genome gives digest %s, the lineage has %s", s.Generation, p.ID, d, p.Digest)
		}
	}
	return nil
}

// readCheckpoint returns the vectors of a generation's checkpoint, none if it
// is missing or unreadable.
func readCheckpoint(dir string, s evolve.State) [][]float32 {
	f, err := model.ReadSafetensors(checkpointPath(dir, s.Generation))
	if err != nil || len(f.Tensors) != 1 || len(f.Tensors[0].Shape) != 2 || f.Tensors[0].Shape[1] == 0 {
		return nil
	}
	return slices.Collect(slices.Chunk(f.Tensors[0].Data, f.Tensors[0].Shape[1]))
}
