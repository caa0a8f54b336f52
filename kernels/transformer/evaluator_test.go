package transformer

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/evorank/evorank/kernels/vector"
	"github.com/evorank/evorank/model"
)

// forEach runs a test with every instruction set and application.
func forEach(t *testing.T, test func(t *testing.T, isa vector.ISA, a Application)) {
	for _, isa := range vector.InstructionSets() {
		for _, a := range applications {
			t.Run(string(isa)+"/"+string(a), func(t *testing.T) { test(t, isa, a) })
		}
	}
}

func load(n *Network, isa vector.ISA, a Application) *Evaluator {
	e := NewEvaluator(n.Shape, a, isa)
	e.Load(n)
	return e
}

// randomSequences returns one sequence of each length.
func randomSequences(r *rand.Rand, vocab int, lengths ...int) Sequences {
	var all [][]int32
	for _, length := range lengths {
		ids := make([]int32, length)
		for i := range ids {
			ids[i] = int32(r.IntN(vocab))
		}
		all = append(all, ids)
	}
	return Pack(all...)
}

// odd are shapes that no register or block size divides.
var odd = []struct {
	shape Shape
	why   string
}{
	{Shape{Hidden: 1, Heads: 1, HeadDim: 1, FFN: 1, Blocks: 1, Vocab: 1, Position: model.NoPosition}, "one of everything"},
	{Shape{Hidden: 7, Heads: 3, HeadDim: 5, FFN: 11, Blocks: 2, Vocab: 47, Position: model.Sinusoid}, "one block of rows, not full"},
	{Shape{Hidden: 12, Heads: 2, HeadDim: 3, FFN: 6, Blocks: 1, Vocab: 48, Position: model.Rotary, RotaryDims: 12}, "one full block of rows"},
	{Shape{Hidden: 9, Heads: 1, HeadDim: 8, FFN: 40, Blocks: 3, Vocab: 97, Position: model.Rotary, RotaryDims: 2}, "two blocks and a row"},
	{Shape{Hidden: 33, Heads: 5, HeadDim: 2, FFN: 17, Blocks: 1, Vocab: 200, Position: model.NoPosition}, "order from the mask only"},
}

// lengths make segments that fill units, panels and blocks of keys, and miss
// them by one.
var lengths = []int{2, 3, 16, 17, 18, 33, 48, 49, 50, 64, 65, 66, 97, 98, 129, 200, 2, 5}

func TestOddShapes(t *testing.T) {
	for _, c := range odd {
		for _, ranks := range [][2]int{{0, 0}, {1, 1}, {2, 3}} {
			r := rand.New(rand.NewPCG(1, uint64(c.shape.Hidden)))
			n := randomNetwork(c.shape, ranks[0], ranks[1], r)
			s := randomSequences(r, c.shape.Vocab, lengths...)
			want := losses(NewReference(n), s)
			t.Run(fmt.Sprintf("%s/ranks %d", c.why, ranks), func(t *testing.T) {
				forEach(t, func(t *testing.T, isa vector.ISA, a Application) {
					for i, got := range losses(load(n, isa, a), s) {
						if !near(got, want[i], tolerance32) {
							t.Errorf("length %d: loss %.9f, want %.9f", len(s.At(i)), got, want[i])
						}
					}
				})
			})
		}
	}
}

// Every implementation differs from every other by rounding only.
func TestInstructionSetsAgree(t *testing.T) {
	n := readNetwork(t, "dense-trained.safetensors")
	s := randomSequences(rand.New(rand.NewPCG(2, 2)), n.Shape.Vocab, lengths...)
	want := losses(load(n, vector.Generic, Auto), s)
	forEach(t, func(t *testing.T, isa vector.ISA, a Application) {
		got := losses(load(n, isa, a), s)
		for i := range got {
			if !near(got[i], want[i], 1e-5) {
				t.Errorf("length %d: loss %.9f, by plain loops %.9f", len(s.At(i)), got[i], want[i])
			}
		}
	})
}

// A sequence's loss must not depend on what is evaluated with it.
func TestNeighboursDoNotMatter(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	shape := odd[3].shape
	n := randomNetwork(shape, 3, 2, r)
	s := randomSequences(r, shape.Vocab, append(slices.Clone(lengths), 700, 300, 1030, 40, 41)...)
	forEach(t, func(t *testing.T, isa vector.ISA, a Application) {
		e := load(n, isa, a)
		together := losses(e, s)
		for i, want := range together {
			if got := losses(e, Pack(s.At(i)))[0]; got != want {
				t.Errorf("length %d: alone %.17g, among others %.17g", len(s.At(i)), got, want)
			}
		}
		order := r.Perm(s.Len())
		var shuffled [][]int32
		for _, i := range order {
			shuffled = append(shuffled, s.At(i))
		}
		for at, got := range losses(e, Pack(shuffled...)) {
			if want := together[order[at]]; got != want {
				t.Errorf("length %d: shuffled %.17g, before %.17g", len(shuffled[at]), got, want)
			}
		}
		for from := 0; from < s.Len(); from += 7 {
			to := min(from+7, s.Len())
			out := make([]float64, to-from)
			e.Losses(s, from, to, out)
			if !slices.Equal(out, together[from:to]) {
				t.Errorf("sequences %d to %d: %v, before %v", from, to, out, together[from:to])
			}
		}
	})
}

func TestChunks(t *testing.T) {
	w := newWorkspace(small)
	s := randomSequences(rand.New(rand.NewPCG(4, 4)), 5, chunkTokens, 2, 2, 3*chunkTokens, 2, chunkTokens)
	var ends []int
	for at := 0; at < s.Len(); at = ends[len(ends)-1] {
		ends = append(ends, w.chunkEnd(s, at, s.Len()))
	}
	// The first two fill a chunk, since a sequence's last token is not evaluated.
	if want := []int{2, 3, 4, 6}; !slices.Equal(ends, want) {
		t.Errorf("chunks end at %d, want %d", ends, want)
	}
}

func TestLongSequence(t *testing.T) {
	shape := Shape{Hidden: 4, Heads: 1, HeadDim: 2, FFN: 4, Blocks: 1, Vocab: 7, Position: model.Sinusoid}
	r := rand.New(rand.NewPCG(5, 5))
	n := randomNetwork(shape, 0, 0, r)
	s := randomSequences(r, shape.Vocab, 3, 8300, 3)
	want := losses(NewReference(n), s)
	for _, isa := range vector.InstructionSets() {
		for i, got := range losses(load(n, isa, Auto), s) {
			if !near(got, want[i], tolerance32) {
				t.Errorf("%s: length %d: loss %.9f, want %.9f", isa, len(s.At(i)), got, want[i])
			}
		}
	}
}

// Nothing may be read that was not written for the present chunk.
func TestPoisonedWorkspace(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	shape := odd[1].shape
	n := randomNetwork(shape, 2, 2, r)
	s := randomSequences(r, shape.Vocab, lengths...)
	forEach(t, func(t *testing.T, isa vector.ISA, a Application) {
		e := load(n, isa, a)
		want := losses(e, s)
		nan := float32(math.NaN())
		w := &e.work
		for _, memory := range [][]float32{w.states, w.keys, w.values, w.queries, w.attended, w.branch, w.wide, w.inner,
			w.head, w.scores, w.softmax.Max[:], w.softmax.Sum[:], w.softmax.Correction[:], w.targets.scores[:]} {
			memory = memory[:cap(memory)]
			for i := range memory {
				memory[i] = nan
			}
		}
		if got := losses(e, s); !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

func TestInputsStayAsTheyAre(t *testing.T) {
	make := func() (*Network, Sequences) {
		r := rand.New(rand.NewPCG(7, 7))
		return randomNetwork(odd[1].shape, 2, 2, r), randomSequences(r, odd[1].shape.Vocab, lengths...)
	}
	n, s := make()
	forEach(t, func(t *testing.T, isa vector.ISA, a Application) { losses(load(n, isa, a), s) })
	losses(NewReference(n), s)
	wantNetwork, wantSequences := make()
	if !reflect.DeepEqual(n, wantNetwork) || !reflect.DeepEqual(s, wantSequences) {
		t.Error("the network or the sequences have changed")
	}
}

func TestNoAllocation(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	n := randomNetwork(odd[1].shape, 2, 2, r)
	s := randomSequences(r, odd[1].shape.Vocab, lengths...)
	forEach(t, func(t *testing.T, isa vector.ISA, a Application) {
		e, out := load(n, isa, a), make([]float64, s.Len())
		for range 3 { // the loader's memory doubles until it is enough
			e.Load(n)
		}
		if count := testing.AllocsPerRun(3, func() { e.Losses(s, 0, s.Len(), out) }); count != 0 {
			t.Errorf("Losses allocates %v times", count)
		}
		memory := len(e.loader.memory)
		if count := testing.AllocsPerRun(100, func() { e.Load(n) }); count != 0 || len(e.loader.memory) != memory {
			t.Errorf("Load allocates %v times; it keeps %d numbers and then %d", count, memory, len(e.loader.memory))
		}
	})
}

// A loaded network leaves nothing behind for the next.
func TestLoadAgain(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	shape := odd[1].shape
	a, b := randomNetwork(shape, 2, 2, r), randomNetwork(shape, 0, 5, r)
	s := randomSequences(r, shape.Vocab, lengths...)
	forEach(t, func(t *testing.T, isa vector.ISA, application Application) {
		want := losses(load(b, isa, application), s)
		e := load(a, isa, application)
		losses(e, s)
		e.Load(b)
		if got := losses(e, s); !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

// W, A·B and A·B + D are the same weight.
func TestFormsOfAWeight(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 10))
	shape := odd[1].shape
	n := randomNetwork(shape, 2, 3, r)
	s := randomSequences(r, shape.Vocab, lengths...)
	for _, form := range []string{"A·B + D", "W beside A and B", "W"} {
		other := *n
		other.Blocks = slices.Clone(n.Blocks)
		other.Embed = inForm(form, n.Embed, shape.Hidden, shape.Vocab, true)
		for i := range other.Blocks {
			for _, m := range other.Blocks[i].matrices() {
				*m = inForm(form, *m, m.Outputs, m.Inputs, false)
			}
		}
		want := losses(NewReference(n), s)
		forEach(t, func(t *testing.T, isa vector.ISA, a Application) {
			for i, got := range losses(load(&other, isa, a), s) {
				if !near(got, want[i], tolerance32) {
					t.Errorf("%s: length %d: loss %.9f, want %.9f", form, len(s.At(i)), got, want[i])
				}
			}
		})
		for i, got := range losses(NewReference(&other), s) {
			if !near(got, want[i], 1e-6) { // W is rounded to float32
				t.Errorf("reference: %s: length %d: loss %.9f, want %.9f", form, len(s.At(i)), got, want[i])
			}
		}
	}
}

func (b *Block) matrices() []*Matrix { return []*Matrix{&b.Q, &b.K, &b.V, &b.O, &b.Up, &b.Down} }

// inForm returns a factored weight, whose A·B is rows × cols, in another form.
func inForm(form string, m Matrix, rows, cols int, transposed bool) Matrix {
	product := m.develop64()
	if form == "A·B + D" { // A·B is split into 2·A·B and the rest
		m.A, m.D = slices.Clone(m.A), make([]float32, rows*cols)
		for i := range m.A {
			m.A[i] *= 2
		}
		for i, v := range product {
			m.D[i] = -float32(v)
		}
		return m
	}
	if transposed {
		product = transpose(product, rows, cols)
	}
	m.W = make([]float32, len(product))
	for i, v := range product {
		m.W[i] = float32(v)
	}
	if form == "W" {
		m.A, m.B, m.Rank = nil, nil, 0
	}
	return m
}

func TestNaNIsReported(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 11))
	n := randomNetwork(small, 0, 0, r)
	s := randomSequences(r, small.Vocab-1, 30, 70, 5)
	s.IDs[s.Start[1]+40] = int32(small.Vocab - 1) // only the second sequence has this token
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for i := range small.Hidden {
			n.Embed.W[(small.Vocab-1)*small.Hidden+i] = float32(bad)
		}
		forEach(t, func(t *testing.T, isa vector.ISA, a Application) {
			for i, loss := range losses(load(n, isa, a), s) {
				// The token is a row of the decoder, too.
				if !math.IsNaN(loss) {
					t.Errorf("%g: sequence %d: loss %g", bad, i, loss)
				}
			}
		})
	}
}

func TestMisusePanics(t *testing.T) {
	n := randomNetwork(small, 0, 0, rand.New(rand.NewPCG(12, 12)))
	other := *n
	other.Shape.Vocab++
	short := *n
	short.DecoderBias = n.DecoderBias[1:]
	out := make([]float64, 1)
	for name, call := range map[string]func(){
		"invalid shape":         func() { NewEvaluator(Shape{}, Auto, vector.Generic) },
		"unknown application":   func() { NewEvaluator(small, "both", vector.Generic) },
		"Losses before Load":    func() { NewEvaluator(small, Auto, vector.Generic).Losses(Pack([]int32{1, 2}), 0, 1, out) },
		"another shape":         func() { NewEvaluator(small, Auto, vector.Generic).Load(&other) },
		"a tensor too short":    func() { NewEvaluator(small, Auto, vector.Generic).Load(&short) },
		"reference of the same": func() { NewReference(&short) },
		"one token":             func() { losses(load(n, vector.Generic, Auto), Pack([]int32{1, 2}, []int32{1}, []int32{1, 2})) },
		"short output":          func() { load(n, vector.Generic, Auto).Losses(Pack([]int32{2, 1}, []int32{2, 1}), 0, 2, out) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			call()
		})
	}
}

func TestUnknownTokensPanic(t *testing.T) {
	last := int32(small.Vocab)
	for _, embedding := range []int{0, 3} {
		n := randomNetwork(small, embedding, 0, rand.New(rand.NewPCG(13, 13)))
		for _, ids := range [][]int32{{last, 2}, {-1, 2}, {2, last}, {2, -1}, {3, last, 2}} {
			forEach(t, func(t *testing.T, isa vector.ISA, a Application) {
				defer func() {
					if got := recover(); got != badID {
						t.Errorf("%d: panic %v, want %q", ids, got, badID)
					}
				}()
				losses(load(n, isa, a), Pack(ids))
			})
		}
	}
}
