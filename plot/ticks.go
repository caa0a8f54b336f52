package plot

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// mostTicks is how many labelled ticks an axis has at most.
const mostTicks = 7

// linearTicks stand at multiples of 1, 2 or 5 times a power of ten.
type linearTicks struct {
	whole bool // only at whole numbers
}

// Ticks implements plot.Ticker.
func (t linearTicks) Ticks(low, high float64) []plot.Tick {
	if !(high > low) {
		return []plot.Tick{{Value: low, Label: strconv.FormatFloat(low, 'g', 4, 64)}}
	}
	step := niceStep((high - low) / mostTicks)
	if t.whole {
		step = max(1, step)
	}
	decimals := math.Ceil(-math.Log10(step) - 1e-9)
	largest := max(math.Abs(low), math.Abs(high))
	var ticks []plot.Tick
	for k := math.Ceil(low/step - 1e-9); k*step <= high+1e-9*step; k++ {
		ticks = append(ticks, plot.Tick{Value: k * step, Label: tickLabel(k*step, decimals, largest)})
	}
	return ticks
}

// niceStep returns the smallest of 1, 2, 5 times a power of ten that is at
// least the given step.
func niceStep(least float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(least)))
	for _, factor := range []float64{1, 2, 5} {
		if factor*power >= least {
			return factor * power
		}
	}
	return 10 * power
}

// logTicks are labelled at powers of ten, or at 1, 2 and 5 times these where
// the axis spans less than two decades. The other digits have short ticks. An
// axis that hardly spans anything is labelled like a linear one.
type logTicks struct{}

// Ticks implements plot.Ticker.
func (logTicks) Ticks(low, high float64) []plot.Tick {
	if high/low < 8 {
		return linearTicks{}.Ticks(low, high)
	}
	short := high/low < 100
	var ticks []plot.Tick
	for decade := math.Floor(math.Log10(low)); decade <= math.Log10(high); decade++ {
		for digit := 1.0; digit < 10; digit++ {
			tick := plot.Tick{Value: digit * math.Pow(10, decade)}
			if tick.Value < low || tick.Value > high {
				continue
			}
			if digit == 1 || short && (digit == 2 || digit == 5) {
				tick.Label = tickLabel(tick.Value, -decade, tick.Value)
			}
			ticks = append(ticks, tick)
		}
	}
	return ticks
}

// ticksAt labels the given places, for axes with few measured ones.
func ticksAt(places []float64, labels []string) plot.ConstantTicks {
	ticks := make(plot.ConstantTicks, len(places))
	for i, place := range places {
		ticks[i] = plot.Tick{Value: place, Label: labels[i]}
	}
	return ticks
}

// suffixes shorten large numbers, as in 20 M, from a size on.
var suffixes = []struct {
	from, unit float64
	name       string
}{{1e12, 1e12, " T"}, {1e9, 1e9, " G"}, {1e6, 1e6, " M"}, {1e4, 1e3, " k"}}

// tickLabel writes a tick with the decimals that it needs (as a power of ten:
// 3 for steps of 0.001), in the unit that the largest value of the axis asks for.
func tickLabel(v, decimals, largest float64) string {
	if v == 0 {
		return "0"
	}
	for _, s := range suffixes {
		if largest >= s.from {
			decimals = max(0, decimals+math.Round(math.Log10(s.unit)))
			return strconv.FormatFloat(v/s.unit, 'f', int(decimals), 64) + s.name
		}
	}
	if decimals > 5 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	return strconv.FormatFloat(v, 'f', int(max(0, decimals)), 64)
}

// widen adds air at both ends of an axis, none below zero where it begins there.
func widen(a *plot.Axis, as Axis) {
	if as.Log {
		if a.Min == a.Max {
			a.Min, a.Max = a.Min/2, a.Max*2
		}
		factor := math.Pow(a.Max/a.Min, 0.04)
		a.Min, a.Max = a.Min/factor, a.Max*factor
		return
	}
	air := 0.04 * (a.Max - a.Min)
	if air == 0 {
		air = max(0.5, math.Abs(a.Min)*0.05)
	}
	if !(as.FromZero && a.Min == 0) {
		a.Min -= air
	}
	a.Max += air
}
