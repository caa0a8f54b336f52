package film

import (
	"bufio"
	"compress/lzw"
	"encoding/binary"
	"fmt"
	"image"
	"io"
)

// GIF writes an animated GIF (GIF89a) that repeats for ever. Each picture has
// its own palette: exact if it has at most 256 colours.
type GIF struct {
	w     *bufio.Writer
	delay uint16
	size  image.Point // of the pictures; zero before the first
	pal   palette
	pix   []byte // indices into the palette
}

// NewGIF begins a film whose pictures stand for delay hundredths of a second.
// Viewers slow down what is faster than 2.
func NewGIF(w io.Writer, delay int) *GIF {
	return &GIF{w: bufio.NewWriter(w), delay: uint16(min(max(delay, 0), 1<<16-1))}
}

// Add appends a picture.
func (g *GIF) Add(m *image.RGBA) error {
	size := m.Bounds().Size()
	if g.size == (image.Point{}) {
		g.begin(size)
	}
	if size != g.size {
		return fmt.Errorf("gif: a picture of %v in a film of %v", size, g.size)
	}
	g.pix = g.pal.index(m, g.pix)
	g.put([]byte{0x21, 0xf9, 4, 0}, g.delay, []byte{0, 0}) // graphic control: no transparency
	g.put([]byte{0x2c}, uint16(0), uint16(0), uint16(size.X), uint16(size.Y), byte(0x80|7))
	g.put(g.pal.table[:], byte(8)) // 256 colours, so 8 bits a pixel
	blocks := &subBlocks{w: g.w}
	compressed := lzw.NewWriter(blocks, lzw.LSB, 8)
	if _, err := compressed.Write(g.pix); err != nil {
		return fmt.Errorf("gif: %w", err)
	}
	if err := compressed.Close(); err != nil {
		return fmt.Errorf("gif: %w", err)
	}
	return blocks.end()
}

// begin writes the head: no palette for all, and the wish to be repeated.
func (g *GIF) begin(size image.Point) {
	g.size = size
	g.put([]byte("GIF89a"), uint16(size.X), uint16(size.Y), []byte{0x70, 0, 0})
	g.put([]byte{0x21, 0xff, 11}, []byte("NETSCAPE2.0"), []byte{3, 1, 0, 0, 0})
}

// put writes little-endian values; the writer remembers its error for Close.
func (g *GIF) put(values ...any) {
	for _, v := range values {
		binary.Write(g.w, binary.LittleEndian, v)
	}
}

// Close ends the film. The file is complete if there is no error.
func (g *GIF) Close() error {
	g.put(byte(0x3b))
	if err := g.w.Flush(); err != nil {
		return fmt.Errorf("gif: %w", err)
	}
	if g.size == (image.Point{}) {
		return fmt.Errorf("gif: a film without pictures")
	}
	return nil
}

// subBlocks cuts data into blocks of up to 255 bytes, each after its length.
type subBlocks struct {
	w     io.Writer
	block [256]byte
	n     int // bytes in it
}

func (s *subBlocks) Write(p []byte) (int, error) {
	for written := 0; ; {
		n := copy(s.block[1+s.n:], p[written:])
		s.n += n
		written += n
		if written == len(p) {
			return written, nil
		}
		if err := s.flush(); err != nil {
			return written, err
		}
	}
}

func (s *subBlocks) flush() error {
	s.block[0] = byte(s.n)
	_, err := s.w.Write(s.block[:1+s.n])
	s.n = 0
	return err
}

// end writes what is left, and the empty block that ends the data.
func (s *subBlocks) end() error {
	if s.n > 0 {
		if err := s.flush(); err != nil {
			return err
		}
	}
	return s.flush()
}
