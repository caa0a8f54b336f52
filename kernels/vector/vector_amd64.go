package vector

import "golang.org/x/sys/cpu"

//go:generate go -C _asm run . -out ../vector_amd64.s -stubs ../vector_stubs_amd64.go -pkg vector

func supported(isa ISA) bool {
	switch isa {
	case AVX512:
		return cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ
	case AVX2:
		return cpu.X86.HasAVX2 && cpu.X86.HasFMA
	}
	return false
}

func kernels(isa ISA) *Kernels {
	switch isa {
	case AVX512:
		return assembly(isa, []group{
			{4, productAVX512x4, softmaxAVX512x4, causalAVX512x4, normAVX512x4, divideAVX512x4},
			{2, productAVX512x2, softmaxAVX512x2, causalAVX512x2, normAVX512x2, divideAVX512x2},
			{1, productAVX512x1, softmaxAVX512x1, causalAVX512x1, normAVX512x1, divideAVX512x1},
		})
	case AVX2:
		return assembly(isa, []group{
			{1, productAVX2x1, softmaxAVX2x1, causalAVX2x1, normAVX2x1, divideAVX2x1},
		})
	}
	return genericKernels()
}

// group are the generated functions for so many neighbouring units.
type group struct {
	units   int
	product func(y *float32, yStride int, w *float32, rowStride, colStride int, x, start *float32, startStride, rows, cols, mode int)
	softmax func(maxima, sums, corrections, scores *float32, rows int)
	causal  func(scores *float32, rows, first int)
	norm    func(x, residual, weight, bias *float32, rows int, count float32)
	divide  func(x, divisor *float32, rows int)
}

// bytes of a float32, which the generated functions count strides in.
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
