package transformer

import "math"

// Decoder evaluates a Reference one token at a time, keeping the keys and
// values of the tokens before: what generates text, and what the reference's
// losses are made of. The zero value is not usable; see Reference.Decoder.
type Decoder struct {
	network *Reference
	length  int         // tokens so far
	keys    [][]float64 // per block, [length][D]
	values  [][]float64
}

// Decoder returns a decoder at the beginning of a sequence.
func (r *Reference) Decoder() *Decoder {
	return &Decoder{
		network: r,
		keys:    make([][]float64, len(r.blocks)),
		values:  make([][]float64, len(r.blocks)),
	}
}

// Len is the number of tokens so far.
func (d *Decoder) Len() int { return d.length }

// Step appends a token and returns the logits of the next one, [V].
func (d *Decoder) Step(id int32) []float64 {
	return d.network.Logits(d.hidden(id))
}

// hidden appends a token and returns its state after the last block.
//
//	y = LN1(x + O·attention(x) + b_o);  x = LN2(y + down·relu(up·y + b_up) + b_down)
func (d *Decoder) hidden(id int32) []float64 {
	s := d.network.shape
	x := append([]float64(nil), d.network.embed[int(id)*s.Hidden:][:s.Hidden]...)
	position(s, x, d.length)
	d.length++
	for i := range d.network.blocks {
		b := &d.network.blocks[i]
		add(x, b.o.apply(d.attention(i, x)))
		layerNorm(x, b.norm1Weight, b.norm1Bias)
		up := b.up.apply(x)
		for j, v := range up {
			if v < 0 {
				up[j] = 0
			}
		}
		add(x, b.down.apply(up))
		layerNorm(x, b.norm2Weight, b.norm2Bias)
	}
	return x
}

// attention returns, heads concatenated in order, Σ_u softmax_u(q·k_u/√head
// dim) v_u over the tokens so far, the new one included.
func (d *Decoder) attention(block int, x []float64) []float64 {
	s, b := d.network.shape, &d.network.blocks[block]
	width := s.Heads * s.HeadDim
	q := b.q.apply(x)
	d.keys[block] = append(d.keys[block], b.k.apply(x)...)
	d.values[block] = append(d.values[block], b.v.apply(x)...)
	out := make([]float64, width)
	scores := make([]float64, d.length)
	for from := 0; from < width; from += s.HeadDim {
		for u := range scores {
			k := d.keys[block][u*width+from:][:s.HeadDim]
			scores[u] = dot(k, q[from:]) / math.Sqrt(float64(s.HeadDim))
		}
		sum := LogSumExp(scores)
		for u, score := range scores {
			weight := math.Exp(score - sum)
			for i, v := range d.values[block][u*width+from:][:s.HeadDim] {
				out[from+i] += weight * v
			}
		}
	}
	return out
}
