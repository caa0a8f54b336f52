package bench

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/evorank/evorank/task/carracing"
)

// The episode of the check: full gas on the track of a seed, until the car
// leaves the field.
const (
	checkedSeed   = 6
	checkedSteps  = 250
	checkedStates = 10 // full state of the bodies at every so many steps
	checkedFrames = 25 // observations
)

// realDigest is that of the same episode in Gymnasium 1.4.0, of its recordings
// trace-s0006-p000 and frames-s0006-p000 (testdata of task/carracing).
const realDigest = "8b2cbd005bf38023"

// checkEnvironment compares an episode with the real environment's, bit for bit.
func checkEnvironment() error {
	replay := carracing.Replay{Seed: checkedSeed, Options: carracing.DefaultOptions(), Trace: true, StateEvery: checkedStates, FramesEvery: checkedFrames,
		Actions: slices.Repeat([]carracing.Action{{0, 1, 0}}, checkedSteps)}
	got, err := replay.Run(nil)
	if err != nil {
		return err
	}
	if d := digest(got.Trace, got.Frames); d != realDigest {
		return fmt.Errorf("bench: an episode's digest is %s, Gymnasium's %s: the environment differs, nothing is timed", d, realDigest)
	}
	return nil
}

// digest is that of the poses, rewards and full states of a trace, and of the
// observations at both sizes.
func digest(trace, frames *carracing.Golden) string {
	h := sha256.New()
	for _, name := range []string{"pose", "reward", "body", "wheel"} {
		binary.Write(h, binary.LittleEndian, trace.Array(name).F8)
	}
	h.Write(frames.Array("obs96").U1)
	h.Write(frames.Array("obs64").U1)
	return fmt.Sprintf("%x", h.Sum(nil)[:8])
}
