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

// Tensor writes one developed tensor to dst [Tensor.Len]:
//
//	plain         W[m][n]       = Σ_k A[m][k]·B[k][n]
//	transposed    W[n][m]       = Σ_k A[m][k]·B[k][n]
//	convolution   W[n][i][r][c] = Σ_k A[m][k]·B[k][n] / 2,  m = r + KR·(c + KC·i)
//	hybrid        the above + D
//
// The terms are added in the order of k.
func Tensor(dst, genotype []float32, t *model.Tensor) {
	if t.Encoding.Kind == model.Dense {
		copy(dst, t.Parts[0].Of(genotype))
		return
	}
	a, b := t.Parts[0].Of(genotype), t.Parts[1].Of(genotype)
	if t.Orientation == model.Plain {
		rowsOfB(dst, a, b, t)
	} else {
		rowsOfA(dst, a, b, t)
	}
	if t.Orientation == model.Convolution {
		for i := range dst {
			dst[i] *= 0.5
		}
	}
	if t.Encoding.Kind == model.Hybrid {
		for i, d := range t.Parts[2].Of(genotype) {
			dst[i] += d
		}
	}
}

// rowsOfB writes row m of a plain tensor as Σ_k A[m][k]·(row k of B), so that
// the inner loop runs along memory.
func rowsOfB(dst, a, b []float32, t *model.Tensor) {
	rank, cols := t.Encoding.Rank, t.Cols
	for m := range t.Rows {
		combine(dst[m*cols:(m+1)*cols], a[m*rank:], 1, b, cols, rank)
	}
}

// rowsOfA writes row n of the other tensors as Σ_k B[k][n]·(column k of A, in
// the order that the row has).
func rowsOfA(dst, a, b []float32, t *model.Tensor) {
	rank, rows := t.Encoding.Rank, t.Rows
	columns := make([]float32, rank*rows)
	for i := range rows {
		m := rowAt(t, i)
		for k := range rank {
			columns[k*rows+i] = a[m*rank+k]
		}
	}
	for n := range t.Cols {
		combine(dst[n*rows:(n+1)*rows], b[n:], t.Cols, columns, rows, rank)
	}
}

// rowAt returns the row of A·B that stands at position i of a row of a
// transposed tensor or convolution.
func rowAt(t *model.Tensor, i int) int {
	if t.Orientation != model.Convolution {
		return i
	}
	kernelRows, kernelCols := t.Shape[2], t.Shape[3]
	in, r, c := i/(kernelRows*kernelCols), i/kernelCols%kernelRows, i%kernelCols
	return r + kernelRows*(c+kernelCols*in)
}
