package noise

import "github.com/evorank/evorank/model"

// At returns noise(seed, tensor, element). It is the definition that Fill and
// AddScaled are tested against; use those for more than a few elements.
func At(seed model.Seed, tensor uint32, element int) float32 {
	return block(seed.Key(), tensor, uint32(element/blockLen))[element%blockLen]
}

// Fill sets dst[i] = noise(seed, tensor, first+i).
func Fill(dst []float32, seed model.Seed, tensor uint32, first int) {
	body := split(len(dst), first)
	key := seed.Key()
	fillScalar(dst[:body.start], key, tensor, first)
	if body.end > body.start {
		vector.fill(dst[body.start:body.end], key, tensor, uint32((first+body.start)/blockLen))
	}
	fillScalar(dst[body.end:], key, tensor, first+body.end)
}

// AddScaled sets dst[i] = src[i] + scale·noise(seed, tensor, first+i), the
// product and the sum rounded to float32 each. dst and src have one length and
// are the same slice or do not overlap.
func AddScaled(dst, src []float32, scale float32, seed model.Seed, tensor uint32, first int) {
	if len(dst) != len(src) {
		panic("noise: AddScaled: dst and src differ in length")
	}
	body := split(len(dst), first)
	key := seed.Key()
	addScaledScalar(dst[:body.start], src, scale, key, tensor, first)
	if b := body; b.end > b.start {
		vector.addScaled(dst[b.start:b.end], src[b.start:b.end], scale, key, tensor, uint32((first+b.start)/blockLen))
	}
	addScaledScalar(dst[body.end:], src[body.end:], scale, key, tensor, first+body.end)
}

// Path names the implementation chosen for this processor: avx512, avx2, neon
// or generic. All give the same bits.
func Path() string { return vector.name }

// implementation computes whole groups of elements that start on a block.
type implementation struct {
	name      string
	group     int // elements per group, a multiple of blockLen
	fill      func(dst []float32, key [2]uint32, tensor, block uint32)
	addScaled func(dst, src []float32, scale float32, key [2]uint32, tensor, block uint32)
}

// vector is the fastest implementation that this processor has.
var vector = implementations()[0]

// generic is the plain-Go implementation that every processor has.
var generic = implementation{
	name:  "generic",
	group: blockLen,
	fill: func(dst []float32, key [2]uint32, tensor, index uint32) {
		for ; len(dst) >= blockLen; dst, index = dst[blockLen:], index+1 {
			z := block(key, tensor, index)
			copy(dst, z[:])
		}
	},
	addScaled: func(dst, src []float32, scale float32, key [2]uint32, tensor, index uint32) {
		for ; len(dst) >= blockLen; dst, src, index = dst[blockLen:], src[blockLen:], index+1 {
			for lane, z := range block(key, tensor, index) {
				dst[lane] = src[lane] + float32(scale*z)
			}
		}
	},
}

// span is the part of a slice that an implementation takes.
type span struct{ start, end int }

// split returns the largest run of whole groups that starts on a block.
func split(n, first int) span {
	start := min((blockLen-first%blockLen)%blockLen, n)
	return span{start, start + (n-start)/vector.group*vector.group}
}

// fillScalar is Fill for the few elements before and after the groups.
func fillScalar(dst []float32, key [2]uint32, tensor uint32, first int) {
	for i := 0; i < len(dst); {
		z := block(key, tensor, uint32((first+i)/blockLen))
		i += copy(dst[i:], z[(first+i)%blockLen:])
	}
}

// addScaledScalar is AddScaled for the few elements before and after the groups.
func addScaledScalar(dst, src []float32, scale float32, key [2]uint32, tensor uint32, first int) {
	for i := 0; i < len(dst); {
		z := block(key, tensor, uint32((first+i)/blockLen))
		for lane := (first + i) % blockLen; lane < blockLen && i < len(dst); lane++ {
			dst[i] = src[i] + float32(scale*z[lane])
			i++
		}
	}
}
