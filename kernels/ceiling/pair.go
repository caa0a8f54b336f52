package ceiling

import "math"

// pair is two equal bfloat16 numbers in one word. x has at most eight
// significant bits, so that cutting the rest off loses nothing.
func pair(x float32) uint32 {
	high := math.Float32bits(x) >> 16
	return high | high<<16
}
