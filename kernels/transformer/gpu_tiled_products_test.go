package transformer

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/gputest"
)

// Products of tables are exact in float32, so the only error of an operand is
// its one rounding, and sums have none.
func TestGPUTiledOperand(t *testing.T) {
	onEachBench(t, func(b *tiledBench) {
		n, z := b.shape, &b.sizes
		for _, c := range []struct {
			what     string
			m        tiledMatrix
			rows     int
			outTiles int
			floor    float64
		}{
			{"queries, keys and values", z.blocks[0].qkv.outer, 3 * n.Heads * z.attentionHead, z.qkv, math.Inf(-1)},
			{"up, relu", z.blocks[0].up.outer, n.FFN, z.ffn, 0},
		} {
			gputest.Check(b.t, gpu.FillBytes(b.s, b.wide, 0xff))
			var in, w [benchIndividuals]table
			var bias [benchIndividuals][]float64
			for i := range benchIndividuals {
				in[i] = b.table(b.rows, n.Hidden)
				b.put(b.states, i*b.rows*z.hidden*tiledRowBytes, in[i], b.rows, z.hidden)
				w[i], bias[i] = b.putWeight(i, c.m, c.rows, n.Hidden, 0)
			}
			b.operand(tiledLinear{outer: c.m}, b.states, z.hidden, b.wide, c.outTiles, float32(c.floor))
			all := b.bytes(c.what, b.wide, b.rows*c.outTiles*tiledRowBytes)
			for i := range benchIndividuals {
				exact := 0.0 // in float32
				if b.precision != FP32 {
					exact = b.unit()
				}
				b.checkOperand(c.what, all, i, b.rows, c.rows, c.outTiles, exact, func(row, column int) float64 {
					return max(dot(in[i][row], w[i][column])+bias[i][column], c.floor)
				})
			}
		}
	})
}

func TestGPUTiledSum(t *testing.T) {
	onEachBench(t, func(b *tiledBench) {
		n, z, m := b.shape, &b.sizes, b.sizes.blocks[0].down.outer
		var in, w, residual [benchIndividuals]table
		var bias [benchIndividuals][]float64
		for i := range benchIndividuals {
			in[i], residual[i] = b.table(b.rows, n.FFN), b.table(b.rows, n.Hidden)
			b.put(b.wide, i*b.rows*z.ffn*tiledRowBytes, in[i], b.rows, z.ffn)
			b.put(b.states, i*b.rows*z.hidden*tiledRowBytes, residual[i], b.rows, z.hidden)
			w[i], bias[i] = b.putWeight(i, m, n.Hidden, n.FFN, 0)
		}
		b.sum(tiledLinear{outer: m}, b.wide, z.ffn)
		columns := z.sumColumns()
		all := b.floats("sum", b.sums, b.rows*columns)
		for i, got := range all {
			individual, row, column := i/columns/b.rows, i/columns%b.rows, i%columns
			want := 0.0
			if column < n.Hidden {
				want = dot(in[individual][row], w[individual][column]) + bias[individual][column] + residual[individual][row][column]
			}
			b.near("sum", individual, row, column, got, want, 0)
		}
	})
}

func TestGPUTiledAttention(t *testing.T) {
	onEachBench(t, func(b *tiledBench) {
		n, z := b.shape, &b.sizes
		width := n.Heads * z.attentionHead
		var qkv [benchIndividuals]table
		for i := range benchIndividuals {
			qkv[i] = b.table(b.rows, 3*width)
			for _, row := range qkv[i] {
				for column := range row {
					if column%z.attentionHead >= n.HeadDim {
						row[column] = 0
					}
				}
			}
			b.put(b.wide, i*b.rows*z.qkv*tiledRowBytes, qkv[i], b.rows, z.qkv)
		}
		b.attend()
		all := b.bytes("attention", b.heads, b.rows*z.heads*tiledRowBytes)
		for individual := range benchIndividuals {
			of := all[individual*b.rows*z.heads*tiledRowBytes:]
			for _, story := range b.g.plan.stories {
				rows := qkv[individual][story[0]:][:story[1]]
				for t, row := range rows {
					for head := range n.Heads {
						at := head * z.attentionHead
						want := attentionOf(rows[:t+1], row[at:][:n.HeadDim], width+at, 2*width+at)
						for dim, v := range want {
							got := decodeOperand(of, b.precision, operandByte(b.precision, int(story[0])+t, at+dim, z.heads))
							b.near("attention", individual, int(story[0])+t, at+dim, got, v, 2*b.unit())
						}
					}
				}
			}
		}
	})
}

// attentionOf is Σ_u 2^(q·k_u) v_u / Σ_u 2^(q·k_u); keys and values begin at
// these columns of the rows.
func attentionOf(rows table, q []float64, k, v int) []float64 {
	out, whole := make([]float64, len(q)), 0.0
	for _, row := range rows {
		weight := math.Exp2(dot(q, row[k:][:len(q)]))
		whole += weight
		for dim := range out {
			out[dim] += weight * row[v+dim]
		}
	}
	for dim := range out {
		out[dim] /= whole
	}
	return out
}

// Logits are exact, so what is seen is the error of exponentials and sums.
func TestGPUTiledLoss(t *testing.T) {
	onEachBench(t, func(b *tiledBench) {
		n, z, plan := b.shape, &b.sizes, b.g.plan
		var in, w [benchIndividuals]table
		var bias [benchIndividuals][]float64
		for i := range benchIndividuals {
			in[i] = b.table(b.rows, n.Hidden)
			b.put(b.states, i*b.rows*z.hidden*tiledRowBytes, in[i], b.rows, z.hidden)
			w[i], bias[i] = b.putWeight(i, z.decoder.outer, n.Vocab, n.Hidden, math.Inf(-1))
		}
		b.loss()
		b.floats("partials", b.partials, 2*b.rows*z.vocabularies)
		b.floats("logits", b.logits, b.rows)
		all := b.floats("losses", b.g.work.nll, plan.slots())
		for i := range benchIndividuals {
			for _, story := range plan.stories {
				for slot := story[0]; slot < story[0]+story[1]; slot += 5 {
					logits := make([]float64, n.Vocab)
					for v := range logits {
						logits[v] = math.Ln2 * (dot(in[i][slot], w[i][v]) + bias[i][v])
					}
					want := LogSumExp(logits) - logits[plan.tokens[slot]>>16]
					b.near("loss", i, int(slot), 0, all[i*plan.slots()+int(slot)], want, 3e-6)
				}
			}
		}
	})
}

// operandByte is where tiled.cuh says that a number lies: tiles of 128 rows ×
// 128 bytes, `blocks` of them side by side, chunks of 16 bytes exchanged
// within a row.
func operandByte(p Precision, row, column, blocks int) int {
	size := 4
	if p == FP16 || p == BF16 {
		size = 2
	}
	byteOfRow := column * size
	tile, chunk := row/128*blocks+byteOfRow/128, byteOfRow%128/16
	return tile*128*128 + row%128*128 + (chunk^row%8)*16 + byteOfRow%16
}

// encodeOperand writes a number that the format has and that is no subnormal.
func encodeOperand(to []byte, p Precision, at int, v float64) {
	bits := math.Float32bits(float32(v))
	switch {
	case p == BF16:
		binary.LittleEndian.PutUint16(to[at:], uint16(bits>>16))
	case p == FP16 && v == 0:
		binary.LittleEndian.PutUint16(to[at:], 0)
	case p == FP16:
		binary.LittleEndian.PutUint16(to[at:], uint16(bits>>31<<15|(bits&0x7fffffff-112<<23)>>13))
	default:
		binary.LittleEndian.PutUint32(to[at:], bits)
	}
}

func decodeOperand(from []byte, p Precision, at int) float32 {
	switch p {
	case BF16:
		return math.Float32frombits(uint32(binary.LittleEndian.Uint16(from[at:])) << 16)
	case FP16:
		bits := binary.LittleEndian.Uint16(from[at:])
		exponent, fraction := int(bits>>10&31), float64(bits&1023)
		v := math.Ldexp(1024+fraction, exponent-25)
		switch {
		case exponent == 0:
			v = math.Ldexp(fraction, -24)
		case exponent == 31 && fraction == 0:
			v = math.Inf(1)
		case exponent == 31:
			v = math.NaN()
		}
		return float32(v * (1 - 2*float64(bits>>15)))
	}
	return math.Float32frombits(binary.LittleEndian.Uint32(from[at:]))
}

// The formats that the tests write are those that they read, and padding is
// what they say it is.
func TestOperandCodec(t *testing.T) {
	for _, p := range []Precision{FP32, TF32, BF16, FP16} {
		size := 4
		if p == BF16 || p == FP16 {
			size = 2
		}
		const rows, blocks = 256, 2
		columns, seen := blocks*128/size, map[int]bool{}
		buffer := make([]byte, rows*blocks*128)
		for row := range rows {
			for column := range columns {
				at := operandByte(p, row, column, blocks)
				if at < 0 || at+size > len(buffer) || seen[at] {
					t.Fatalf("%s: row %d, column %d lies at byte %d", p, row, column, at)
				}
				seen[at] = true
				want := float64((row*columns+column)%33-16) / 16
				encodeOperand(buffer, p, at, want)
				if got := decodeOperand(buffer, p, at); float64(got) != want {
					t.Fatalf("%s: %v is read as %v", p, want, got)
				}
			}
		}
	}
	for bits, want := range map[uint16]float32{0x3c00: 1, 0xc500: -5, 0x0001: 0x1p-24, 0x7bff: 65504, 0xfc00: float32(math.Inf(-1))} {
		if got := decodeOperand([]byte{byte(bits), byte(bits >> 8)}, FP16, 0); got != want {
			t.Errorf("fp16 %04x: %v, want %v", bits, got, want)
		}
	}
}
