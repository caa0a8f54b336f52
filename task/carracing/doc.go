// Package carracing is CarRacing-v3 without Python: the environment of
// Gymnasium 1.4.0 (Box2D 2.3.10, pygame-ce 2.5.8), equal to it bit for bit in
// physics, rewards and pixels.
//
// It is the reference that faster versions are tested against, so it is built
// from plain values. An [Env] holds everything an episode depends on, has no
// pointers, and a copy of it continues identically; a [Renderer] holds only
// scratch memory, and any one of them draws any environment.
//
// The one convention: every product of floating-point numbers that is added to
// something stands in an explicit conversion, float32(x*y) + z. Go may
// otherwise fuse the two into one rounding (it does on arm64 and with
// GOAMD64=v3), and then the bits differ from Box2D's. Where one rounding is
// wanted, math.FMA is called by name.
//
// World units: the road is 13.3 wide and its points are 3.5 apart; the car is
// 5 long; one step is 1/50 s. Angles are in radians, counter-clockwise.
//
// The package never reads a clock, never draws a random number that its seed
// does not determine, and never starts from anything but a seed.
package carracing
