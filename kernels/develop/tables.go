package develop

import (
	"fmt"

	"github.com/evorank/evorank/model"
)

// The structs of develop.cuh, field by field.

type part struct {
	Offset, Length            int32
	Stream                    uint32
	InitValue, InitStd, Scale float32
}

type partTile struct{ Part, FirstBlock int32 }

type tensor struct {
	Orientation                        int32
	Rows, Cols, Rank                   int32
	A, B, D                            int32
	Offset                             int32
	KernelRows, KernelCols, ChannelsIn int32
}

type tensorTile struct{ Tensor, Row, Col int32 }

// Packed is a candidate as the GPU reads it: 16 bytes.
type Packed struct {
	Seed       [2]uint32 // low word, high word
	Parent     int32     // -1: a founder
	Multiplier float32   // 0: the parent itself
}

// Pack writes candidates in the GPU's form. Slots is how many parents there
// are: the kernel trusts the parent numbers.
func Pack(dst []Packed, candidates []model.Candidate, slots int) error {
	for i, c := range candidates {
		dst[i] = Packed{Seed: c.Gene.Seed.Key(), Parent: int32(c.Parent)}
		switch c.Gene.Kind {
		case model.GeneInit:
			dst[i].Parent = -1
			continue
		case model.GeneMutation:
			dst[i].Multiplier = c.Gene.Multiplier
		case model.GeneNone:
		default:
			panic("develop: Pack: " + c.Gene.Kind.String())
		}
		if c.Parent < 0 || int(c.Parent) >= slots {
			return fmt.Errorf("develop: candidate %d: slot %d holds no parent (%d are filled)", i, c.Parent, slots)
		}
	}
	return nil
}

// dense is the orientation of a tensor that is copied.
const dense = int32(model.Convolution) + 1

// Sizes of what one thread block works on; the kernels have the same numbers.
const (
	partTileBlocks = 256 // noise blocks of four elements
	tensorTileSide = 64
)

// partTable lists the parts of a layout and cuts them into tiles.
func partTable(layout *model.Layout) (parts []part, tiles []partTile) {
	for t := range layout.Tensors {
		for _, p := range layout.Tensors[t].Parts {
			row := part{int32(p.Offset), int32(p.Len()), p.Stream, p.InitValue, p.InitStd, p.MutationScale}
			if p.Frozen {
				row.Scale = 0
			}
			for block := 0; 4*block < p.Len(); block += partTileBlocks {
				tiles = append(tiles, partTile{int32(len(parts)), int32(block)})
			}
			parts = append(parts, row)
		}
	}
	return parts, tiles
}

// tensorTable lists the tensors of a layout and cuts their products into tiles.
func tensorTable(layout *model.Layout) (tensors []tensor, tiles []tensorTile) {
	for i := range layout.Tensors {
		t := &layout.Tensors[i]
		row, height, width := tensorRow(t), tensorTileSide, tensorTileSide
		if row.Orientation == dense {
			width *= tensorTileSide
		}
		for m := 0; m < int(row.Rows); m += height {
			for n := 0; n < int(row.Cols); n += width {
				tiles = append(tiles, tensorTile{int32(i), int32(m), int32(n)})
			}
		}
		tensors = append(tensors, row)
	}
	return tensors, tiles
}

func tensorRow(t *model.Tensor) tensor {
	row := tensor{A: int32(t.Parts[0].Offset), D: -1, Offset: int32(t.Offset)}
	if t.Encoding.Kind == model.Dense {
		row.Orientation, row.Rows, row.Cols = dense, 1, int32(t.Len())
		return row
	}
	row.Orientation = int32(t.Orientation)
	row.Rows, row.Cols, row.Rank = int32(t.Rows), int32(t.Cols), int32(t.Encoding.Rank)
	row.B = int32(t.Parts[1].Offset)
	if t.Encoding.Kind == model.Hybrid {
		row.D = int32(t.Parts[2].Offset)
	}
	if t.Orientation == model.Convolution {
		row.ChannelsIn, row.KernelRows, row.KernelCols = int32(t.Shape[1]), int32(t.Shape[2]), int32(t.Shape[3])
	}
	return row
}
