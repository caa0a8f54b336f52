package vector

import (
	"fmt"
	"testing"
)

// BenchmarkProduct has the shapes of the paper's network: logits, queries,
// attention scores, attended values, and both halves of the feed-forward part.
// It reports multiply-adds per nanosecond.
func BenchmarkProduct(b *testing.B) {
	for _, isa := range InstructionSets() {
		for _, s := range []struct{ rows, cols, units int }{
			{48, 32, 4}, {16, 32, 4}, {32, 4, 4}, {32, 4, 3}, {4, 32, 4}, {4, 32, 1}, {128, 32, 4}, {32, 128, 4}, {128, 4, 4}, {4, 128, 4},
		} {
			b.Run(fmt.Sprintf("%s/%dx%dx%d", isa, s.rows, s.cols, s.units*Unit), func(b *testing.B) {
				k := For(isa)
				w := RowMajor(make([]float32, s.rows*s.cols), s.rows, s.cols)
				x, y := make([]float32, s.cols*Width), make([]float32, s.rows*Width)
				for b.Loop() {
					k.Product(y, Width, w, x, nil, s.units)
				}
				b.ReportMetric(float64(s.rows*s.cols*s.units*Unit)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "fma/ns")
			})
		}
	}
}

// BenchmarkSoftmax reports exponentials per nanosecond.
func BenchmarkSoftmax(b *testing.B) {
	for _, isa := range InstructionSets() {
		for _, s := range []struct{ rows, units int }{{48, 4}, {32, 4}, {32, 2}, {32, 1}} {
			b.Run(fmt.Sprintf("%s/%dx%d", isa, s.rows, s.units*Unit), func(b *testing.B) {
				k := For(isa)
				scores := make([]float32, s.rows*Width)
				var state Softmax
				state.Reset()
				for b.Loop() {
					k.Softmax(&state, 0, scores, s.rows, s.units)
				}
				b.ReportMetric(float64(s.rows*s.units*Unit)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "exp/ns")
			})
		}
	}
}
