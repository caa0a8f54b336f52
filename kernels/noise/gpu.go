package noise

import (
	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/model"
)

// GPU is the fill kernel of noise.cu.
type GPU struct{ fill *gpu.Kernel }

// NewGPU looks the kernel up in the image.
func NewGPU(m *gpu.Module) (*GPU, error) {
	fill, err := m.Kernel("noise_fill")
	return &GPU{fill}, err
}

// Fill sets dst[i] = noise(seed, tensor, first+i) on the device, in stream
// order.
func (g *GPU) Fill(s *gpu.Stream, dst gpu.Buffer[float32], seed model.Seed, tensor uint32, first int) error {
	const threads = 256 // each makes one block
	if dst.Len() == 0 {
		return nil
	}
	blocks := (first%blockLen + dst.Len() + blockLen - 1) / blockLen
	shape := gpu.Shape{Grid: gpu.Dim{X: (blocks + threads - 1) / threads}, Block: gpu.Dim{X: threads}}
	return g.fill.Launch(s, shape, dst.Arg(), gpu.Value(int64(dst.Len())), gpu.Value(seed.Key()), gpu.Value(tensor), gpu.Value(int64(first)))
}
