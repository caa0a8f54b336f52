package transformer

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/gputest"
	"github.com/evorank/evorank/model"
)

// Each tiled kernel by itself, launched as the path launches it, against its
// formula in float64: sizes off the tile, two individuals in room for three,
// every output poisoned, and sentinels behind every buffer.

// kernelShapes lie off every tile: one kernel of the norm each, heads of one
// part and of several, a vocabulary of one part and of two.
var kernelShapes = []Shape{
	{Hidden: 67, Heads: 3, HeadDim: 17, FFN: 130, Blocks: 1, Vocab: 131, Position: model.Rotary, RotaryDims: 6},
	{Hidden: 301, Heads: 2, HeadDim: 150, FFN: 33, Blocks: 1, Vocab: 4105, Position: model.Sinusoid},
	{Hidden: 1091, Heads: 1, HeadDim: 33, FFN: 65, Blocks: 1, Vocab: 7, Position: model.NoPosition},
}

const (
	benchIndividuals = 2
	benchRoom        = 3
	sentinelLen      = 1024 // values behind a buffer
)

// tiledBench is a tiled path to launch one kernel at a time.
type tiledBench struct {
	*tiledRun
	t         *testing.T
	random    *rand.Rand
	precision Precision
	shape     Shape
	phenotype []float32 // of all individuals
}

// onEachBench runs a test for all shapes and all tiled kernels of the device.
func onEachBench(t *testing.T, test func(b *tiledBench)) {
	s, m := gputest.Open(t)
	for _, shape := range kernelShapes {
		for _, choice := range tiledChoices(s.Device().Info) {
			name := string(choice.Precision)
			if choice.Wgmma {
				name += " wgmma"
			}
			t.Run(name, func(t *testing.T) { test(newTiledBench(t, s, m, shape, choice)) })
		}
	}
}

func newTiledBench(t *testing.T, s *gpu.Stream, m *gpu.Module, shape Shape, choice GPUChoice) *tiledBench {
	l := denseLayout(t, shape)
	b := &tiledBench{t: t, random: rand.New(rand.NewPCG(1, 2)), precision: choice.Precision, shape: shape}
	for i := range benchRoom {
		b.phenotype = append(b.phenotype, randomPhenotype(l, shape, 2, uint64(i))...)
	}
	sequences := randomSequences(b.random, shape.Vocab, 2, 3, 64, 65, 66, 131)
	g, err := NewGPU(m, s, l, shape, choice, Materialised, sequences, benchRoom, 1<<30)
	gputest.Check(t, err)
	t.Cleanup(func() { gputest.Check(t, g.Close()) })
	if g.Chunk() != benchRoom || len(g.tiled.spans) != 1 {
		t.Fatalf("chunk %d in %d spans", g.Chunk(), len(g.tiled.spans))
	}
	p := g.tiled
	for _, buffer := range []*gpu.Buffer[byte]{&p.prepared, &p.states, &p.wide, &p.heads} {
		guard(t, s, buffer)
	}
	for _, buffer := range []*gpu.Buffer[float32]{&p.sums, &p.partials, &p.logits, &g.work.nll} {
		guard(t, s, buffer)
	}
	b.tiledRun = &tiledRun{tiledPath: p, g: g, s: s, n: benchIndividuals, offsets: tensorOffsets(l), span: p.spans[0], phenotypes: gputest.Upload(t, s, b.phenotype)}
	return b
}

// guard makes a buffer longer, and poisons it.
func guard[T any](t *testing.T, s *gpu.Stream, b *gpu.Buffer[T]) {
	t.Helper()
	n := b.Len() + sentinelLen
	gputest.Check(t, b.Free())
	longer, err := gpu.Alloc[T](s.Device(), t.Name(), n)
	*b = longer
	gputest.Check(t, err)
	gputest.Check(t, gpu.FillBytes(s, longer, 0xff))
}

// bytes returns what the individuals have in a buffer; what lies behind must
// be as it was.
func (b *tiledBench) bytes(what string, buffer gpu.Buffer[byte], stride int) []byte {
	b.t.Helper()
	gputest.Check(b.t, b.err)
	all := gputest.Read(b.t, b.s, buffer)
	for i, v := range all[benchIndividuals*stride:] {
		if v != 0xff {
			b.t.Fatalf("%s: byte %d behind the last individual was written to", what, i)
		}
	}
	return all[:benchIndividuals*stride]
}

func (b *tiledBench) floats(what string, buffer gpu.Buffer[float32], stride int) []float32 {
	b.t.Helper()
	gputest.Check(b.t, b.err)
	all := gputest.Read(b.t, b.s, buffer)
	for i, v := range all[benchIndividuals*stride:] {
		if math.Float32bits(v) != math.MaxUint32 {
			b.t.Fatalf("%s: number %d behind the last individual was written to", what, i)
		}
	}
	return all[:benchIndividuals*stride]
}

// table is a matrix of numbers that every format has, whose products and sums
// are exact in float32 in any order: multiples of 1/16 up to 1.
type table [][]float64

func (b *tiledBench) table(rows, columns int) table {
	m := make(table, rows)
	for r := range m {
		m[r] = make([]float64, columns)
		for c := range m[r] {
			m[r][c] = float64(b.random.IntN(33)-16) / 16
		}
	}
	return m
}

// put writes a table as an operand of that many rows and tiles side by side.
func (b *tiledBench) put(buffer gpu.Buffer[byte], offset int, m table, rows, blocks int) {
	b.t.Helper()
	out := make([]byte, rows*blocks*tiledRowBytes)
	for r := range m {
		for c, v := range m[r] {
			encodeOperand(out, b.precision, operandByte(b.precision, r, c, blocks), v)
		}
	}
	gputest.Check(b.t, gpu.Write(b.s, buffer.Slice(offset, offset+len(out)), out))
}

// putBias writes the numbers that follow a weight.
func (b *tiledBench) putBias(individual int, m tiledMatrix, bias []float64, padding float64) {
	b.t.Helper()
	out := make([]byte, 4*m.rows)
	for i := range m.rows {
		v := padding
		if i < len(bias) {
			v = bias[i]
		}
		encodeOperand(out, FP32, 4*i, v)
	}
	at := individual*b.sizes.prepared + m.biasOffset()
	gputest.Check(b.t, gpu.Write(b.s, b.prepared.Slice(at, at+len(out)), out))
}

// putWeight writes random weights and biases and returns them.
func (b *tiledBench) putWeight(individual int, m tiledMatrix, rows, columns int, padding float64) (w table, bias []float64) {
	w, bias = b.table(rows, columns), b.table(1, rows)[0]
	b.put(b.prepared, individual*b.sizes.prepared+m.offset, w, m.rows, m.blocks)
	b.putBias(individual, m, bias, padding)
	return w, bias
}

// near checks a number; eps is a unit of the format, relative to 1 + |want|.
func (b *tiledBench) near(what string, individual, row, column int, got float32, want, eps float64) {
	b.t.Helper()
	if float64(got) == want { // infinities too
		return
	}
	if math.IsInf(want, 0) || !(math.Abs(float64(got)-want) <= eps*(1+math.Abs(want))) {
		b.t.Fatalf("%s: individual %d, row %d, column %d: %v, want %v ± %.2g", what, individual, row, column, got, want, eps)
	}
}

// unit is the largest relative error of one rounding, or of a few in float32.
func (b *tiledBench) unit() float64 {
	return map[Precision]float64{FP32: 1e-5, TF32: 0x1p-11, FP16: 0x1p-11, BF16: 0x1p-8}[b.precision]
}

// checkOperand compares the whole rows of an operand, padding included, which
// must be zero.
func (b *tiledBench) checkOperand(what string, bytes []byte, individual, rows, columns, blocks int, eps float64, want func(row, column int) float64) {
	b.t.Helper()
	of := bytes[individual*b.rows*blocks*tiledRowBytes:]
	for row := range rows {
		for column := range blocks * tiledRowBytes / b.sizes.bytes {
			wanted := 0.0
			if column < columns {
				wanted = want(row, column)
			}
			b.near(what, individual, row, column, decodeOperand(of, b.precision, operandByte(b.precision, row, column, blocks)), wanted, eps)
		}
	}
}

// packedWeight is what pack makes of a tensor: rows from `first` on, padded
// rows and columns standing for those that rowOf and columnOf say, −1: none.
type packedWeight struct {
	what             string
	m                tiledMatrix
	first, rows      int
	weight, bias     int // tensors
	inputs           int
	rowOf, columnOf  func(int) int
	scale, biasOfPad float64
}

func (b *tiledBench) packedWeights() []packedWeight {
	z, n, f := &b.sizes, b.shape, firstBlock
	block, attention, width := &z.blocks[0], n.Heads*n.HeadDim, n.Heads*z.attentionHead
	whole := func(count int) func(int) int {
		return func(i int) int {
			if i < count {
				return i
			}
			return -1
		}
	}
	headed := func(i int) int {
		if head, dim := i/z.attentionHead, i%z.attentionHead; head < n.Heads && dim < n.HeadDim {
			return head*n.HeadDim + dim
		}
		return -1
	}
	hidden, log2e := whole(n.Hidden), math.Log2E
	return []packedWeight{
		{"q", block.qkv.outer, 0, width, f + qWeight, f + qWeight + 1, n.Hidden, headed, hidden, log2e / math.Sqrt(float64(n.HeadDim)), 0},
		{"k", block.qkv.outer, width, width, f + kWeight, f + kWeight + 1, n.Hidden, headed, hidden, 1, 0},
		{"v", block.qkv.outer, 2 * width, block.qkv.outer.rows - 2*width, f + vWeight, f + vWeight + 1, n.Hidden, headed, hidden, 1, 0},
		{"o", block.o.outer, 0, block.o.outer.rows, f + oWeight, f + oWeight + 1, attention, hidden, headed, 1, 0},
		{"up", block.up.outer, 0, block.up.outer.rows, f + upWeight, f + upWeight + 1, n.Hidden, whole(n.FFN), hidden, 1, 0},
		{"down", block.down.outer, 0, block.down.outer.rows, f + downWeight, f + downWeight + 1, n.FFN, hidden, whole(n.FFN), 1, 0},
		{"decoder", z.decoder.outer, 0, z.decoder.outer.rows, embedWeight, decoderBias, n.Hidden, whole(n.Vocab), hidden, log2e, math.Inf(-1)},
	}
}

func TestGPUTiledPack(t *testing.T) {
	onEachBench(t, func(b *tiledBench) {
		b.pack()
		all, z, l := b.bytes("pack", b.prepared, b.sizes.prepared), &b.sizes, b.g.layout
		for individual := range benchIndividuals {
			prepared, phenotype := all[individual*z.prepared:][:z.prepared], b.phenotype[individual*l.Phenotype:]
			for _, p := range b.packedWeights() {
				w, bias := l.Tensors[p.weight].Of(phenotype), l.Tensors[p.bias].Of(phenotype)
				for r := 0; r < p.rows; r += 1 + p.rows/1500 { // all rows but of the large decoder
					row, wanted := p.rowOf(r), p.biasOfPad
					if row >= 0 {
						wanted = float64(bias[row]) * p.scale
					}
					b.near(p.what+"'s bias", individual, r, 0, decodeOperand(prepared, FP32, p.m.biasOffset()+4*(p.first+r)), wanted, 1e-6)
					for c := range p.m.blocks * tiledRowBytes / z.bytes {
						want := 0.0
						if column := p.columnOf(c); row >= 0 && column >= 0 {
							want = float64(w[row*p.inputs+column]) * p.scale
						}
						b.near(p.what, individual, r, c, decodeOperand(prepared[p.m.offset:], b.precision, operandByte(b.precision, p.first+r, c, p.m.blocks)), want, b.unit())
					}
				}
			}
		}
	})
}

func TestGPUTiledEmbed(t *testing.T) {
	onEachBench(t, func(b *tiledBench) {
		b.embed()
		all, n, plan := b.bytes("embed", b.states, b.rows*b.sizes.hidden*tiledRowBytes), b.shape, b.g.plan
		places, _ := plan.tiledTables()
		for individual := range benchIndividuals {
			e := b.g.layout.Tensors[embedWeight].Of(b.phenotype[individual*b.g.layout.Phenotype:])
			states := make(table, plan.slots())
			for slot, word := range plan.tokens {
				states[slot] = widen(e[int(word&0xffff)*n.Hidden:][:n.Hidden])
				position(n, states[slot], int(places[slot]))
			}
			b.checkOperand("embed", all, individual, len(states), n.Hidden, b.sizes.hidden, b.unit(), func(row, column int) float64 { return states[row][column] })
		}
	})
}

func TestGPUTiledNorm(t *testing.T) {
	onEachBench(t, func(b *tiledBench) {
		n, columns := b.shape, b.sizes.sumColumns()
		sums := make([]float32, benchIndividuals*b.rows*columns)
		for i := range sums {
			sums[i] = float32(math.NaN()) // padded columns are nobody's
			if column := i % columns; column < n.Hidden {
				sums[i] = float32(3 + 2*b.random.NormFloat64())
			}
		}
		gputest.Check(b.t, gpu.Write(b.s, b.sums.Slice(0, len(sums)), sums))
		b.norm(0, norm2Weight)
		all, tensors := b.bytes("norm", b.states, b.rows*b.sizes.hidden*tiledRowBytes), b.g.layout.Tensors[firstBlock:]
		for individual := range benchIndividuals {
			phenotype := b.phenotype[individual*b.g.layout.Phenotype:]
			scale, bias := tensors[norm2Weight].Of(phenotype), tensors[norm2Weight+biasFollows].Of(phenotype)
			normed := make(table, b.rows)
			for row := range normed {
				normed[row] = normOf(widen(sums[(individual*b.rows+row)*columns:][:n.Hidden]), widen(scale), widen(bias))
			}
			b.checkOperand("norm", all, individual, b.rows, n.Hidden, b.sizes.hidden, b.unit(), func(row, column int) float64 { return normed[row][column] })
		}
	})
}

// normOf is (x − mean) / max(std, 1e-7) · scale + bias.
func normOf(x, scale, bias []float64) []float64 {
	mean, squares, out := 0.0, 0.0, make([]float64, len(x))
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		squares += (v - mean) * (v - mean)
	}
	for i, v := range x {
		out[i] = (v-mean)/max(math.Sqrt(squares/float64(len(x))), 1e-7)*scale[i] + bias[i]
	}
	return out
}
