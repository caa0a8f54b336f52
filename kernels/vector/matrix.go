package vector

// Matrix is a view of weights: element (r, c) is Data[r·RowStride+c·ColStride],
// so a transposed or strided matrix needs no copy.
type Matrix struct {
	Data                 []float32
	Rows, Cols           int
	RowStride, ColStride int
}

// RowMajor returns the view of a [rows][cols] array.
func RowMajor(data []float32, rows, cols int) Matrix {
	return Matrix{Data: data, Rows: rows, Cols: cols, RowStride: cols, ColStride: 1}
}

// Transposed returns the same numbers with rows and columns exchanged.
func (m Matrix) Transposed() Matrix {
	return Matrix{Data: m.Data, Rows: m.Cols, Cols: m.Rows, RowStride: m.ColStride, ColStride: m.RowStride}
}

// RowRange returns rows [from, to).
func (m Matrix) RowRange(from, to int) Matrix {
	m.Data, m.Rows = m.Data[from*m.RowStride:], to-from
	return m
}

// length is how many numbers Data must have.
func (m Matrix) length() int {
	return (m.Rows-1)*m.RowStride + (m.Cols-1)*m.ColStride + 1
}
