package conv

import (
	"github.com/evorank/evorank/kernels/vector"
)

// layer is one layer at work: its weights as the products want them, and the
// maps that it reads and writes.
type layer struct {
	geometry
	Choice
	in, out *grid
	inner   *grid // factored: the filters' sums, arranged as out is
	floor   float32

	bias      []float32
	filters   []float32 // packed for Lanes
	expansion []float32 // packed for the lanes of out
}

// filterCount is the number of filters that meet the input.
func (l *layer) filterCount() int {
	if l.Application == Factored {
		return l.Rank
	}
	return l.outputs
}

// workspace is what products need besides maps.
type workspace struct {
	kernels *vector.Kernels
	sums    []float32 // one product's results
	ones    []float32 // [Width]
	zeros   []float32 // a bias of nothing, as long as the largest rank
}

// run computes the layer's outputs for so many images.
func (l *layer) run(w *workspace, images int) {
	to := sink{l.out, l.bias, l.floor}
	if l.Application == Factored {
		to = sink{l.inner, w.zeros, noFloor}
	}
	if l.Lanes == Columns {
		l.filterColumns(w, &to, images)
	} else {
		l.filterChannels(w, &to, images)
	}
	if l.Application == Factored {
		l.expand(w, images)
	}
}

// filterColumns has columns of the images of a panel in lanes. The inputs that
// kernel column v meets are the lanes from v/s on of phase v mod s.
//
//	sums[n][image, column] = Σ_v filters[v] [n][u, channel] · in[u, channel][lanes]
func (l *layer) filterColumns(w *workspace, to *sink, images int) {
	n, size := l.filterCount(), l.kernel*l.channels
	for first := 0; first < images; first += l.in.perPanel {
		count := min(l.in.perPanel, images-first)
		lanes := units(count * l.in.group)
		for row := range l.outSide {
			for v := range l.kernel {
				filters := vector.RowMajor(l.filters[v*n*size:], n, size)
				x := l.in.data[l.in.base(first)+(v%l.stride*l.side+row*l.stride)*l.in.rowStride+v/l.stride:]
				if v == 0 {
					w.kernels.Product(w.sums, vector.Width, filters, x, nil, lanes)
				} else {
					w.kernels.Accumulate(w.sums, vector.Width, filters, x, w.ones, lanes)
				}
			}
			for i := range count {
				to.put(w.sums[i*l.in.group:], vector.Width, 1, first+i, row, 0, n)
			}
		}
	}
}

// filterChannels has filters in lanes; the inputs that kernel row u meets along
// a row of outputs are a matrix with one row for each of these.
//
//	sums[column][n] = Σ_u in[column] [v, channel] · filters[u] [v, channel][n]
//
// Where there is one position only, its matrix has one row for each image.
func (l *layer) filterChannels(w *workspace, to *sink, images int) {
	n, size := l.filterCount(), l.kernel*l.channels
	for first := 0; first < n; first += vector.Width {
		panel := l.filters[first*l.kernel*size:]
		count := min(vector.Width, n-first)
		x := vector.Matrix{Rows: l.outSide, Cols: size, RowStride: l.stride * l.channels, ColStride: 1}
		if l.outSide == 1 {
			x.Rows, x.RowStride = images, l.in.panelSize
			l.sumRows(w, x, 0, 0, panel, units(count))
			for image := range images {
				to.put(w.sums[image*vector.Width:], 1, vector.Width, image, 0, first, count)
			}
			continue
		}
		for image := range images {
			for row := range l.outSide {
				l.sumRows(w, x, image, row, panel, units(count))
				to.put(w.sums, 1, vector.Width, image, row, first, count)
			}
		}
	}
}

// sumRows adds up the products of the kernel's rows.
func (l *layer) sumRows(w *workspace, x vector.Matrix, image, row int, panel []float32, lanes int) {
	size := x.Cols * vector.Width
	for u := range l.kernel {
		x.Data = l.in.data[l.in.base(image)+(row*l.stride+u)*l.in.rowStride:]
		if u == 0 {
			w.kernels.Product(w.sums, vector.Width, x, panel, nil, lanes)
		} else {
			w.kernels.Accumulate(w.sums, vector.Width, x, panel[u*size:], w.ones, lanes)
		}
	}
}

// expand makes the outputs of a factored layer from its filters' sums, which
// lie where the outputs are to lie.
func (l *layer) expand(w *workspace, images int) {
	if l.out.group > 0 {
		l.expandColumns(w, images)
	} else {
		l.expandChannels(w, images)
	}
}

func (l *layer) expandColumns(w *workspace, images int) {
	matrix := vector.RowMajor(l.expansion, l.outputs, l.Rank)
	product := w.kernels.Product
	if l.floor == 0 {
		product = w.kernels.ProductReLU
	}
	for first := 0; first < images; first += l.out.perPanel {
		lanes := units(min(l.out.perPanel, images-first) * l.out.group)
		for row := range l.out.phases * l.out.side {
			x := l.inner.data[l.inner.base(first)+row*l.inner.rowStride:]
			y := l.out.data[l.out.base(first)+row*l.out.rowStride:]
			product(y, vector.Width, matrix, x, l.bias, lanes)
		}
	}
}

func (l *layer) expandChannels(w *workspace, images int) {
	to := sink{l.out, l.bias, l.floor}
	for first := 0; first < l.outputs; first += vector.Width {
		count := min(vector.Width, l.outputs-first)
		panel := l.expansion[first*l.Rank:]
		for image := range images {
			for row := range l.outSide {
				x := vector.RowMajor(l.inner.data[l.inner.base(image)+row*l.inner.rowStride:], l.outSide, l.Rank)
				w.kernels.Product(w.sums, vector.Width, x, panel, nil, units(count))
				to.put(w.sums, 1, vector.Width, image, row, first, count)
			}
		}
	}
}

// load packs a layer's weights. The filters are divided, so that they can meet
// bytes; scratch has room for the rank's filters.
func (l *layer) load(from *Layer, divisor float32, scratch []float32) {
	copy(l.bias, from.Bias)
	filters := from.W
	if l.Application == Factored {
		filters = scratch[:l.Rank*l.inputs()]
		for rank := range l.Rank {
			from.filter(filters[rank*l.inputs():][:l.inputs()], l.geometry, rank)
		}
		l.packExpansion(&from.Weight)
	}
	if l.Lanes == Columns {
		l.packColumns(filters, divisor)
	} else {
		l.packChannels(filters, divisor)
	}
}

// packColumns sets filters to [v][n][u][channel].
func (l *layer) packColumns(from []float32, divisor float32) {
	n, size := l.filterCount(), l.kernel*l.channels
	for i := range n {
		for channel := range l.channels {
			for u := range l.kernel {
				row := from[((i*l.channels+channel)*l.kernel+u)*l.kernel:][:l.kernel]
				for v, f := range row {
					l.filters[(v*n+i)*size+u*l.channels+channel] = f / divisor
				}
			}
		}
	}
}

// packChannels sets filters to [panel][u][v][channel][lane].
func (l *layer) packChannels(from []float32, divisor float32) {
	size := l.inputs()
	for i := range l.filterCount() {
		panel := l.filters[i/vector.Width*size*vector.Width+i%vector.Width:]
		for channel := range l.channels {
			window := from[(i*l.channels+channel)*l.kernel*l.kernel:][:l.kernel*l.kernel]
			for at, f := range window {
				panel[(at*l.channels+channel)*vector.Width] = f / divisor
			}
		}
	}
}

// packExpansion sets expansion to [output][rank], or [panel][rank][lane].
func (l *layer) packExpansion(from *Weight) {
	for o := range l.outputs {
		for rank := range l.Rank {
			at := o*l.Rank + rank
			if l.out.group == 0 {
				at = (o/vector.Width*l.Rank+rank)*vector.Width + o%vector.Width
			}
			l.expansion[at] = from.expansion(l.geometry, o, rank)
		}
	}
}

// panelled is the length of n numbers in whole panels.
func panelled(n int) int { return (n + vector.Width - 1) / vector.Width * vector.Width }
