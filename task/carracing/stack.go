package carracing

// StackDepth is how many observations an agent sees at once.
const StackDepth = 4

// Stacked is what an agent sees: row, column, then the channels of the oldest
// observation to those of the newest, red, green and blue each.
type Stacked [64 * 64 * 3 * StackDepth]uint8

// FrameStack keeps the last four observations.
type FrameStack struct {
	Frames [StackDepth]Obs64 // a ring
	Oldest int32             // index in it
}

// Next is where the newest observation is to be drawn; it takes the place of
// the oldest.
func (s *FrameStack) Next() *Obs64 {
	newest := &s.Frames[s.Oldest]
	s.Oldest = (s.Oldest + 1) % StackDepth
	return newest
}

// Fill makes all four observations the newest one, as after reset.
func (s *FrameStack) Fill() {
	newest := s.Frames[(s.Oldest+StackDepth-1)%StackDepth]
	for i := range s.Frames {
		s.Frames[i] = newest
	}
}

// Read writes the observations, interleaved.
func (s *FrameStack) Read(to *Stacked) {
	const channels = 3 * StackDepth
	for k := range int32(StackDepth) {
		from := s.Frames[(s.Oldest+k)%StackDepth][:]
		out := to[3*k:]
		for len(from) > 3 {
			out[0], out[1], out[2] = from[0], from[1], from[2]
			from, out = from[3:], out[channels:]
		}
		out[0], out[1], out[2] = from[0], from[1], from[2]
	}
}
