package carracing

import "math"

const (
	panelTop = 700 // the panel's first row, counted from the picture's top
	panelX   = 25  // pixels per unit across the panel
	panelY   = 20  // and down it
)

// bar is one of the panel's indicators: an upright rectangle, both ends of its
// rows and columns included.
type bar struct {
	shown       bool
	colour      colour
	left, right int
	top, bottom int
}

// bars are speed, the four wheels' turning speeds, steering, and the car's
// turning speed.
func newBars(e *Env) [7]bar {
	body := &e.World.Bodies[hull]
	vx, vy := float64(body.Velocity.X), float64(body.Velocity.Y)
	speed := math.Sqrt(float64(vx*vx) + float64(vy*vy))
	steer, turn := float64(e.World.jointAngle(0)), float64(body.AngularSpeed)
	return [7]bar{
		columnBar(5, speed, 0.02, white),
		columnBar(7, e.Wheels[0].Omega, 0.01, frontBar),
		columnBar(8, e.Wheels[1].Omega, 0.01, frontBar),
		columnBar(9, e.Wheels[2].Omega, 0.01, rearBar),
		columnBar(10, e.Wheels[3].Omega, 0.01, rearBar),
		rowBar(20, steer, -10, steerBar),
		rowBar(30, turn, -0.8, turnBar),
	}
}

// visible says whether a value is large enough to be drawn.
func visible(value float64) bool { return math.Abs(value) > 1e-4 }

// columnBar grows upwards from one unit above the lower edge.
func columnBar(place int, value, scale float64, c colour) bar {
	height := panelY + float64(panelY*float64(scale*value))
	end, base := int(pixel(pictureHeight-height)), pictureHeight-panelY
	return bar{visible(value), c, place * panelX, (place + 1) * panelX, min(end, base), max(end, base)}
}

// rowBar grows sideways from its place.
func rowBar(place int, value, scale float64, c colour) bar {
	end := int(pixel((float64(place) + float64(scale*value)) * panelX))
	start := place * panelX
	return bar{visible(value), c, min(start, end), max(start, end),
		pictureHeight - 4*panelY, pictureHeight - 2*panelY}
}

// draw paints row y, counted from the top.
func (b *bar) draw(line *scanline, y int) {
	if b.shown && b.top <= y && y <= b.bottom {
		line.fill(b.left, b.right, b.colour)
	}
}
