//go:build amd64 || arm64

package noise

// assembly wraps a pair of assembly functions, which take a number
// of groups and the ten round keys.
func assembly(
	name string,
	group int,
	fill func(dst *float32, groups int, block, tensor uint32, keys *[20]uint32),
	addScaled func(dst, src *float32, groups int, scale float32, block, tensor uint32, keys *[20]uint32),
) implementation {
	return implementation{
		name:  name,
		group: group,
		fill: func(dst []float32, key [2]uint32, tensor, block uint32) {
			keys := roundKeys(key)
			fill(&dst[0], len(dst)/group, block, tensor, &keys)
		},
		addScaled: func(dst, src []float32, scale float32, key [2]uint32, tensor, block uint32) {
			keys := roundKeys(key)
			addScaled(&dst[0], &src[0], len(dst)/group, scale, block, tensor, &keys)
		},
	}
}

// roundKeys lists the two key words of each of Philox's ten rounds.
func roundKeys(key [2]uint32) (keys [20]uint32) {
	for round := range 10 {
		keys[2*round], keys[2*round+1] = key[0], key[1]
		key[0] += 0x9E3779B9
		key[1] += 0xBB67AE85
	}
	return keys
}
