package transformer

import (
	"testing"
	"unsafe"
)

// The structs have the sizes that the .cu files give theirs.
func TestTiledStructs(t *testing.T) {
	for what, pair := range map[string][2]uintptr{
		"PackSizes":      {unsafe.Sizeof(packSizes{}), 96},
		"GemmSizes":      {unsafe.Sizeof(gemmSizes{}), 64},
		"AttentionSizes": {unsafe.Sizeof(attentionSizes{}), 40},
		"SingleSizes":    {unsafe.Sizeof(singleSizes{}), 40},
		"NormSizes":      {unsafe.Sizeof(normSizes{}), 32},
		"LossSizes":      {unsafe.Sizeof(lossSizes{}), 48},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %d bytes, want %d", what, pair[0], pair[1])
		}
	}
}

// Matrices lie one after the other, whole tiles each, and hold what they must.
func TestTiledSizes(t *testing.T) {
	for _, s := range []Shape{
		paperShape,
		{Hidden: 1, Heads: 1, HeadDim: 1, FFN: 1, Blocks: 1, Vocab: 2},
		{Hidden: 65, Heads: 2, HeadDim: 17, FFN: 129, Blocks: 2, Vocab: 4097},
		{Hidden: 65, Heads: 2, HeadDim: 65, FFN: 129, Blocks: 2, Vocab: 4097},
		{Hidden: 1024, Heads: 16, HeadDim: 64, FFN: 4096, Blocks: 4, Vocab: 2051},
		{Hidden: 4096, Heads: 3, HeadDim: 1300, FFN: 65536, Blocks: 1, Vocab: 65536},
	} {
		for _, p := range []Precision{FP32, TF32, BF16, FP16} {
			z := newTiledSizes(s, p, make([]int, firstBlock+s.Blocks*blockTensors), Auto)
			at := 0
			check := func(what string, m tiledMatrix, rows, columns int) {
				if m.offset < at || m.offset%128 != 0 || m.rows < rows || m.rows%tiledSide != 0 || m.blocks*tiledRowBytes < columns*z.bytes || (m.blocks-1)*tiledRowBytes >= columns*z.bytes {
					t.Errorf("hidden %d, %s: %s: %+v for %d × %d from byte %d on", s.Hidden, p, what, m, rows, columns, at)
				}
				at = m.end()
			}
			width := s.Heads * z.attentionHead
			for _, b := range z.blocks {
				check("qkv", b.qkv.outer, 3*width, s.Hidden)
				check("o", b.o.outer, s.Hidden, width)
				check("up", b.up.outer, s.FFN, s.Hidden)
				check("down", b.down.outer, s.Hidden, s.FFN)
			}
			check("decoder", z.decoder.outer, s.Vocab, s.Hidden)
			if at > z.prepared || len(z.blocks) != s.Blocks {
				t.Errorf("hidden %d, %s: %d bytes in %d blocks, planned %d", s.Hidden, p, at, len(z.blocks), z.prepared)
			}
			if z.attentionHead < s.HeadDim || z.attentionHead != z.dim*z.parts || z.parts > 1 && z.dim*(z.parts-1) >= s.HeadDim {
				t.Errorf("hidden %d, %s: heads of %d in %d parts of %d", s.Hidden, p, s.HeadDim, z.parts, z.dim)
			}
			if z.vocabularies*lossPartTiles*tiledSide < s.Vocab {
				t.Errorf("hidden %d, %s: %d parts of a vocabulary of %d", s.Hidden, p, z.vocabularies, s.Vocab)
			}
		}
	}
}

// Every sequence lies in one span, spans keep within their rows, and a slot's
// place is its distance from its sequence's beginning.
func TestTiledSpans(t *testing.T) {
	s := sequencesOf(2, 17, 18, 984, 33, 2, 500, 501, 16, 1025, 240, 3, 129)
	p, err := newGPUPlan(s, 97, fullWindow, fusedWarps)
	if err != nil {
		t.Fatal(err)
	}
	places, queries := p.tiledTables()
	for _, story := range p.stories {
		for i := range story[1] {
			if places[story[0]+i] != i {
				t.Fatalf("slot %d of the sequence at %d: place %d", i, story[0], places[story[0]+i])
			}
		}
	}
	for _, rows := range []int{1024, 1152, 2048, 1 << 20} {
		slot, query := 0, 0
		for _, span := range p.tiledSpans(rows) {
			if span.slot != slot || span.query != query || span.rows() > rows {
				t.Errorf("%d rows: span %+v follows slot %d, query tile %d", rows, span, slot, query)
			}
			for _, q := range queries[span.query : span.query+span.queries] {
				if int(q[0]) < span.slot || int(q[0]+q[1]) > span.slot+span.slots || int(q[2])*attentionQueries >= int(q[1]) {
					t.Errorf("%d rows: query tile %v in span %+v", rows, q, span)
				}
			}
			slot, query = slot+span.slots, query+span.queries
		}
		if slot != p.slots() || query != len(queries) {
			t.Errorf("%d rows: %d slots of %d, %d query tiles of %d", rows, slot, p.slots(), query, len(queries))
		}
	}
}

// What fits is used, and one byte less changes the plan.
func TestPlanTiled(t *testing.T) {
	const all, longest, row, fixed = 1280, 384, 100, 5000
	for _, c := range []struct {
		memory      uint64
		rows, chunk int
	}{
		{4 * (fixed + all*row), all, 4},
		{4*(fixed+all*row) - 1, all, 3},
		{fixed + all*row, all, 1},
		{fixed + all*row - 1, all - 128, 1},
		{fixed + longest*row, longest, 1},
		{fixed + longest*row - 1, 0, 0},
		{10, 0, 0},
		{1 << 63, all, 7},
	} {
		if rows, chunk := planTiled(all, longest, row, fixed, 7, c.memory); rows != c.rows || chunk != c.chunk {
			t.Errorf("%d bytes: %d rows of %d individuals, want %d of %d", c.memory, rows, chunk, c.rows, c.chunk)
		}
	}
}
