package lineage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/evorank/evorank/model"
)

// example is a fixed run of three generations with a mark after the second:
// 2 is selected and survives, 5 is its child and outlives it.
func example() *story {
	record := func(g model.Generation, i int32, id, parent model.ID, kind model.GeneKind, fitness float64, slot model.Slot) model.Record {
		r := model.Record{Generation: g, Index: i, ID: id, Parent: parent, Gene: model.Gene{Kind: kind}, Cases: 32, Fitness: model.Fitness(fitness), Selected: slot}
		if kind != model.GeneNone {
			r.Gene.Seed = model.Seed(0x9e3779b97f4a7c15 * uint64(id))
		}
		if kind == model.GeneMutation {
			r.Gene.Multiplier = 1
		}
		if slot != model.Unselected {
			r.Digest = model.Digest(0xd1b54a32d192ed03 * uint64(id))
		}
		return r
	}
	none, first, child := model.GeneNone, model.GeneInit, model.GeneMutation
	return &story{
		header: Header{Config: [32]byte{1, 2, 3}, Seed: 7, Population: 3},
		generations: [][]model.Record{
			{record(1, 0, 1, 0, first, math.NaN(), -1), record(1, 1, 2, 0, first, -8.5, 0), record(1, 2, 3, 0, first, -9, 1)},
			{record(2, 0, 2, 0, none, -8.25, 0), record(2, 1, 4, 2, child, math.Inf(-1), -1), record(2, 2, 5, 2, child, -8.125, 1)},
			{record(3, 0, 2, 0, none, -8.375, -1), record(3, 1, 5, 2, none, -8.0625, 0), record(3, 2, 6, 5, child, -8, 1)},
		},
		marked: []bool{false, true, false},
	}
}

func exampleBytes(t testing.TB) []byte {
	path := filepath.Join(t.TempDir(), "lineage.bin")
	example().write(t, path)
	data, err := os.ReadFile(path)
	check(t, err)
	return data
}

// readAll reads a log held in memory: complete generations and dropped bytes.
func readAll(data []byte) (generations [][]model.Record, dropped int64, err error) {
	r, err := newReader("lineage.bin", bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, 0, err
	}
	for {
		records, err := r.Next()
		if err == io.EOF {
			return generations, r.Dropped(), nil
		}
		if err != nil {
			return generations, 0, err
		}
		generations = append(generations, slices.Clone(records))
	}
}

func TestEveryBitFlipIsFound(t *testing.T) {
	data := exampleBytes(t)
	for bit := range 8 * len(data) {
		flipped := bytes.Clone(data)
		flipped[bit/8] ^= 1 << (bit % 8)
		_, _, err := readAll(flipped)
		var damage *DamageError
		if !errors.As(err, &damage) {
			t.Fatalf("bit %d of byte %d: error %v", bit%8, bit/8, err)
		}
		if damage.Offset > int64(bit/8) || strings.Contains(err.Error(), "\n") {
			t.Errorf("bit %d of byte %d: reported as %v", bit%8, bit/8, err)
		}
	}
}

// TestEveryTruncation: what a crash can leave is read up to the last complete
// generation, and the rest is counted.
func TestEveryTruncation(t *testing.T) {
	data, want := exampleBytes(t), example().generations
	block := headSize + 3*recordSize + checksumSize
	mark := headSize + checksumSize
	ends := []int{headerSize, headerSize + block, headerSize + 2*block, headerSize + 2*block + mark, headerSize + 3*block + mark}
	complete := []int{0, 1, 2, 2, 3}
	for n := range len(data) + 1 {
		got, dropped, err := readAll(data[:n])
		if n < headerSize {
			if err == nil {
				t.Errorf("%d bytes, less than a header, were accepted", n)
			}
			continue
		}
		check(t, err)
		i := len(ends) - 1
		for ends[i] > n {
			i--
		}
		if len(got) != complete[i] || dropped != int64(n-ends[i]) || !slices.EqualFunc(got, want[:complete[i]], sameRecords) {
			t.Errorf("%d bytes: %d generations and %d bytes dropped, want %d and %d", n, len(got), dropped, complete[i], n-ends[i])
		}
	}
}

// TestDamage lists what no bit flip shows: blocks that are sound but wrong.
func TestDamage(t *testing.T) {
	data := exampleBytes(t)
	block := headSize + 3*recordSize + checksumSize
	header, first, second := data[:headerSize], data[headerSize:headerSize+block], data[headerSize+block:headerSize+2*block]
	edit := func(b []byte, at int, value uint32) []byte {
		b = bytes.Clone(b)
		binary.LittleEndian.PutUint32(b[at:], value)
		return b
	}
	signed := func(b []byte) []byte { return mend(bytes.Clone(b)) }
	record := headerSize + headSize // the first
	for _, c := range []struct {
		want string
		data []byte
	}{
		{`byte 0: not a lineage: it begins with "once upo"`, []byte("once upon a time there was a little model that could not be read")},
		{"byte 10: the file ends within its header: restore the file from a copy", data[:10]},
		{"byte 8: format version 2: this program reads version 1", signed(edit(data, 8, 2))},
		{"byte 8: format version 0 does not exist", signed(edit(data, 8, 0))},
		{"byte 12: 4 stages before the last", signed(edit(data, 12, 4))},
		{"byte 56: population 0 is not between", signed(edit(data, 56, 0))},
		{"byte 64: generation 2 stands where generation 1 belongs", slices.Concat(header, second)},
		{"byte 252: generation 1 stands where generation 2 belongs", slices.Concat(header, first, first)},
		{"byte 64: generation 1 has 3 records in a population of 4", signed(edit(data, 56, 4))},
		{"byte 64: unknown kind of block 9", signed(edit(data, headerSize, 9))},
		{"byte 64: device mark of generation 1 with 3 records", signed(edit(data, headerSize, 2))},
		{"byte 64: device mark of generation 0 with 1 records", slices.Concat(header, blockHead{2, 0, 1}.append(nil))},
		{"byte 252: device mark of generation 2 with 0 records after generation 1", slices.Concat(header, first, blockHead{2, 2, 0}.append(nil))},
		{"byte 80: generation 1: the checksum does not match", edit(data, record, 99)},
		{"byte 80: generation 1: index 0: id 0", signed(edit(data, record, 0))},
		{"byte 80: generation 1: index 0: multiplier NaN", signed(edit(data, record+40, 0x7fc00000))},
		{"byte 80: generation 1: index 0: selected into slot -2", signed(edit(data, record+48, 0xfffffffe))},
		{"byte 80: generation 1: index 0: unknown gene kind 3", signed(edit(data, record+52, 3))},
		{"byte 80: generation 1: index 0: bytes that should be zero", signed(edit(data, record+52, 0x101))},
		{"byte 252: the checksum does not match: the file was damaged after it was written: restore the file from a copy, " +
			"or keep generations 1 to 1 with: truncate -s 252 lineage.bin", edit(data, headerSize+block, 3)},
	} {
		_, _, err := readAll(c.data)
		if err == nil || !strings.HasPrefix(err.Error(), "lineage: lineage.bin: "+c.want) {
			t.Errorf("error %v, want %s", err, c.want)
		}
	}
}

// mend recomputes every checksum of a log that a test has edited.
func mend(b []byte) []byte {
	sign := func(from, to int) { binary.LittleEndian.PutUint32(b[to:], checksum(b[from:to])) }
	if len(b) < headerSize {
		return b
	}
	sign(0, headerSize-checksumSize)
	for at := headerSize; at+headSize <= len(b); {
		sign(at, at+headSize-checksumSize)
		size := recordSize + 8*int(binary.LittleEndian.Uint32(b[12:])%model.MaxStages)
		body := size * int(binary.LittleEndian.Uint32(b[at+8:]))
		if at+headSize+body+checksumSize > len(b) {
			break
		}
		sign(at+headSize, at+headSize+body)
		at += headSize + body + checksumSize
	}
	return b
}

// TestBrokenAncestry: sound files of a program that errs.
func TestBrokenAncestry(t *testing.T) {
	for want, edit := range map[string]func(s *story){
		"generation 2: individual 4: parent 3 was not selected": func(s *story) {
			s.generations[0][2].Selected, s.generations[1][1].Parent = model.Unselected, 3
		},
		"generation 3: individual 4: survived without":     func(s *story) { s.generations[2][1].ID = 4 },
		"generation 1: individual 1: a founder with paren": func(s *story) { s.generations[0][0].Parent = 9 },
	} {
		s, path := example(), filepath.Join(t.TempDir(), "lineage.bin")
		edit(s)
		s.write(t, path)
		r, err := Open(path)
		check(t, err)
		if err := descent(r); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
		r.Close()
	}
}

// descent follows everybody's genome to the end of a log.
func descent(r *Reader) error {
	var ancestry Ancestry
	for {
		records, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for i := range records {
			if _, err := ancestry.Genome(&records[i]); err != nil {
				return err
			}
		}
		if err := ancestry.Advance(records); err != nil {
			return err
		}
	}
}

// FuzzReader checks that no bytes panic and that what is accepted is exactly
// what the format writes. With mended, checksums do not stand in the way.
func FuzzReader(f *testing.F) {
	data := exampleBytes(f)
	f.Add(data, false)
	f.Add(data[:headerSize], true)
	f.Add(data[:300], true)
	f.Fuzz(func(t *testing.T, data []byte, mended bool) {
		if mended {
			data = mend(bytes.Clone(data))
		}
		r, err := newReader("lineage.bin", bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		again := r.header.encode()
		for marks := 0; ; {
			records, err := r.Next()
			for ; marks < len(r.marks); marks++ {
				again = appendChecksum(blockHead{deviceChangeBlock, r.marks[marks], 0}.append(again), len(again)+headSize)
			}
			if err != nil && err != io.EOF {
				return
			}
			if err == io.EOF {
				break
			}
			start := len(again) + headSize
			again = blockHead{generationBlock, records[0].Generation, len(records)}.append(again)
			for i := range records {
				again = r.header.appendRecord(again, &records[i])
			}
			again = appendChecksum(again, start)
		}
		if !bytes.Equal(again, data[:int64(len(data))-r.Dropped()]) {
			t.Errorf("%q was read from %q", again, data)
		}
		second, _ := newReader("lineage.bin", bytes.NewReader(data), int64(len(data)))
		descent(second) // whatever it says, it does not panic
	})
}
