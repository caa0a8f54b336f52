package conv

import (
	"math"

	"github.com/evorank/evorank/kernels/vector"
)

// grid holds the maps of several images, [image][channel][row][column] in one
// of two arrangements:
//
//	Channels  [image][row][column][channel]
//	Columns   [panel][phase][row][channel][lane]
//
// A panel's lanes are those of vector: perPanel images with group lanes each,
// and column s·j + phase of an image lies in its lane j, where s is the stride
// of the layer that reads the map. So the inputs that one weight meets along a
// row of outputs lie beside each other.
type grid struct {
	channels, side int
	phases         int // s, or 1
	group          int // lanes of an image, or 0
	perPanel       int // images, or 1
	panelSize      int
	rowStride      int
	channelStride  int
	column         []int // offset of each column
	data           []float32
}

// newGrid makes a grid for a number of images, as input of a layer that has
// the given lanes and stride.
func newGrid(lanes Lanes, channels, side, stride, images int) *grid {
	g := &grid{channels: channels, side: side, phases: 1, perPanel: 1, rowStride: side * channels, channelStride: 1}
	slack := 0
	if lanes == Columns {
		g.phases, g.group = stride, (side+stride-1)/stride
		g.perPanel = vector.Width / g.group
		g.rowStride, g.channelStride = channels*vector.Width, vector.Width
		slack = vector.Width // lanes that are read from column v on end in the next row
	}
	g.panelSize = g.phases * side * g.rowStride
	for c := range side {
		at := c * channels
		if lanes == Columns {
			at = c%stride*side*g.rowStride + c/stride
		}
		g.column = append(g.column, at)
	}
	panels := (images + g.perPanel - 1) / g.perPanel
	g.data = make([]float32, panels*g.panelSize+slack)
	return g
}

// base is the offset of an image.
func (g *grid) base(image int) int {
	return image/g.perPanel*g.panelSize + image%g.perPanel*g.group
}

// read fills the maps of one image with bytes.
func (g *grid) read(stack Images, image, each int) {
	data := g.data[g.base(image):]
	for k, from := range stack {
		for row := range g.side {
			to := data[row*g.rowStride+k*each*g.channelStride:]
			pixels := from[row*g.side*each:][:g.side*each]
			if each == 3 {
				readRGB(to, pixels, g.column, g.channelStride)
				continue
			}
			for i, b := range pixels {
				to[g.column[i/each]+i%each*g.channelStride] = float32(b)
			}
		}
	}
}

// readRGB is the loop that every step of a game goes through, once a pixel.
func readRGB(to []float32, pixels []uint8, column []int, channelStride int) {
	red, green, blue := to, to[channelStride:], to[2*channelStride:]
	for i, at := range column {
		p := pixels[3*i : 3*i+3 : 3*i+3]
		red[at] = float32(p[0])
		green[at] = float32(p[1])
		blue[at] = float32(p[2])
	}
}

// sink is where sums go: to maps, plus a bias, and not below a floor.
type sink struct {
	grid  *grid
	bias  []float32
	floor float32 // 0 for relu; −Inf changes nothing
}

var noFloor = float32(math.Inf(-1))

// put stores one row of one image, the channels from number first on. Sum
// (channel, column) is sums[channel·channelStride + column·columnStride].
func (s *sink) put(sums []float32, channelStride, columnStride, image, row, first, channels int) {
	g := s.grid
	bias := s.bias[first : first+channels]
	to := g.data[g.base(image)+row*g.rowStride+first*g.channelStride:]
	if g.channelStride == 1 && channelStride == 1 {
		for c, at := range g.column {
			out, in := to[at:][:channels], sums[c*columnStride:][:channels]
			for i, b := range bias {
				out[i] = max(in[i]+b, s.floor)
			}
		}
		return
	}
	for i, b := range bias {
		out, in := to[i*g.channelStride:], sums[i*channelStride:]
		for c, at := range g.column {
			out[at] = max(in[c*columnStride]+b, s.floor)
		}
	}
}
