package carracing

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
)

// GoldenFormat names the file format of traces and frames: gzip; inside, one
// line of JSON, padded with spaces to a multiple of 8 bytes with its newline,
// then arrays, little-endian and row-major, each padded to a multiple of 8.
const GoldenFormat = "carracing-golden-1"

// Golden is a file of that format. The script that records the real environment
// (docs of the header's fields stand there) writes the same.
type Golden struct {
	Header
	Arrays []Array
}

// Header is the line of JSON, without the arrays' index.
type Header struct {
	Format      string   `json:"format"`
	Kind        string   `json:"kind"` // "trace" or "frames"
	Seed        uint64   `json:"seed"`
	Program     *int     `json:"program,omitempty"` // number of the driver's program
	ProgramName string   `json:"program_name,omitempty"`
	Steps       int      `json:"steps"`
	Tiles       int      `json:"tiles"`
	Frames      int      `json:"frames,omitempty"`
	End         string   `json:"end,omitempty"`
	Return      *float64 `json:"return,omitempty"`
}

// Array is one array of numbers: F8, I4 or U1 holds the values.
type Array struct {
	Name  string
	Shape []int
	F8    []float64
	I4    []int32
	U1    []uint8
}

// arrayIndex is an array's entry in the line of JSON.
type arrayIndex struct {
	Name   string `json:"name"`
	DType  string `json:"dtype"`
	Shape  []int  `json:"shape"`
	Offset int    `json:"offset"` // from the end of the line
}

type goldenLine struct {
	Header
	Arrays []arrayIndex `json:"arrays"`
}

// Array is the array of that name, or nil.
func (g *Golden) Array(name string) *Array {
	for i := range g.Arrays {
		if g.Arrays[i].Name == name {
			return &g.Arrays[i]
		}
	}
	return nil
}

// ReadGolden reads a file of the format.
func ReadGolden(r io.Reader) (*Golden, error) {
	g, err := readGolden(r)
	if err != nil {
		return nil, fmt.Errorf("read golden file: %w", err)
	}
	return g, nil
}

func readGolden(r io.Reader) (*Golden, error) {
	unzip, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(unzip)
	if err != nil {
		return nil, err
	}
	head, body, found := bytes.Cut(raw, []byte("\n"))
	if !found {
		return nil, errors.New("no header line")
	}
	var line goldenLine
	if err := json.Unmarshal(head, &line); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if line.Format != GoldenFormat {
		return nil, fmt.Errorf("header: format %q, want %q", line.Format, GoldenFormat)
	}
	g := &Golden{Header: line.Header}
	for _, index := range line.Arrays {
		a, err := index.decode(body)
		if err != nil {
			return nil, fmt.Errorf("array %q: %w", index.Name, err)
		}
		g.Arrays = append(g.Arrays, a)
	}
	return g, nil
}

func (x arrayIndex) decode(body []byte) (Array, error) {
	size, ok := map[string]int{"f8": 8, "i4": 4, "u1": 1}[x.DType]
	if !ok {
		return Array{}, fmt.Errorf("dtype %q, want f8, i4 or u1", x.DType)
	}
	count := 1
	for _, n := range x.Shape {
		if n < 0 || n > 0 && count > len(body)/n {
			return Array{}, fmt.Errorf("shape %v does not fit into %d bytes", x.Shape, len(body))
		}
		count *= n
	}
	if x.Offset < 0 || x.Offset > len(body) || count > (len(body)-x.Offset)/size {
		return Array{}, fmt.Errorf("shape %v at %d runs past the end", x.Shape, x.Offset)
	}
	a := Array{Name: x.Name, Shape: x.Shape}
	values := body[x.Offset : x.Offset+count*size]
	switch x.DType {
	case "f8":
		a.F8 = make([]float64, count)
		for i := range a.F8 {
			a.F8[i] = math.Float64frombits(binary.LittleEndian.Uint64(values[8*i:]))
		}
	case "i4":
		a.I4 = make([]int32, count)
		for i := range a.I4 {
			a.I4[i] = int32(binary.LittleEndian.Uint32(values[4*i:]))
		}
	case "u1":
		a.U1 = values
	}
	return a, nil
}

// WriteTo writes the file; equal contents give equal bytes.
func (g *Golden) WriteTo(w io.Writer) (int64, error) {
	counter := &countingWriter{w: w}
	if err := g.write(counter); err != nil {
		return counter.n, fmt.Errorf("write golden file: %w", err)
	}
	return counter.n, nil
}

func (g *Golden) write(w io.Writer) error {
	line := goldenLine{Header: g.Header}
	line.Format = GoldenFormat
	var body []byte
	for i := range g.Arrays {
		a := &g.Arrays[i]
		line.Arrays = append(line.Arrays, arrayIndex{a.Name, a.dtype(), a.Shape, len(body)})
		body = pad8(a.appendTo(body), 0)
	}
	head, err := json.Marshal(line)
	if err != nil {
		return err
	}
	for (len(head)+1)%8 != 0 {
		head = append(head, ' ')
	}
	buffered := bufio.NewWriter(w)
	zip, err := gzip.NewWriterLevel(buffered, gzip.BestCompression)
	if err != nil {
		return err
	}
	for _, part := range [][]byte{head, {'\n'}, body} {
		if _, err := zip.Write(part); err != nil {
			return err
		}
	}
	if err := zip.Close(); err != nil {
		return err
	}
	return buffered.Flush()
}

func (a *Array) dtype() string {
	switch {
	case a.F8 != nil:
		return "f8"
	case a.I4 != nil:
		return "i4"
	}
	return "u1"
}

func (a *Array) appendTo(to []byte) []byte {
	for _, v := range a.F8 {
		to = binary.LittleEndian.AppendUint64(to, math.Float64bits(v))
	}
	for _, v := range a.I4 {
		to = binary.LittleEndian.AppendUint32(to, uint32(v))
	}
	return append(to, a.U1...)
}

func pad8(b []byte, with byte) []byte {
	for len(b)%8 != 0 {
		b = append(b, with)
	}
	return b
}

type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
