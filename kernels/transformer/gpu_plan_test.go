package transformer

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/model"
)

// sequencesOf makes sequences of these lengths whose ids tell where they stand.
func sequencesOf(lengths ...int) Sequences {
	var all [][]int32
	for i, n := range lengths {
		ids := make([]int32, n)
		for t := range ids {
			ids[t] = int32((31*i + t) % 97)
		}
		all = append(all, ids)
	}
	return Pack(all...)
}

func TestLongest(t *testing.T) {
	for want, s := range map[int]Sequences{0: {}, 1: sequencesOf(2), 8: sequencesOf(3, 9, 2)} {
		if got := s.Longest(); got != want {
			t.Errorf("the longest has %d scored tokens, want %d", got, want)
		}
	}
}

// Every position lies in its slot, every tile belongs to one warp of one
// window, and a window holds whole sequences.
func TestGPUPlanCoversEveryTileOnce(t *testing.T) {
	s := sequencesOf(2, 17, 18, 984, 33, 2, 500, 501, 16, 1025, 240, 3, 129)
	for _, teamWarps := range []int{8, 16} {
		p, err := newGPUPlan(s, 97, fullWindow, teamWarps)
		if err != nil {
			t.Fatal(err)
		}
		owned := make([]int, p.slots()/tileTokens)
		for _, w := range p.windows {
			for warp := range teamWarps {
				for _, entry := range p.schedule[p.schedule[int(w[1])+warp]:p.schedule[int(w[1])+warp+1]] {
					tile, first := int(entry&0xffff), int(entry>>16)
					if tile >= fullWindow || first > tile {
						t.Errorf("window at tile %d: entry %d of a sequence from %d", w[0], tile, first)
					}
					owned[int(w[0])+tile]++
				}
			}
		}
		for tile, n := range owned {
			if n != 1 {
				t.Errorf("%d warps a team: tile %d has %d owners", teamWarps, tile, n)
			}
		}
		checkSlots(t, s, p)
	}
}

func checkSlots(t *testing.T, s Sequences, p *gpuPlan) {
	t.Helper()
	scored := map[int32]bool{}
	for i, story := range p.stories {
		ids := s.At(i)
		if int(story[1]) != len(ids)-1 || story[0]%tileTokens != 0 {
			t.Errorf("sequence %d of %d ids: slots %v", i, len(ids), story)
		}
		for at := range story[1] {
			word := p.tokens[story[0]+at]
			if int32(word&0xffff) != ids[at] || int32(word>>16) != ids[at+1] {
				t.Errorf("sequence %d, position %d: %#x", i, at, word)
			}
			scored[(story[0]+at)/groupTokens] = true
		}
	}
	if len(scored) != len(p.groups) {
		t.Errorf("%d groups, want %d", len(p.groups), len(scored))
	}
	for _, g := range p.groups {
		if !scored[g] {
			t.Errorf("group %d holds nothing", g)
		}
	}
	if want := s.Targets(0, s.Len()); p.targets != want {
		t.Errorf("%d targets, want %d", p.targets, want)
	}
}

// Windows are those of first fit by its definition: each sequence, longest
// first, looks at all windows from the first one on.
func TestGPUPlanWindowsAreFirstFit(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		lengths, windowTiles := make([]int, 1+r.IntN(60)), 1+r.IntN(20)
		for i := range lengths {
			lengths[i] = 2 + r.IntN(25*tileTokens) // some longer than a window
		}
		s := sequencesOf(lengths...)
		got := map[int][]int{} // windows by their first sequence
		for _, window := range windowsOf(s, windowTiles) {
			got[window[0]] = window
		}
		want, used := [][]int{}, []int{}
		for n := 26; n > 0; n-- {
			for story := range lengths {
				if storyTiles(s.At(story)) != n {
					continue
				}
				w := slices.IndexFunc(used, func(tiles int) bool { return tiles+n <= windowTiles })
				if w < 0 {
					w, want, used = len(want), append(want, nil), append(used, 0)
				}
				want[w], used[w] = append(want[w], story), used[w]+n
			}
		}
		for _, window := range want {
			if !slices.Equal(got[window[0]], window) {
				t.Fatalf("%v in windows of %d tiles: %v, want %v", lengths, windowTiles, got, want)
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%v in windows of %d tiles: %d windows, want %d", lengths, windowTiles, len(got), len(want))
		}
	}
}

func TestGPUPlanRefusesMoreSlotsThanInt32Counts(t *testing.T) {
	if err := checkTiles(1<<27 - 1); err != nil {
		t.Error(err)
	}
	if err := checkTiles(1 << 27); err == nil || !strings.Contains(err.Error(), "at most 134217727") {
		t.Errorf("got %v", err)
	}
}

func TestGPUPlanRefusesUnknownToken(t *testing.T) {
	_, err := newGPUPlan(Pack([]int32{1, 7, 2}), 7, fullWindow, 8)
	if err == nil || !strings.Contains(err.Error(), "token id 7") {
		t.Errorf("got %v", err)
	}
}

var (
	paperShape = Shape{Hidden: 32, Heads: 4, HeadDim: 4, FFN: 128, Blocks: 3, Vocab: 2051, Position: model.Rotary, RotaryDims: 4}
	h200       = gpu.Info{Name: "H200", Major: 9, SharedPerBlock: 232448}
	h100       = gpu.Info{Name: "H100", Major: 9, SharedPerBlock: 232448}
	a100       = gpu.Info{Name: "A100", Major: 8, SharedPerBlock: 166912}
	b200       = gpu.Info{Name: "B200", Major: 10, SharedPerBlock: 232448}
	rtx4090    = gpu.Info{Name: "RTX 4090", Major: 8, Minor: 9, SharedPerBlock: 101376}
	rtx5090    = gpu.Info{Name: "RTX 5090", Major: 12, SharedPerBlock: 101376}
)

// The numbers are those that layout.cuh and loss.cu compute.
func TestFusedSizesAreThoseOfTheKernels(t *testing.T) {
	big, small := fusedSizes[1], fusedSizes[0]
	for what, pair := range map[string][2]int{
		"block h32":  {big.blockBytes(), 22656},
		"block h8":   {small.blockBytes(), 2048},
		"loss h32":   {big.lossShared(), 148480},
		"loss h8":    {small.lossShared(), 135424},
		"offset h32": {big.decoderOffset(3), 128 + 3*22656},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %d bytes, want %d", what, pair[0], pair[1])
		}
	}
}

func TestChooseGPU(t *testing.T) {
	with := func(edit func(*Shape)) Shape {
		s := paperShape
		edit(&s)
		return s
	}
	for _, c := range []struct {
		name      string
		shape     Shape
		precision Precision
		device    gpu.Info
		longest   int
		want      string // in the choice or the error
	}{
		{"paper", paperShape, FP16, h200, 983, "fp16, fused h32 kernels, 2 teams of 8 warps, windows of 64 tiles"},
		{"small", with(func(s *Shape) { s.Hidden, s.FFN = 4, 16 }), BF16, h200, 983, "bf16, fused h8 kernels, 2 teams"},
		{"long", paperShape, FP16, h200, 2000, "1 teams of 16 warps, windows of 125 tiles"},
		{"too long", paperShape, FP16, h200, 8000, "fp16, tiled kernels with wgmma: sequences of 8000 tokens and 3 blocks do not fit 232448 bytes"},
		{"fp32", with(func(s *Shape) { s.Hidden = 4096 }), FP32, h200, 8192, "fp32, tiled kernels: the fused kernels have fp16 and bf16"},
		{"tf32", paperShape, TF32, h200, 983, "tf32, tiled kernels with wgmma"},
		{"wide", with(func(s *Shape) { s.Hidden = 33 }), FP16, h200, 100, "tiled kernels with wgmma: hidden 33, at most 32"},
		{"deep feed-forward", with(func(s *Shape) { s.FFN = 129 }), FP16, h200, 100, "tiled kernels with wgmma: ffn 129, at most 128"},
		{"heads", with(func(s *Shape) { s.HeadDim = 5 }), BF16, h200, 100, "tiled kernels with wgmma: 4 heads of 5"},
		{"A100", paperShape, FP16, a100, 983, "fused h32 kernels, 1 teams of 16 warps"},
		{"A100, wide", with(func(s *Shape) { s.Hidden = 256 }), FP16, a100, 983, "fp16, tiled kernels: hidden 256"},
		{"RTX 4090", paperShape, FP16, rtx4090, 983, "fp16, tiled kernels: 101376 bytes of shared memory a block, the fused kernels need 148480"},
		{"RTX 4090, fp32", paperShape, FP32, rtx4090, 983, "fp32, tiled kernels"},
		{"RTX 4090, tf32", paperShape, TF32, rtx4090, 983, "tf32, tiled kernels: "},
		{"H100", paperShape, BF16, h100, 983, "bf16, fused h32 kernels, 2 teams of 8 warps"},
		{"H100, wide", with(func(s *Shape) { s.Hidden = 1024 }), BF16, h100, 983, "bf16, tiled kernels with wgmma"},
		{"B200", paperShape, FP16, b200, 983, "fp16, fused h32 kernels, 2 teams"},
		{"B200, wide", with(func(s *Shape) { s.Hidden = 1024 }), FP16, b200, 983, "fp16, tiled kernels: hidden 1024"},
		{"RTX 5090", paperShape, BF16, rtx5090, 983, "bf16, tiled kernels: 101376 bytes"},
		{"beyond the tiles", with(func(s *Shape) { s.Hidden = 5000 }), FP16, h200, 100, "hidden 5000, at most 4096 fit the tiled kernels: use precision fp32"},
		{"beyond the tiles, fp32", with(func(s *Shape) { s.Hidden = 5000 }), FP32, h200, 100, "fp32, reference kernels: hidden 5000"},
		{"too many words", with(func(s *Shape) { s.Vocab = 1<<16 + 1 }), FP32, h200, 100, "vocabulary 65537"},
		{"little shared memory", paperShape, FP16, gpu.Info{Major: 7, Minor: 5, SharedPerBlock: 65536}, 100, "the tiled kernels need"},
	} {
		got, err := ChooseGPU(c.shape, c.precision, c.device, c.longest)
		var text string
		if err != nil {
			text = err.Error()
		} else {
			text = got.String()
		}
		if !strings.Contains(text, c.want) {
			t.Errorf("%s: got %q, want %q in it", c.name, text, c.want)
		}
		if err == nil && got.BlocksShared+128 > c.device.SharedPerBlock {
			t.Errorf("%s: %d bytes of shared memory of %d", c.name, got.BlocksShared, c.device.SharedPerBlock)
		}
	}
}

// What auto means on each card, for a network that the fused kernels take and
// one that they do not.
func TestFastPrecision(t *testing.T) {
	wide, wider := paperShape, paperShape
	wide.Hidden, wider.Hidden = 256, 5000
	for _, c := range []struct {
		shape  Shape
		device gpu.Info
		want   Precision
	}{
		{paperShape, h200, FP16}, {paperShape, a100, FP16}, {paperShape, b200, FP16}, {paperShape, rtx4090, FP16},
		{wide, h200, FP16}, {wide, a100, FP16}, {wide, rtx4090, FP16}, {wider, h200, FP32},
	} {
		if got := FastPrecision(c.shape, c.device, 983); got != c.want {
			t.Errorf("hidden %d on %s: %s, want %s", c.shape.Hidden, c.device.Name, got, c.want)
		}
	}
}
