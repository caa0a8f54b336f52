package develop

import "github.com/evorank/evorank/model"

// Phenotype writes the developed network of a genotype to dst
// [Layout.Phenotype]: dense tensors as they are, A·B (+ D) of the others.
func Phenotype(dst, genotype []float32, layout *model.Layout) {
	for i := range layout.Tensors {
		t := &layout.Tensors[i]
		Tensor(t.Of(dst), genotype, t)
	}
}

// Tensor writes one developed tensor to dst [Tensor.Len].
func Tensor(dst, genotype []float32, t *model.Tensor) {
	if t.Encoding.Kind == model.Dense {
		copy(dst, t.Parts[0].Of(genotype))
		return
	}
	a, b := t.Parts[0].Of(genotype), t.Parts[1].Of(genotype)
	switch t.Orientation {
	case model.Plain:
		product(dst, a, b, t)
	case model.Transposed:
		transposed(dst, a, b, t)
	case model.Convolution:
		convolution(dst, a, b, t)
	}
	if t.Encoding.Kind == model.Hybrid {
		for i, d := range t.Parts[2].Of(genotype) {
			dst[i] += d
		}
	}
}

// product computes W[m][n] = Σ_k A[m][k]·B[k][n], row by row so that the inner
// loop runs along memory.
func product(dst, a, b []float32, t *model.Tensor) {
	rank, cols := t.Encoding.Rank, t.Cols
	for m := range t.Rows {
		row := dst[m*cols : (m+1)*cols]
		for k := range rank {
			addRow(row, a[m*rank+k], b[k*cols:(k+1)*cols], k == 0)
		}
	}
}

// addRow adds x·b to row, or sets row to it.
func addRow(row []float32, x float32, b []float32, first bool) {
	if first {
		for i := range row {
			row[i] = float32(x * b[i])
		}
		return
	}
	for i := range row {
		row[i] += float32(x * b[i])
	}
}

// transposed computes W[n][m] = Σ_k A[m][k]·B[k][n].
func transposed(dst, a, b []float32, t *model.Tensor) {
	for n := range t.Cols {
		for m := range t.Rows {
			dst[n*t.Rows+m] = dot(a, b, m, n, t)
		}
	}
}

// convolution computes W[o][i][r][c] = (A·B)[r + KR·(c + KC·i)][o] / 2.
func convolution(dst, a, b []float32, t *model.Tensor) {
	out, in, rows, cols := t.Shape[0], t.Shape[1], t.Shape[2], t.Shape[3]
	at := 0
	for o := range out {
		for i := range in {
			for r := range rows {
				for c := range cols {
					dst[at] = dot(a, b, r+rows*(c+cols*i), o, t) / 2
					at++
				}
			}
		}
	}
}

// dot is Σ_k A[m][k]·B[k][n] in the order of k.
func dot(a, b []float32, m, n int, t *model.Tensor) float32 {
	rank := t.Encoding.Rank
	sum := float32(a[m*rank] * b[n])
	for k := 1; k < rank; k++ {
		sum += float32(a[m*rank+k] * b[k*t.Cols+n])
	}
	return sum
}
