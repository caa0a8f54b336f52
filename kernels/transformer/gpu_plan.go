package transformer

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// The kernels work on tiles of 16 tokens and on groups of 8.
const (
	tileTokens  = 16
	groupTokens = 8
)

// baseCost is what a tile costs besides its attention, in key tiles. Measured
// on an H200; only the balance between warps depends on it.
const baseCost = 6

// gpuPlan is a set of sequences laid out for the kernels. A sequence lies in
// whole tiles, windows are runs of whole sequences, and within a window each
// warp of a team has its tiles. Nothing of it changes a result.
//
//	slots  positions of tokens, padding included; a sequence of L ids has L-1
//	       scored positions and begins at a multiple of 16
type gpuPlan struct {
	tokens   []uint32   // [slots] id | target << 16
	stories  [][2]int32 // [sequences] first slot, scored positions
	groups   []int32    // groups of eight slots with a scored position
	windows  [][2]int32 // first tile, index into schedule
	schedule []uint32   // see Plan in blocks.cu
	longest  int        // positions of the longest sequence, padding included
	targets  int
}

func (p *gpuPlan) slots() int { return len(p.tokens) }

// bySlot returns the sequences (first slot, scored positions) in the order of
// their slots.
func (p *gpuPlan) bySlot() [][2]int32 {
	sorted := slices.Clone(p.stories)
	slices.SortFunc(sorted, func(a, b [2]int32) int { return cmp.Compare(a[0], b[0]) })
	return sorted
}

// storyTiles is the number of tiles of a sequence.
func storyTiles(ids []int32) int { return (len(ids) - 1 + tileTokens - 1) / tileTokens }

// checkTiles refuses tiles with more slots than the kernels' int32 count.
func checkTiles(tiles int) error {
	if most := math.MaxInt32 / tileTokens; tiles > most {
		return fmt.Errorf("transformer: sequences of %d tiles of %d tokens: a GPU takes at most %d: evaluate fewer at a time", tiles, tileTokens, most)
	}
	return nil
}

// newGPUPlan lays the sequences out for windows of that many tiles and teams
// of that many warps. Ids are below vocab, which is at most 65,536.
func newGPUPlan(s Sequences, vocab, windowTiles, teamWarps int) (*gpuPlan, error) {
	tiles := 0
	for i := range s.Len() {
		tiles += storyTiles(s.At(i))
	}
	if err := checkTiles(tiles); err != nil {
		return nil, err
	}
	p := &gpuPlan{stories: make([][2]int32, s.Len())}
	for _, window := range windowsOf(s, windowTiles) {
		first, slot := len(p.tokens)/tileTokens, 0
		var tiles []windowTile
		for _, story := range window {
			if err := p.place(s.At(story), story, vocab); err != nil {
				return nil, err
			}
			for i := range storyTiles(s.At(story)) {
				tiles = append(tiles, windowTile{cost: baseCost + i + 1, entry: uint32(slot+i) | uint32(slot)<<16})
			}
			slot += storyTiles(s.At(story))
		}
		p.windows = append(p.windows, [2]int32{int32(first), int32(len(p.schedule))})
		p.deal(tiles, teamWarps)
	}
	return p, nil
}

// windowsOf packs sequences into windows, longest first into the first window
// with room, and returns the costliest windows first. A sequence too long for
// a window has one of its own. Sequences of one length go on where the last one
// found room, so a million of them take a second.
func windowsOf(s Sequences, windowTiles int) [][]int {
	order := make([]int, s.Len())
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(storyTiles(s.At(b)), storyTiles(s.At(a))) })
	var windows [][]int
	var used, cost []int
	w, last := 0, 0
	for _, story := range order {
		n := storyTiles(s.At(story))
		if n != last {
			w, last = 0, n
		}
		for w < len(windows) && used[w]+n > windowTiles {
			w++ // NOTE: rooms only shrink: what is too full for this length stays so
		}
		if w == len(windows) {
			windows, used, cost = append(windows, nil), append(used, 0), append(cost, 0)
		}
		windows[w] = append(windows[w], story)
		used[w] += n
		cost[w] += n*baseCost + n*(n+1)/2
	}
	byCost := make([]int, len(windows))
	for i := range byCost {
		byCost[i] = i
	}
	slices.SortStableFunc(byCost, func(a, b int) int { return cmp.Compare(cost[b], cost[a]) })
	sorted := make([][]int, len(windows))
	for i, w := range byCost {
		sorted[i] = windows[w]
	}
	return sorted
}

// place appends a sequence's tokens, padded to whole tiles.
func (p *gpuPlan) place(ids []int32, story, vocab int) error {
	first, scored := len(p.tokens), len(ids)-1
	for _, id := range ids {
		if id < 0 || int(id) >= vocab {
			return fmt.Errorf("transformer: sequence %d: token id %d is outside of the vocabulary of %d", story, id, vocab)
		}
	}
	for t := range storyTiles(ids) * tileTokens {
		word := uint32(0) // padding: some token, never scored
		if t < scored {
			word = uint32(ids[t]) | uint32(ids[t+1])<<16
		}
		if t < scored && t%groupTokens == 0 {
			p.groups = append(p.groups, int32((first+t)/groupTokens))
		}
		p.tokens = append(p.tokens, word)
	}
	p.stories[story] = [2]int32{int32(first), int32(scored)}
	p.longest = max(p.longest, len(p.tokens)-first)
	p.targets += scored
	return nil
}

type windowTile struct {
	cost  int
	entry uint32 // tile in the window | first tile of its sequence << 16
}

// deal shares a window's tiles among the warps, the costliest first to the
// warp with the least to do, and appends the schedule.
func (p *gpuPlan) deal(tiles []windowTile, warps int) {
	slices.SortStableFunc(tiles, func(a, b windowTile) int { return cmp.Compare(b.cost, a.cost) })
	hands, load := make([][]uint32, warps), make([]int, warps)
	for _, t := range tiles {
		w := slices.Index(load, slices.Min(load))
		hands[w] = append(hands[w], t.entry)
		load[w] += t.cost
	}
	start := len(p.schedule) + warps + 1
	for w := range warps {
		p.schedule = append(p.schedule, uint32(start))
		start += len(hands[w])
	}
	p.schedule = append(p.schedule, uint32(start))
	for _, hand := range hands {
		p.schedule = append(p.schedule, hand...)
	}
}
