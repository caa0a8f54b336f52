package carracing

import (
	"math"
	"testing"
)

// Go evaluates constant expressions exactly and rounds once; the original
// rounds at every step. Here each constant is computed at run time, as the
// original writes it.
func TestConstantsAreRoundedLikeTheOriginals(t *testing.T) {
	size, scale, pf, rate, fps, pi := 0.02, 6.0, 2000.0, 0.31, 50.0, math.Pi
	field := pf / scale
	width, border := 40/scale, 8/scale
	power, inertia, friction := 1e8*size*size, 4000*size*size, 1e6*size*size
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"timeStep", timeStep, 1 / fps},
		{"pi64", pi64, pi},
		{"trackRadius", trackRadius, 900 / scale},
		{"playfield", playfield, field},
		{"trackStep", trackStep, 21 / scale},
		{"sharpTurn", sharpTurn, rate * 0.2},
		{"roadHalf", roadHalf, width},
		{"roadHalf+kerbWidth", roadHalf + kerbWidth, width + border},
		{"grassEdge", grassEdge, field / 20},
		{"startAlpha", startAlpha, 2 * pi * -0.5 / 12 * math.Sqrt(fps/50)},
		{"zoomFar", zoomFar, 0.1 * scale},
		{"zoomNear", zoomNear, 2.7 * scale},
		{"clipMargin", clipMargin, field / 20 * math.Sqrt(2) * 2.7 * scale},
		{"wheelRadius", wheelRadius, 27 * size},
		{"wheelHalfWidth", wheelHalfWidth, 14 * size},
		{"enginePower", enginePower, power},
		{"timeStep*enginePower", timeStep * enginePower, 1 / fps * power},
		{"wheelInertia", wheelInertia, inertia},
		{"gripRoad", gripRoad, friction},
		{"gripGrass", gripGrass, friction * 0.6},
		{"slipStiffness", slipStiffness, 205000 * size * size},
		{"wheelMotorLimit", wheelMotorLimit, 180 * 900 * size * size},
	} {
		if c.got != c.want {
			t.Errorf("%s = %v, want %v", c.name, c.got, c.want)
		}
	}
	pi32v, slop, two := float32(3.14159265359), float32(0.005), float32(2)
	for _, c := range []struct {
		name      string
		got, want float32
	}{
		{"physicsStep", physicsStep, float32(1 / fps)},
		{"angularSlop", angularSlop, two / 180 * pi32v},
		{"maxCorrection", maxCorrection, 4 * two / 180 * pi32v},
		{"maxRotation squared", maxRotation * maxRotation, (pi32v / two) * (pi32v / two)},
		{"sleepAngular squared", sleepAngular * sleepAngular, (two / 180 * pi32v) * (two / 180 * pi32v)},
		{"sleepLinear squared", sleepLinear * sleepLinear, (two * slop) * (two * slop)},
		{"polygonSkin", 2 * polygonSkin, two*slop + two*slop},
		{"maxMotorImpulse", maxMotorImpulse, float32(1/fps) * float32(180*900*size*size)},
	} {
		if c.got != c.want {
			t.Errorf("%s = %v, want %v", c.name, c.got, c.want)
		}
	}
}
