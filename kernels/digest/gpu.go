package digest

import (
	"errors"
	"fmt"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/model"
)

// GPU is the pair of kernels of digest.cu, for genotypes of one length.
type GPU struct {
	chunks, combine *gpu.Kernel
	genotype        int                // elements
	hashes          gpu.Buffer[uint64] // [capacity][chunks]
	digests         gpu.Buffer[model.Digest]
}

// NewGPU allocates room for the digests of up to capacity genotypes at a time.
func NewGPU(m *gpu.Module, d *gpu.Device, genotype, capacity int) (*GPU, error) {
	g := &GPU{genotype: genotype}
	var err error
	if g.chunks, err = m.Kernel("digest_chunks"); err != nil {
		return nil, err
	}
	if g.combine, err = m.Kernel("digest_combine"); err != nil {
		return nil, err
	}
	if g.hashes, err = gpu.Alloc[uint64](d, "chunk hashes", capacity*g.chunkCount()); err != nil {
		return nil, err
	}
	if g.digests, err = gpu.Alloc[model.Digest](d, "digests", capacity); err != nil {
		_ = g.hashes.Free() // the reason for giving up is err
		return nil, err
	}
	return g, nil
}

// Close frees the device memory.
func (g *GPU) Close() error {
	return errors.Join(g.hashes.Free(), g.digests.Free())
}

func (g *GPU) chunkCount() int { return (g.genotype + chunk - 1) / chunk }

// Of returns the digests of genotypes [n][genotype] in device memory, as Of
// does for each. It waits for the stream.
func (g *GPU) Of(s *gpu.Stream, genotypes gpu.Buffer[float32]) ([]model.Digest, error) {
	const threads, quad = 128, 4
	n := genotypes.Len() / g.genotype
	if n*g.genotype != genotypes.Len() || n > g.digests.Len() {
		panic(fmt.Sprintf("digest: %d elements are not up to %d genotypes of %d", genotypes.Len(), g.digests.Len(), g.genotype))
	}
	digests := make([]model.Digest, n)
	if n == 0 {
		return digests, nil
	}
	shape := func(quads int) gpu.Shape {
		return gpu.Shape{Grid: gpu.Dim{X: (quads*quad + threads - 1) / threads}, Block: gpu.Dim{X: threads}}
	}
	chunks, count := gpu.Value(int32(g.chunkCount())), gpu.Value(int32(n))
	err := g.chunks.Launch(s, shape(n*g.chunkCount()), g.hashes.Arg(), genotypes.Arg(), gpu.Value(int64(g.genotype)), chunks, count)
	if err != nil {
		return nil, err
	}
	if err := g.combine.Launch(s, shape(n), g.digests.Arg(), g.hashes.Arg(), chunks, count); err != nil {
		return nil, err
	}
	return digests, gpu.Read(s, digests, g.digests.Slice(0, n))
}
