package plot

import (
	"errors"
	"fmt"
	"math"
)

// Axis is what one axis shows.
type Axis struct {
	Name     string // "held-out loss"
	Unit     string // "nats"; empty for plain counts and ratios
	Log      bool
	FromZero bool // begin at zero, for amounts whose ratio matters
}

func (a Axis) label() string {
	if a.Unit == "" {
		return a.Name
	}
	return a.Name + " (" + a.Unit + ")"
}

// Frame is what stands around the data.
type Frame struct {
	Title         string
	X, Y          Axis
	Caption       string  // below: what centre and band are, how many trials
	Width, Height float64 // inches; 0 means 6.4 by 4.4; further lines of title, legend or caption make it higher
	References    []Reference
}

// Reference is a value to compare with, drawn as a thin line across and named
// there: an entropy, a published score.
type Reference struct {
	Name string
	Y    float64
}

// Series is one curve: Y[i] at X[i], X rising.
type Series struct {
	X, Y []float64
}

// Band is a centre with an interval around it. Low and High are nil where
// there is none.
type Band struct {
	X, Centre, Low, High []float64
}

// Named is a curve with a name.
type Named struct {
	Name string
	Series
}

func (f Frame) check() error {
	if f.X.Name == "" || f.Y.Name == "" {
		return errors.New("an axis has no name")
	}
	if f.X.Log && f.X.FromZero || f.Y.Log && f.Y.FromZero {
		return errors.New("a logarithmic axis cannot begin at zero")
	}
	if !(0 <= f.Width && f.Width <= 100 && 0 <= f.Height && f.Height <= 100) { // NaN too
		return fmt.Errorf("a figure of %v by %v inches", f.Width, f.Height)
	}
	for _, r := range f.References {
		if err := f.checkValues("reference "+r.Name, nil, []float64{r.Y}); err != nil {
			return err
		}
	}
	return nil
}

// checkCurve checks places and values that belong together.
func (f Frame) checkCurve(name string, x []float64, columns ...[]float64) error {
	if len(x) == 0 {
		return fmt.Errorf("%s: no points", name)
	}
	for _, y := range columns {
		if len(y) != len(x) {
			return fmt.Errorf("%s: %d places and %d values", name, len(x), len(y))
		}
		if err := f.checkValues(name, x, y); err != nil {
			return err
		}
	}
	return nil
}

func (f Frame) checkValues(name string, x, y []float64) error {
	if err := checkAxis(name, "x", f.X.Log, x); err != nil {
		return err
	}
	return checkAxis(name, "y", f.Y.Log, y)
}

func notFinite(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }

func checkAxis(name, axis string, log bool, values []float64) error {
	for i, v := range values {
		if notFinite(v) {
			return fmt.Errorf("%s: %s of point %d is %v", name, axis, i, v)
		}
		if log && v <= 0 {
			return fmt.Errorf("%s: %s of point %d is %v: a logarithmic axis needs positive values", name, axis, i, v)
		}
	}
	return nil
}
