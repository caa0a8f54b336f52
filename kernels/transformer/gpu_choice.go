package transformer

import (
	"fmt"

	"github.com/evorank/evorank/gpu"
)

// Precision is the format of the operands of a GPU's matrix products. Sums,
// softmax, layer norm and loss are float32 in every mode.
type Precision string

const (
	FP32 Precision = "fp32" // no tensor cores: the reference on a GPU
	TF32 Precision = "tf32" // float32 rounded to 11 significant bits
	BF16 Precision = "bf16" // 8 significant bits
	FP16 Precision = "fp16" // 11 significant bits, at most 65504
)

// ParsePrecision reads a precision that a GPU has.
func ParsePrecision(s string) (Precision, error) {
	switch p := Precision(s); p {
	case FP32, TF32, BF16, FP16:
		return p, nil
	}
	return "", fmt.Errorf("precision: %q: a GPU has fp32, tf32, bf16 and fp16", s)
}

// What the fused kernels assume; blocks.cu and loss.cu have the same numbers.
const (
	fusedThreads   = 512
	fusedWarps     = fusedThreads / 32
	fusedHeads     = 4
	fusedHeadDim   = 4
	headerBytes    = 128
	teamTileBytes  = 1024 + 16 // keys and values of a tile, and their bound
	stageGroups    = 16
	fullWindow     = 64 // tiles; more only help sequences longer than that
	reduceThreads  = 256
	targetsWarps   = 8
	prepareThreads = 256
)

// maxGPUVocab is what a token's 16 bits hold, its own and its target's.
const maxGPUVocab = 1 << 16

// fusedSize is a compiled size of the fused kernels: hidden columns up to
// 8·hiddenTiles and feed-forward units up to 16·ffnTiles, the rest is padding.
type fusedSize struct {
	name                  string
	hiddenTiles, ffnTiles int
}

var fusedSizes = []fusedSize{{"h8", 1, 1}, {"h32", 4, 8}}

// blockBytes is BlockLayout::BYTES of layout.cuh.
func (z fusedSize) blockBytes() int {
	h, f := z.hiddenTiles, z.ffnTiles
	weights := 2*2*h*128 + 2*h*128 + h*256 + 2*f*h*128 + f*h*256
	biases := 2*64 + h*64 + 2*f*64 + h*64
	norms := 2 * h * 64
	return roundUp(weights+biases+norms, 128)
}

// decoderOffset is where the decoder begins in a prepared network.
func (z fusedSize) decoderOffset(blocks int) int { return headerBytes + blocks*z.blockBytes() }

// preparedBytes is prepared_bytes of layout.cuh.
func (z fusedSize) preparedBytes(s Shape) int {
	tiles := (s.Vocab + 15) / 16
	return roundUp(z.decoderOffset(s.Blocks)+tiles*(z.hiddenTiles*256+2*64)+s.Vocab*z.hiddenTiles*16, 128)
}

// tileBytes is the size of a tile's hidden states.
func (z fusedSize) tileBytes() int { return z.hiddenTiles * 256 }

// lossShared is sizeof(LossShared) of loss.cu.
func (z fusedSize) lossShared() int {
	return 2*fusedWarps*stageGroups*32*8 + 2*(stageGroups+1)*32*4*z.hiddenTiles
}

// The kernels besides the fused ones.
const (
	tiledKernelsName    = "tiled"
	referenceKernelName = "reference"
)

// GPUChoice says which kernels evaluate a network, and how.
type GPUChoice struct {
	Precision    Precision
	Kernels      string // "fused h32", "fused h8", "tiled" or "reference"
	Why          string // not the fused kernels
	Wgmma        bool   // the tiled kernels' products are those of sm_90a
	TeamWarps    int    // fused: warps that share a window of sequences
	WindowTiles  int    // tiles of 16 tokens in it
	BlocksShared int    // bytes of dynamic shared memory
	LossShared   int

	size fusedSize
}

// Fused reports whether the kernels are those made for small networks.
func (c GPUChoice) Fused() bool { return c.TeamWarps > 0 }

// String is one line for a report.
func (c GPUChoice) String() string {
	switch {
	case c.Fused():
		return fmt.Sprintf("%s, %s kernels, %d teams of %d warps, windows of %d tiles, %d + %d bytes of shared memory",
			c.Precision, c.Kernels, fusedWarps/c.TeamWarps, c.TeamWarps, c.WindowTiles, c.BlocksShared, c.LossShared)
	case c.Wgmma:
		return fmt.Sprintf("%s, %s kernels with wgmma: %s", c.Precision, c.Kernels, c.Why)
	}
	return fmt.Sprintf("%s, %s kernels: %s", c.Precision, c.Kernels, c.Why)
}

// ChooseGPU picks the kernels for a network and sequences of up to that many
// scored positions. It is a pure function of what it is given: the fused
// kernels where network and device allow, the tiled ones otherwise, and for
// what these do not take either the plain reference, in fp32 alone.
func ChooseGPU(s Shape, p Precision, device gpu.Info, longest int) (GPUChoice, error) {
	if s.Vocab > maxGPUVocab {
		return GPUChoice{}, fmt.Errorf("transformer: vocabulary %d: GPUs take at most %d", s.Vocab, maxGPUVocab)
	}
	c, err := chooseFused(s, p, device, longest)
	if err == nil {
		return c, nil
	}
	c = GPUChoice{Precision: p, Kernels: tiledKernelsName, Why: err.Error(), Wgmma: p != FP32 && device.Major == 9 && device.Minor == 0}
	switch shared := max(tiledShared, hopperShared); {
	case s.Hidden > maxTiledHidden:
		err = fmt.Errorf("hidden %d, at most %d fit the tiled kernels", s.Hidden, maxTiledHidden)
	case device.SharedPerBlock < shared:
		err = fmt.Errorf("%d bytes of shared memory a block, the tiled kernels need %d", device.SharedPerBlock, shared)
	default:
		return c, nil
	}
	if p == FP32 {
		return GPUChoice{Precision: p, Kernels: referenceKernelName, Why: err.Error()}, nil
	}
	return GPUChoice{}, fmt.Errorf("transformer: precision %s: %w: use precision fp32", p, err)
}

// chooseFused fits the fused kernels; the error says what does not fit.
func chooseFused(s Shape, p Precision, device gpu.Info, longest int) (GPUChoice, error) {
	size := fusedSizes[len(fusedSizes)-1]
	for _, z := range fusedSizes {
		if s.Hidden <= 8*z.hiddenTiles && s.FFN <= 16*z.ffnTiles {
			size = z
			break
		}
	}
	refuse := func(format string, args ...any) (GPUChoice, error) { return GPUChoice{}, fmt.Errorf(format, args...) }
	switch {
	case p != FP16 && p != BF16:
		return refuse("the fused kernels have fp16 and bf16")
	case s.Hidden > 8*size.hiddenTiles:
		return refuse("hidden %d, at most %d fit the fused kernels", s.Hidden, 8*size.hiddenTiles)
	case s.FFN > 16*size.ffnTiles:
		return refuse("ffn %d, at most %d fit the fused kernels", s.FFN, 16*size.ffnTiles)
	case s.Heads > fusedHeads || s.HeadDim > fusedHeadDim:
		return refuse("%d heads of %d, at most %d of %d fit the fused kernels", s.Heads, s.HeadDim, fusedHeads, fusedHeadDim)
	case device.SharedPerBlock < size.lossShared():
		return refuse("%d bytes of shared memory a block, the fused kernels need %d", device.SharedPerBlock, size.lossShared())
	}
	c := GPUChoice{Precision: p, Kernels: "fused " + size.name, size: size, LossShared: size.lossShared()}
	const static = 128 // blocks.cu's own variables
	needed := (longest + tileTokens - 1) / tileTokens
	for _, teams := range []int{2, 1} {
		fixed := s.Blocks*size.blockBytes() + fusedWarps*size.tileBytes()
		tiles := (device.SharedPerBlock - static - fixed) / (teams * teamTileBytes)
		if tiles < max(needed, 1) {
			continue
		}
		c.TeamWarps, c.WindowTiles = fusedWarps/teams, min(tiles, max(needed, fullWindow))
		c.BlocksShared = fixed + teams*c.WindowTiles*teamTileBytes
		return c, nil
	}
	return refuse("sequences of %d tokens and %d blocks do not fit %d bytes of shared memory a block", longest, s.Blocks, device.SharedPerBlock)
}

// blocksParts and lossParts say into how many thread blocks an individual's
// work is cut: enough for an even end of the launch, few enough that loading
// the weights is small beside the work.
func blocksParts(windows, individuals, multiprocessors int) int {
	return parts(windows, 8, individuals, multiprocessors)
}

func lossParts(groups, individuals, multiprocessors int) int {
	return parts((groups+stageGroups-1)/stageGroups, 32, individuals, multiprocessors)
}

func parts(pieces, each, individuals, multiprocessors int) int {
	fill := (4*multiprocessors + individuals - 1) / individuals
	return min(max(pieces/each, fill, 1), max(pieces, 1))
}

func roundUp(n, multiple int) int { return (n + multiple - 1) / multiple * multiple }

// FastPrecision is what "auto" means on a GPU: fp16, in the fused kernels and
// in the tiled ones (NOTES.md has the reasons), fp32 for networks that neither
// take. It is a pure function of what it is given, so a resumed run chooses the
// same.
func FastPrecision(s Shape, device gpu.Info, longest int) Precision {
	if _, err := ChooseGPU(s, FP16, device, longest); err != nil {
		return FP32
	}
	return FP16
}
