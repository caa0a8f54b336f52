package noise

// implementations lists what this processor can run, fastest first: every
// arm64 processor that Go runs on has NEON.
func implementations() []implementation {
	return []implementation{assembly("neon", 16, fillNEON, addScaledNEON), generic}
}

func fillNEON(dst *float32, groups int, block, tensor uint32, keys *[20]uint32) {
	addScaledNEON(dst, nil, groups, 0, block, tensor, keys)
}

// addScaledNEON sets dst[i] = src[i] + scale·noise for whole groups from a
// block on, or dst[i] = noise if src is nil.
//
//go:noescape
func addScaledNEON(dst, src *float32, groups int, scale float32, block, tensor uint32, keys *[20]uint32)
