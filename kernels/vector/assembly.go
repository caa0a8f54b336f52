//go:build amd64 || arm64

package vector

// group are the assembly functions for so many neighbouring units.
type group struct {
	units   int
	product func(y *float32, yStride int, w *float32, rowStride, colStride int, x, start *float32, startStride, rows, cols, mode int)
	softmax func(maxima, sums, corrections, scores *float32, rows int)
	causal  func(scores *float32, rows, first int)
	norm    func(x, residual, weight, bias *float32, rows int, count float32)
	divide  func(x, divisor *float32, rows int)
}

// bytes of a float32, which the assembly counts strides in.
const bytes = 4

// assembly wraps the functions of one instruction set, largest groups first.
func assembly(isa ISA, groups []group) *Kernels {
	return &Kernels{
		isa: isa,
		product: func(y []float32, yStride int, w Matrix, x, start []float32, startStride, units int, mode mode) {
			split(groups, units, func(g *group, lane int) {
				from := 0
				if mode == carryMode {
					from = lane
				}
				g.product(&y[lane], yStride*bytes, &w.Data[0], w.RowStride*bytes, w.ColStride*bytes,
					&x[lane], &start[from], startStride*bytes, w.Rows, w.Cols, int(mode))
			})
		},
		softmax: func(s *Softmax, first int, scores []float32, rows, units int) {
			split(groups, units, func(g *group, lane int) {
				at := first*Unit + lane
				g.softmax(&s.Max[at], &s.Sum[at], &s.Correction[at], &scores[lane], rows)
			})
		},
		causal: func(scores []float32, rows, units, first int) {
			split(groups, units, func(g *group, lane int) { g.causal(&scores[lane], rows, first-lane) })
		},
		norm: func(x, residual, weight, bias []float32, units int) {
			split(groups, units, func(g *group, lane int) {
				g.norm(&x[lane], &residual[lane], &weight[0], &bias[0], len(weight), float32(len(weight)))
			})
		},
		divide: func(x, divisor []float32, rows, units int) {
			split(groups, units, func(g *group, lane int) { g.divide(&x[lane], &divisor[lane], rows) })
		},
	}
}

// split calls do for groups that together are so many units.
func split(groups []group, units int, do func(g *group, lane int)) {
	lane := 0
	for i := range groups {
		for g := &groups[i]; units >= g.units; units -= g.units {
			do(g, lane)
			lane += g.units * Unit
		}
	}
}
