package transformer

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/evorank/evorank/kernels/vector"
	"github.com/evorank/evorank/model"
)

const (
	tolerance64 = 1e-9 // of a sequence's loss, float64 against float64
	tolerance32 = 2e-5 // five times the largest difference that PyTorch's float32 makes
)

// golden is testdata/lm-golden.json, PyTorch's float64 losses of the networks
// in testdata/nets.
type golden struct {
	Cases []goldenCase
}

type goldenCase struct {
	Net, Case string
	Stories   []struct {
		IDs  []int32
		Loss float64
	}
	Probes []struct {
		Story, Position int
		Hidden          []float64
		Logits          map[string]float64
		LogSumExp       float64
	}
}

func (c goldenCase) sequences() Sequences {
	var all [][]int32
	for _, s := range c.Stories {
		all = append(all, s.IDs)
	}
	return Pack(all...)
}

func readGolden(t testing.TB) []goldenCase {
	t.Helper()
	data, err := os.ReadFile("testdata/lm-golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	if len(g.Cases) != 39 {
		t.Fatalf("%d cases, want 39", len(g.Cases))
	}
	return g.Cases
}

// readNetwork reads one of the golden networks, as factors where it has them.
func readNetwork(t testing.TB, name string) *Network {
	t.Helper()
	f, err := model.ReadSafetensors(filepath.Join("testdata", "nets", name))
	if err != nil {
		t.Fatal(err)
	}
	number := func(key string) int {
		n, err := strconv.Atoi(f.Metadata[key])
		if err != nil {
			t.Fatalf("%s: %s: %v", name, key, err)
		}
		return n
	}
	tensors := map[string]model.NamedTensor{}
	for _, tensor := range f.Tensors {
		tensors[tensor.Name] = tensor
	}
	n := &Network{Shape: Shape{
		Hidden: number("hidden"), Heads: number("heads"), HeadDim: number("head_dim"), FFN: number("ffn"),
		Blocks: number("blocks"), Vocab: number("vocab"), Position: model.Rotary, RotaryDims: number("rotary_dims"),
	}}
	matrix := func(name string, outputs, inputs int) Matrix {
		m := Matrix{Outputs: outputs, Inputs: inputs, W: tensors[name].Data}
		if a, ok := tensors[name+".A"]; ok {
			m.Rank, m.A, m.B = a.Shape[1], a.Data, tensors[name+".B"].Data
		}
		return m
	}
	s := n.Shape
	d := s.Heads * s.HeadDim
	n.Embed, n.DecoderBias = matrix("embed.weight", s.Vocab, s.Hidden), tensors["decoder.bias"].Data
	for i := range s.Blocks {
		p := fmt.Sprintf("blocks.%d.", i)
		vector := func(name string) []float32 { return tensors[p+name].Data }
		n.Blocks = append(n.Blocks, Block{
			Q: matrix(p+"attn.q.weight", d, s.Hidden), QBias: vector("attn.q.bias"),
			K: matrix(p+"attn.k.weight", d, s.Hidden), KBias: vector("attn.k.bias"),
			V: matrix(p+"attn.v.weight", d, s.Hidden), VBias: vector("attn.v.bias"),
			O: matrix(p+"attn.o.weight", s.Hidden, d), OBias: vector("attn.o.bias"),
			Up: matrix(p+"ffn.up.weight", s.FFN, s.Hidden), UpBias: vector("ffn.up.bias"),
			Down: matrix(p+"ffn.down.weight", s.Hidden, s.FFN), DownBias: vector("ffn.down.bias"),
			Norm1Weight: vector("norm1.weight"), Norm1Bias: vector("norm1.bias"),
			Norm2Weight: vector("norm2.weight"), Norm2Bias: vector("norm2.bias"),
		})
	}
	if err := n.Check(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

var applications = []Application{Auto, Materialised, Factored}

func TestGoldenReference(t *testing.T) {
	for _, c := range readGolden(t) {
		t.Run(c.Net+"/"+c.Case, func(t *testing.T) {
			r := NewReference(readNetwork(t, c.Net))
			states := make([][][]float64, len(c.Stories))
			for i, s := range c.Stories {
				states[i] = r.HiddenStates(s.IDs)
				if got := r.Loss(s.IDs); !near(got, s.Loss, tolerance64) {
					t.Errorf("story %d: loss %.12f, want %.12f", i, got, s.Loss)
				}
			}
			for _, p := range c.Probes {
				hidden := states[p.Story][p.Position]
				for i, want := range p.Hidden {
					if !near(hidden[i], want, tolerance64) {
						t.Errorf("story %d, position %d: hidden %d is %.12f, want %.12f", p.Story, p.Position, i, hidden[i], want)
					}
				}
				logits := r.Logits(hidden)
				for id, want := range p.Logits {
					v, err := strconv.Atoi(id)
					if err != nil || !near(logits[v], want, tolerance64) {
						t.Errorf("story %d, position %d: logit %s is %.12f, want %.12f", p.Story, p.Position, id, logits[v], want)
					}
				}
				if got := LogSumExp(logits); !near(got, p.LogSumExp, tolerance64) {
					t.Errorf("story %d, position %d: log-sum-exp %.12f, want %.12f", p.Story, p.Position, got, p.LogSumExp)
				}
			}
		})
	}
}

func TestGoldenEvaluator(t *testing.T) {
	for _, isa := range vector.InstructionSets() {
		for _, application := range applications {
			t.Run(string(isa)+"/"+string(application), func(t *testing.T) {
				evaluators := map[string]*Evaluator{}
				worst := 0.0
				for _, c := range readGolden(t) {
					e := evaluators[c.Net]
					if e == nil {
						n := readNetwork(t, c.Net)
						e = NewEvaluator(n.Shape, application, isa)
						e.Load(n)
						evaluators[c.Net] = e
					}
					got := losses(e, c.sequences())
					for i, s := range c.Stories {
						worst = max(worst, math.Abs(got[i]-s.Loss))
						if !near(got[i], s.Loss, tolerance32) {
							t.Errorf("%s, %s, story %d: loss %.9f, want %.9f", c.Net, c.Case, i, got[i], s.Loss)
						}
					}
				}
				t.Logf("largest difference %.2g", worst)
			})
		}
	}
}

// near is false for NaN.
func near(got, want, tolerance float64) bool { return math.Abs(got-want) <= tolerance }

type scorer interface {
	Losses(s Sequences, from, to int, out []float64)
}

// losses are the losses of all sequences, into an output that held NaN.
func losses(e scorer, s Sequences) []float64 {
	out := make([]float64, s.Len())
	for i := range out {
		out[i] = math.NaN()
	}
	e.Losses(s, 0, s.Len(), out)
	return out
}
