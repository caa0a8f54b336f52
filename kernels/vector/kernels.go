package vector

const (
	Width = 64 // lanes of a panel
	Unit  = 16 // lanes in which work is counted: one AVX-512 register
)

// Lanes is one number for each lane of a panel.
type Lanes [Width]float32

// Softmax is the state of a softmax over scores that arrive in blocks, for each
// lane: the largest score so far, the sum of 2^(score−Max), and the factor by
// which the last block scaled what earlier blocks had summed.
type Softmax struct {
	Max, Sum, Correction Lanes
}

// Reset begins a softmax without any score.
func (s *Softmax) Reset() {
	for lane := range s.Max {
		s.Max[lane] = negativeInfinity
	}
	s.Sum = Lanes{}
}

// Kernels are the loops in one instruction set. The zero value is not usable.
//
// The arguments that all methods share: a panel x is [rows][Width] and may
// begin at a unit's first lane; units says how many units from there on are
// read and written. Arguments that do not fit together panic.
type Kernels struct {
	isa     ISA
	product func(y []float32, yStride int, w Matrix, x, start []float32, startStride, units int, mode mode)
	softmax func(state *Softmax, first int, scores []float32, rows, units int)
	causal  func(scores []float32, rows, units, first int)
	norm    func(x, residual, weight, bias []float32, units int)
	divide  func(x, divisor []float32, rows, units int)
}

// mode says how a product starts and ends.
type mode int

const (
	biasMode  mode = iota // start from a number per row, start[r·startStride]
	reluMode              // the same; in the end negative results become zero
	carryMode             // start from what y holds, times a number per lane, start[lane]
)

// For returns the loops for an instruction set, which must be Supported.
func For(isa ISA) *Kernels {
	if !isa.Supported() {
		panic("vector: instruction set " + string(isa) + " is not supported here")
	}
	return kernels(isa)
}

// ISA names the instruction set.
func (k *Kernels) ISA() ISA { return k.isa }

// noBias is the start of a product without bias, with stride 0.
var noBias [1]float32

// Product sets y = W·x + bias; a nil bias is zero.
//
//	y[r·yStride + lane] = bias[r] + Σ_c W(r,c) · x[c·Width + lane], c ascending
func (k *Kernels) Product(y []float32, yStride int, w Matrix, x, bias []float32, units int) {
	k.biased(y, yStride, w, x, bias, units, biasMode)
}

// ProductReLU sets y = max(0, W·x + bias); NaN stays NaN.
func (k *Kernels) ProductReLU(y []float32, yStride int, w Matrix, x, bias []float32, units int) {
	k.biased(y, yStride, w, x, bias, units, reluMode)
}

func (k *Kernels) biased(y []float32, yStride int, w Matrix, x, bias []float32, units int, m mode) {
	checkProduct(y, yStride, w, x, units)
	if bias == nil {
		k.product(y, yStride, w, x, noBias[:], 0, units, m)
		return
	}
	k.product(y, yStride, w, x, bias[:w.Rows], 1, units, m)
}

// Accumulate sets y = y·carry + W·x, with carry[lane] one factor per lane.
func (k *Kernels) Accumulate(y []float32, yStride int, w Matrix, x, carry []float32, units int) {
	checkProduct(y, yStride, w, x, units)
	k.product(y, yStride, w, x, carry[:units*Unit], 0, units, carryMode)
}

// Softmax adds a block of scores to the lanes of state from unit first on. The
// scores are in bits (a weight is 2^score, so the caller has multiplied by
// log2 e); each is replaced by its weight relative to the new maximum. A score
// of −Inf, or 127 and more below the maximum, weighs exactly zero.
//
//	max'       = max(max, scores[r] …)
//	correction = 2^(max − max')
//	scores[r]  = 2^(scores[r] − max')
//	sum        = sum·correction + Σ_r scores[r]
//
// A lane that has seen no score above −Inf becomes NaN.
func (k *Kernels) Softmax(state *Softmax, first int, scores []float32, rows, units int) {
	checkPanel(scores, rows, units)
	if first < 0 || first+units > Width/Unit {
		panic(badUnits)
	}
	k.softmax(state, first, scores, rows, units)
}

// MaskFuture sets scores[r·Width + lane] = −Inf where lane < first + r: row r
// is a key, a lane is a query, and first is the first key's position counted
// from the first query's.
func (k *Kernels) MaskFuture(scores []float32, rows, units, first int) {
	checkPanel(scores, rows, units)
	k.causal(scores, rows, units, first)
}

// Norm sets x to the layer normalisation of x + residual over its rows:
//
//	x = (x − mean) / max(√variance, 1e-7) · weight + bias
//
// with the biased variance: a floor on the standard deviation, nothing added.
func (k *Kernels) Norm(x, residual, weight, bias []float32, units int) {
	rows := len(weight)
	checkPanel(x, rows, units)
	checkPanel(residual, rows, units)
	k.norm(x, residual, weight, bias[:rows], units)
}

// Divide sets x[r·Width + lane] /= divisor[lane], by the reciprocal.
func (k *Kernels) Divide(x, divisor []float32, rows, units int) {
	checkPanel(x, rows, units)
	k.divide(x, divisor[:units*Unit], rows, units)
}

const (
	badUnits = "vector: units outside of the panel"
	badShape = "vector: empty matrix or rows"
	badPanel = "vector: panel too short for its rows"
)

func checkProduct(y []float32, yStride int, w Matrix, x []float32, units int) {
	checkPanel(x, w.Cols, units)
	if w.Rows < 1 || w.RowStride < 0 || w.ColStride < 0 || yStride < units*Unit && w.Rows > 1 {
		panic(badShape)
	}
	_ = w.Data[w.length()-1]
	_ = y[(w.Rows-1)*yStride+units*Unit-1]
}

func checkPanel(x []float32, rows, units int) {
	if rows < 1 {
		panic(badShape)
	}
	if units < 1 || units > Width/Unit {
		panic(badUnits)
	}
	if len(x) < (rows-1)*Width+units*Unit {
		panic(badPanel)
	}
}
