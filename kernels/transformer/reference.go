package transformer

import (
	"math"

	"github.com/evorank/evorank/model"
)

// Reference is the network in float64, with developed weights: every formula
// of method 3.1 in the order it is written there. It is slow and plain on
// purpose.
type Reference struct {
	shape       Shape
	embed       []float64 // [V][H]
	decoderBias []float64
	blocks      []referenceBlock
}

type referenceBlock struct {
	q, k, v, o, up, down                           referenceLinear
	norm1Weight, norm1Bias, norm2Weight, norm2Bias []float64
}

// referenceLinear is y = weight·x + bias; weight is [len(bias)][inputs].
type referenceLinear struct {
	weight, bias []float64
}

// NewReference develops the weights. The network must pass Check.
func NewReference(n *Network) *Reference {
	if err := n.Check(); err != nil {
		panic("transformer: " + err.Error())
	}
	r := &Reference{shape: n.Shape, decoderBias: widen(n.DecoderBias)}
	r.embed = n.Embed.develop64()
	if n.Embed.A != nil {
		r.embed = transpose(r.embed, n.Shape.Hidden, n.Shape.Vocab)
	}
	linear := func(m *Matrix, bias []float32) referenceLinear {
		return referenceLinear{m.develop64(), widen(bias)}
	}
	for i := range n.Blocks {
		b := &n.Blocks[i]
		r.blocks = append(r.blocks, referenceBlock{
			q: linear(&b.Q, b.QBias), k: linear(&b.K, b.KBias), v: linear(&b.V, b.VBias), o: linear(&b.O, b.OBias),
			up: linear(&b.Up, b.UpBias), down: linear(&b.Down, b.DownBias),
			norm1Weight: widen(b.Norm1Weight), norm1Bias: widen(b.Norm1Bias),
			norm2Weight: widen(b.Norm2Weight), norm2Bias: widen(b.Norm2Bias),
		})
	}
	return r
}

// develop64 returns W, or A·B + D as the factors are oriented. Factors come
// first: W beside them has been rounded to float32.
func (w *Matrix) develop64() []float64 {
	if w.A == nil {
		return widen(w.W)
	}
	rows, cols := len(w.A)/w.Rank, len(w.B)/w.Rank
	out := make([]float64, rows*cols)
	if w.D != nil {
		copy(out, widen(w.D))
	}
	for r := range rows {
		for k := range w.Rank {
			a := float64(w.A[r*w.Rank+k])
			for c, b := range w.B[k*cols:][:cols] {
				out[r*cols+c] += a * float64(b)
			}
		}
	}
	return out
}

// Losses sets out[i] to the loss of sequence from+i, for sequences [from, to).
func (r *Reference) Losses(s Sequences, from, to int, out []float64) {
	for i := from; i < to; i++ {
		out[i-from] = r.Loss(s.At(i))
	}
}

// Loss is the mean over t = 0 … L−2 of −log softmax(logits_t)[ids[t+1]].
func (r *Reference) Loss(ids []int32) float64 {
	sum := 0.0
	d := r.Decoder()
	for t, target := range ids[1:] {
		logits := d.Step(ids[t])
		sum += LogSumExp(logits) - logits[target]
	}
	return sum / float64(len(ids)-1)
}

// HiddenStates returns the states after the last block, [L][H].
func (r *Reference) HiddenStates(ids []int32) [][]float64 {
	d := r.Decoder()
	states := make([][]float64, len(ids))
	for t, id := range ids {
		states[t] = d.hidden(id)
	}
	return states
}

// Logits returns embedding·hidden + decoder bias, [V].
func (r *Reference) Logits(hidden []float64) []float64 {
	return referenceLinear{r.embed, r.decoderBias}.apply(hidden)
}

// LogSumExp is log Σ exp(x).
func LogSumExp(x []float64) float64 {
	top, sum := math.Inf(-1), 0.0
	for _, v := range x {
		top = max(top, v)
	}
	for _, v := range x {
		sum += math.Exp(v - top)
	}
	return top + math.Log(sum)
}

func (l referenceLinear) apply(x []float64) []float64 {
	y := make([]float64, len(l.bias))
	for o := range y {
		y[o] = l.bias[o] + dot(l.weight[o*len(x):][:len(x)], x)
	}
	return y
}

// position adds the position's signal to the embedding of token t.
//
//	rotary:   pair (2i, 2i+1) of the first R features turns by t·10000^(−2i/R)
//	sinusoid: x[2i] += sin(t·10000^(−2i/H)), x[2i+1] += cos of the same
func position(s Shape, x []float64, t int) {
	switch s.Position {
	case model.Rotary:
		for i := 0; i < s.RotaryDims; i += 2 {
			sin, cos := math.Sincos(angle(t, i, s.RotaryDims))
			a, b := x[i], x[i+1]
			x[i], x[i+1] = a*cos-b*sin, b*cos+a*sin
		}
	case model.Sinusoid:
		for i := range x {
			x[i] += sinusoid(t, i, s.Hidden)
		}
	}
}

// angle is t·10000^(−even/dims).
func angle(t, even, dims int) float64 {
	return float64(t) * math.Pow(10000, -float64(even)/float64(dims))
}

func sinusoid(t, feature, hidden int) float64 {
	sin, cos := math.Sincos(angle(t, feature&^1, hidden))
	if feature%2 == 0 {
		return sin
	}
	return cos
}

// layerNorm is (x − mean) / max(√(biased variance), 1e-7) · weight + bias: a
// floor on the standard deviation, nothing is added to it.
func layerNorm(x, weight, bias []float64) {
	n := float64(len(x))
	mean, variance := 0.0, 0.0
	for _, v := range x {
		mean += v
	}
	mean /= n
	for _, v := range x {
		variance += (v - mean) * (v - mean)
	}
	std := max(math.Sqrt(variance/n), 1e-7)
	for i, v := range x {
		x[i] = (v-mean)/std*weight[i] + bias[i]
	}
}

func dot(a, b []float64) (sum float64) {
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

func add(x, y []float64) {
	for i, v := range y {
		x[i] += v
	}
}

func widen(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// transpose returns the [cols][rows] of a [rows][cols] array.
func transpose(x []float64, rows, cols int) []float64 {
	y := make([]float64, len(x))
	for r := range rows {
		for c := range cols {
			y[c*rows+r] = x[r*cols+c]
		}
	}
	return y
}
