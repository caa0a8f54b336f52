package transformer

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/evorank/evorank/kernels/vector"
	"github.com/evorank/evorank/model"
)

// paper is the network of the paper's experiments, small one for short texts.
var (
	paper = Shape{Hidden: 32, Heads: 4, HeadDim: 4, FFN: 128, Blocks: 3, Vocab: 2051, Position: model.Rotary, RotaryDims: 4}
	small = Shape{Hidden: 16, Heads: 2, HeadDim: 8, FFN: 32, Blocks: 1, Vocab: 80, Position: model.Rotary, RotaryDims: 4}
)

// BenchmarkLosses reports scored tokens per second of all threads together,
// each with an evaluator of its own.
func BenchmarkLosses(b *testing.B) {
	for _, c := range []struct {
		name            string
		shape           Shape
		embedding, rank int // 0: dense
		application     Application
		mean            int // tokens of a sequence
	}{
		{"dense", paper, 0, 0, Auto, 242},
		{"factored", paper, 32, 4, Auto, 242},
		{"factored-materialised", paper, 32, 4, Materialised, 242},
		{"factored-applied", paper, 32, 4, Factored, 242},
		{"rank1", paper, 4, 1, Auto, 242},
		{"rank1-materialised", paper, 4, 1, Materialised, 242},
		{"small", small, 0, 0, Auto, 35},
	} {
		n := randomNetwork(c.shape, c.embedding, c.rank, rand.New(rand.NewPCG(1, 2)))
		s := spread(c.mean, c.shape.Vocab, 128)
		for _, isa := range vector.InstructionSets() {
			for threads := 1; threads <= runtime.GOMAXPROCS(0); threads *= 2 {
				b.Run(fmt.Sprintf("%s/%s/threads=%d", c.name, isa, threads), func(b *testing.B) {
					benchmark(b, n, s, c.application, isa, threads)
				})
			}
		}
	}
}

func benchmark(b *testing.B, n *Network, s Sequences, application Application, isa vector.ISA, threads int) {
	evaluators := make([]*Evaluator, threads)
	out := make([][]float64, threads)
	for i := range evaluators {
		evaluators[i], out[i] = NewEvaluator(n.Shape, application, isa), make([]float64, s.Len())
		evaluators[i].Load(n)
		evaluators[i].Losses(s, 0, s.Len(), out[i])
	}
	for b.Loop() {
		var wait sync.WaitGroup
		for i, e := range evaluators {
			wait.Go(func() { e.Losses(s, 0, s.Len(), out[i]) })
		}
		wait.Wait()
	}
	b.ReportMetric(float64(threads*s.Targets(0, s.Len())*b.N)/b.Elapsed().Seconds(), "tokens/s")
}

// spread returns sequences with lengths as spread as those of the paper's
// stories: from a tenth of the mean to four times the mean, most below it.
func spread(mean, vocab, count int) Sequences {
	r := rand.New(rand.NewPCG(3, 4))
	var all [][]int32
	for i := range count {
		q := (float64(i) + 0.5) / float64(count)
		length := max(2, int(float64(mean)*(0.4+0.8*q+1.6*q*q*q*q*q*q*q)))
		ids := make([]int32, length)
		for j := range ids {
			ids[j] = int32(r.IntN(vocab))
		}
		all = append(all, ids)
	}
	return Pack(all...)
}

// randomNetwork returns a network with factors of these ranks, or dense where
// they are 0. Its scores are as large as those of networks that have learnt
// something.
func randomNetwork(s Shape, embedding, rank int, r *rand.Rand) *Network {
	normal := func(n int, std float64) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(std * r.NormFloat64())
		}
		return x
	}
	matrix := func(outputs, inputs, m, n, rank int) Matrix {
		if rank == 0 {
			return Matrix{Outputs: outputs, Inputs: inputs, W: normal(m*n, 0.3)}
		}
		return Matrix{Outputs: outputs, Inputs: inputs, Rank: rank, A: normal(m*rank, 0.5), B: normal(rank*n, 0.6)}
	}
	linear := func(outputs, inputs int) (Matrix, []float32) {
		return matrix(outputs, inputs, outputs, inputs, rank), normal(outputs, 0.3)
	}
	d := s.Heads * s.HeadDim
	n := &Network{Shape: s, Embed: matrix(s.Vocab, s.Hidden, s.Hidden, s.Vocab, embedding), DecoderBias: normal(s.Vocab, 1)}
	for range s.Blocks {
		var b Block
		b.Q, b.QBias = linear(d, s.Hidden)
		b.K, b.KBias = linear(d, s.Hidden)
		b.V, b.VBias = linear(d, s.Hidden)
		b.O, b.OBias = linear(s.Hidden, d)
		b.Up, b.UpBias = linear(s.FFN, s.Hidden)
		b.Down, b.DownBias = linear(s.Hidden, s.FFN)
		b.Norm1Weight, b.Norm1Bias = normal(s.Hidden, 1), normal(s.Hidden, 0.5)
		b.Norm2Weight, b.Norm2Bias = normal(s.Hidden, 1), normal(s.Hidden, 0.5)
		n.Blocks = append(n.Blocks, b)
	}
	return n
}
