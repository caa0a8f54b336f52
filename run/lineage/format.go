package lineage

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"

	"github.com/evorank/evorank/model"
)

const (
	magic   = "evorankL"
	version = 1

	headerSize   = 64
	headSize     = 16 // of a block
	recordSize   = 56
	checksumSize = 4
)

// The kinds of block.
const (
	generationBlock   = 1
	deviceChangeBlock = 2
)

// MaxPopulation bounds a block's size; a larger number is a damaged header.
const MaxPopulation = 1 << 28

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// appendChecksum appends the checksum of what stands in b from start on.
func appendChecksum(b []byte, start int) []byte {
	return binary.LittleEndian.AppendUint32(b, checksum(b[start:]))
}

// intact reports whether b ends with the checksum of the rest of it.
func intact(b []byte) bool {
	n := len(b) - checksumSize
	return checksum(b[:n]) == binary.LittleEndian.Uint32(b[n:])
}

// Header says which run a log belongs to.
type Header struct {
	Config     [32]byte // SHA-256 of the resolved config
	Seed       model.Seed
	Population int // records in each generation
	Earlier    int // stages of a generation before the last
}

func (h Header) check() error {
	if h.Population < 1 || h.Population > MaxPopulation {
		return fmt.Errorf("population %d is not between 1 and %d", h.Population, MaxPopulation)
	}
	if h.Earlier < 0 || h.Earlier >= model.MaxStages {
		return fmt.Errorf("%d stages before the last, at most %d are possible", h.Earlier, model.MaxStages-1)
	}
	return nil
}

func (h Header) encode() []byte {
	b := append(make([]byte, 0, headerSize), magic...)
	b = binary.LittleEndian.AppendUint32(b, version)
	b = binary.LittleEndian.AppendUint32(b, uint32(h.Earlier))
	b = append(b, h.Config[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(h.Seed))
	b = binary.LittleEndian.AppendUint32(b, uint32(h.Population))
	return appendChecksum(b, 0)
}

// decodeHeader reports what is wrong and at which byte.
func decodeHeader(b []byte) (h Header, at int64, err error) {
	switch {
	case string(b[:8]) != magic:
		return h, 0, fmt.Errorf("not a lineage: it begins with %q", b[:8])
	case binary.LittleEndian.Uint32(b[8:]) > version && intact(b):
		return h, 8, fmt.Errorf("format version %d: this program reads version %d: use a newer one", binary.LittleEndian.Uint32(b[8:]), version)
	case !intact(b):
		return h, 0, fmt.Errorf("header: its checksum does not match: %s", damaged)
	case binary.LittleEndian.Uint32(b[8:]) != version:
		return h, 8, fmt.Errorf("format version %d does not exist", binary.LittleEndian.Uint32(b[8:]))
	case binary.LittleEndian.Uint32(b[12:]) >= model.MaxStages:
		return h, 12, fmt.Errorf("%d stages before the last, at most %d are possible", binary.LittleEndian.Uint32(b[12:]), model.MaxStages-1)
	}
	h.Earlier = int(binary.LittleEndian.Uint32(b[12:]))
	copy(h.Config[:], b[16:])
	h.Seed = model.Seed(binary.LittleEndian.Uint64(b[48:]))
	h.Population = int(binary.LittleEndian.Uint32(b[56:]))
	return h, 56, h.check()
}

// recordSize is that of a record with its earlier fitnesses.
func (h Header) recordSize() int { return recordSize + 8*h.Earlier }

func (h Header) appendRecord(b []byte, r *model.Record) []byte {
	b = appendRecord(b, r)
	for _, f := range r.Earlier[:h.Earlier] {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(float64(f)))
	}
	return b
}

func (h Header) decodeRecord(b []byte, generation model.Generation, index int) (model.Record, error) {
	r, err := decodeRecord(b, generation, index)
	for i := range h.Earlier {
		r.Earlier[i] = model.Fitness(math.Float64frombits(binary.LittleEndian.Uint64(b[recordSize+8*i:])))
	}
	return r, err
}

// blockHead is what stands before the records.
type blockHead struct {
	kind       uint32
	generation model.Generation
	records    int
}

func (h blockHead) append(b []byte) []byte {
	start := len(b)
	b = binary.LittleEndian.AppendUint32(b, h.kind)
	b = binary.LittleEndian.AppendUint32(b, uint32(h.generation))
	b = binary.LittleEndian.AppendUint32(b, uint32(h.records))
	return appendChecksum(b, start)
}

func decodeBlockHead(b []byte) blockHead {
	return blockHead{
		binary.LittleEndian.Uint32(b), model.Generation(binary.LittleEndian.Uint32(b[4:])),
		int(binary.LittleEndian.Uint32(b[8:])),
	}
}

// follows checks that the block may stand after generation last.
func (h blockHead) follows(last model.Generation, population int) error {
	switch {
	case h.kind == deviceChangeBlock && (h.generation != last || h.records != 0):
		return fmt.Errorf("device mark of generation %d with %d records after generation %d", h.generation, h.records, last)
	case h.kind == deviceChangeBlock:
		return nil
	case h.kind != generationBlock:
		return fmt.Errorf("unknown kind of block %d", h.kind)
	case h.generation != last+1:
		return fmt.Errorf("generation %d stands where generation %d belongs", h.generation, last+1)
	case h.records != population:
		return fmt.Errorf("generation %d has %d records in a population of %d", h.generation, h.records, population)
	}
	return nil
}

// checkRecord refuses what the format cannot hold or what no run can mean.
func checkRecord(r *model.Record, generation model.Generation, index int) error {
	switch {
	case r.Generation != generation || int(r.Index) != index:
		return fmt.Errorf("generation %d index %d stands where generation %d index %d belongs", r.Generation, r.Index, generation, index)
	case r.ID == 0:
		return fmt.Errorf("index %d: id 0 stands for no individual", index)
	case r.Gene.Kind > model.GeneMutation:
		return fmt.Errorf("index %d: unknown %s", index, r.Gene.Kind)
	case !(math.Abs(float64(r.Gene.Multiplier)) <= math.MaxFloat32): // NaN too
		return fmt.Errorf("index %d: multiplier %v", index, r.Gene.Multiplier)
	case r.Selected < model.Unselected:
		return fmt.Errorf("index %d: selected into slot %d", index, r.Selected)
	}
	return nil
}

func appendRecord(b []byte, r *model.Record) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(r.ID))
	b = binary.LittleEndian.AppendUint64(b, uint64(r.Parent))
	b = binary.LittleEndian.AppendUint64(b, uint64(r.Gene.Seed))
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(float64(r.Fitness)))
	b = binary.LittleEndian.AppendUint64(b, uint64(r.Digest))
	b = binary.LittleEndian.AppendUint32(b, math.Float32bits(r.Gene.Multiplier))
	b = binary.LittleEndian.AppendUint32(b, uint32(r.Cases))
	b = binary.LittleEndian.AppendUint32(b, uint32(r.Selected))
	return append(b, byte(r.Gene.Kind), 0, 0, 0)
}

func decodeRecord(b []byte, generation model.Generation, index int) (model.Record, error) {
	r := model.Record{
		Generation: generation, Index: int32(index),
		ID: model.ID(binary.LittleEndian.Uint64(b)), Parent: model.ID(binary.LittleEndian.Uint64(b[8:])),
		Gene: model.Gene{
			Kind:       model.GeneKind(b[52]),
			Seed:       model.Seed(binary.LittleEndian.Uint64(b[16:])),
			Multiplier: math.Float32frombits(binary.LittleEndian.Uint32(b[40:])),
		},
		Cases:    int32(binary.LittleEndian.Uint32(b[44:])),
		Fitness:  model.Fitness(math.Float64frombits(binary.LittleEndian.Uint64(b[24:]))),
		Selected: model.Slot(binary.LittleEndian.Uint32(b[48:])),
		Digest:   model.Digest(binary.LittleEndian.Uint64(b[32:])),
	}
	if b[53] != 0 || b[54] != 0 || b[55] != 0 {
		return r, fmt.Errorf("index %d: bytes that should be zero are not", index)
	}
	return r, checkRecord(&r, generation, index)
}
