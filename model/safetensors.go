package model

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"unicode/utf8"
)

// TensorFile is the content of a safetensors file: eight bytes that hold the
// length of a JSON header, the header, and the numbers, little-endian and
// row-major (https://huggingface.co/docs/safetensors).
type TensorFile struct {
	Metadata map[string]string
	Tensors  []NamedTensor // in the order of their bytes in the file
}

// NamedTensor is one array of a TensorFile. An empty shape is a scalar.
type NamedTensor struct {
	Name  string
	Shape []int
	Data  []float32 // product(Shape) numbers
}

// metadataKey is the one header entry that is not a tensor.
const metadataKey = "__metadata__"

// maxHeader is the Hugging Face library's limit for a header, in bytes.
const maxHeader = 100_000_000

// tensorTypes are the element types that become float32: F16 and BF16 exactly,
// F64 rounded (to ±Inf beyond the range).
var tensorTypes = map[string]struct {
	size  int
	value func([]byte) float32
}{
	"F16":  {2, func(b []byte) float32 { return halfToFloat32(binary.LittleEndian.Uint16(b)) }},
	"BF16": {2, func(b []byte) float32 { return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16) }},
	"F32":  {4, func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }},
	"F64":  {8, func(b []byte) float32 { return float32(math.Float64frombits(binary.LittleEndian.Uint64(b))) }},
}

// ReadSafetensors reads a whole file. It is as strict as the format's own
// library and a little more: a file with overlaps, holes, duplicate or unknown
// keys is refused. NaN and Inf are values like any other here; the caller
// decides what they mean. Errors name the file and the tensor.
func ReadSafetensors(path string) (*TensorFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("safetensors: %s: not a regular file", path)
	}
	file, err := DecodeSafetensors(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("safetensors: %s: %w", path, err)
	}
	return file, nil
}

// DecodeSafetensors reads the first size bytes of r, all of which must belong
// to the file. It allocates in proportion to size, whatever the header claims.
func DecodeSafetensors(r io.ReaderAt, size int64) (*TensorFile, error) {
	if size < 8 {
		return nil, fmt.Errorf("%d bytes are too few for a safetensors file: is it truncated?", size)
	}
	var length [8]byte
	if _, err := r.ReadAt(length[:], 0); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader || int64(n) > size-8 {
		return nil, fmt.Errorf("header of %d bytes in a file of %d: truncated, or not a safetensors file", n, size)
	}
	header := make([]byte, n)
	if _, err := io.ReadFull(io.NewSectionReader(r, 8, int64(n)), header); err != nil {
		return nil, err
	}
	file, entries, err := parseHeader(header)
	if err != nil {
		return nil, err
	}
	data := io.NewSectionReader(r, 8+int64(n), size-8-int64(n))
	if err := checkEntries(entries, data.Size()); err != nil {
		return nil, err
	}
	for _, e := range entries {
		t, err := e.read(data)
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", e.name, err)
		}
		file.Tensors = append(file.Tensors, t)
	}
	return file, nil
}

// tensorEntry is what the header says of one tensor; the bytes are counted
// from the end of the header.
type tensorEntry struct {
	name, dtype string
	shape       []int
	begin, end  int64
}

func parseHeader(header []byte) (*TensorFile, []tensorEntry, error) {
	if !utf8.Valid(header) || !json.Valid(header) {
		return nil, nil, fmt.Errorf("header is not JSON: damaged, or not a safetensors file")
	}
	file := &TensorFile{}
	var entries []tensorEntry
	err := eachMember(header, func(key string, value json.RawMessage) (err error) {
		if key == metadataKey {
			file.Metadata, err = parseMetadata(value)
			return err
		}
		e := tensorEntry{name: key}
		if err := e.parse(value); err != nil {
			return fmt.Errorf("tensor %q: %w", key, err)
		}
		entries = append(entries, e)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return file, entries, nil
}

func parseMetadata(value json.RawMessage) (map[string]string, error) {
	metadata := map[string]string{}
	err := eachMember(value, func(key string, value json.RawMessage) error {
		if value[0] != '"' {
			return fmt.Errorf("value of %q is not a string", key)
		}
		var s string
		err := json.Unmarshal(value, &s)
		metadata[key] = s
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", metadataKey, err)
	}
	return metadata, nil
}

func (e *tensorEntry) parse(value json.RawMessage) error {
	var shape, offsets []int64
	members := 0
	err := eachMember(value, func(key string, value json.RawMessage) (err error) {
		members++
		switch key {
		case "dtype":
			if err := json.Unmarshal(value, &e.dtype); err != nil {
				return fmt.Errorf("dtype is not a string")
			}
		case "shape":
			shape, err = parseSizes(value)
		case "data_offsets":
			offsets, err = parseSizes(value)
		default:
			err = fmt.Errorf("unknown header key %q", key)
		}
		return err
	})
	if err != nil {
		return err
	}
	if members != 3 || len(offsets) != 2 {
		return fmt.Errorf("header needs dtype, shape and two data_offsets")
	}
	e.begin, e.end = offsets[0], offsets[1]
	for _, d := range shape {
		e.shape = append(e.shape, int(d))
	}
	return nil
}

// parseSizes reads a JSON array of integers from 0 to 2^62.
func parseSizes(value json.RawMessage) ([]int64, error) {
	var numbers []*int64 // pointers, because null would pass for 0
	if err := json.Unmarshal(value, &numbers); err != nil || value[0] != '[' {
		return nil, fmt.Errorf("%.40s is not an array of integers", value)
	}
	sizes := make([]int64, len(numbers))
	for i, n := range numbers {
		if n == nil || *n < 0 || *n > 1<<62 {
			return nil, fmt.Errorf("%.40s is not an array of sizes", value)
		}
		sizes[i] = *n
	}
	return sizes, nil
}

// eachMember visits the members of a valid JSON object in order and refuses
// duplicate keys, which encoding/json would let pass.
func eachMember(object json.RawMessage, visit func(key string, value json.RawMessage) error) error {
	dec := json.NewDecoder(bytes.NewReader(object))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return fmt.Errorf("%.40s is not a JSON object", object)
	}
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return err
		}
		key := token.(string)
		if seen[key] {
			return fmt.Errorf("key %q stands twice in the header", key)
		}
		seen[key] = true
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		if err := visit(key, value); err != nil {
			return err
		}
	}
	return nil
}

// checkEntries sorts the entries by position and checks that they fill the
// data exactly, each with as many bytes as its shape and type need.
func checkEntries(entries []tensorEntry, size int64) error {
	slices.SortStableFunc(entries, func(a, b tensorEntry) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	end := int64(0)
	for _, e := range entries {
		switch kind, known := tensorTypes[e.dtype]; {
		case !known:
			return fmt.Errorf("tensor %q: type %q is not one of F16, BF16, F32, F64: convert the file", e.name, e.dtype)
		case e.begin > e.end || e.end > size:
			return fmt.Errorf("tensor %q: bytes %d to %d are not within the %d bytes of data: truncated?", e.name, e.begin, e.end, size)
		case e.begin < end:
			return fmt.Errorf("tensor %q: starts at byte %d, inside the tensor before it", e.name, e.begin)
		case e.begin > end:
			return fmt.Errorf("tensor %q: %d bytes before it belong to no tensor", e.name, e.begin-end)
		case !fills(e.shape, int64(kind.size), e.end-e.begin):
			return fmt.Errorf("tensor %q: shape %v of %s does not fill its %d bytes", e.name, e.shape, e.dtype, e.end-e.begin)
		}
		end = e.end
	}
	if end != size {
		return fmt.Errorf("%d bytes after the last tensor belong to no tensor", size-end)
	}
	return nil
}

// fills reports whether an array takes exactly that many bytes; no product
// overflows.
func fills(shape []int, elementSize, size int64) bool {
	if slices.Contains(shape, 0) {
		return size == 0
	}
	n := elementSize
	for _, d := range shape {
		if d < 0 || n > size/int64(d) {
			return false
		}
		n *= int64(d)
	}
	return n == size
}

func (e *tensorEntry) read(data *io.SectionReader) (NamedTensor, error) {
	raw := make([]byte, e.end-e.begin)
	if _, err := io.ReadFull(io.NewSectionReader(data, e.begin, int64(len(raw))), raw); err != nil {
		return NamedTensor{}, err
	}
	kind := tensorTypes[e.dtype]
	values := make([]float32, len(raw)/kind.size)
	for i := range values {
		values[i] = kind.value(raw[i*kind.size:])
	}
	return NamedTensor{Name: e.name, Shape: e.shape, Data: values}, nil
}

// halfToFloat32 widens an IEEE-754 binary16, exactly.
func halfToFloat32(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15), uint32(h>>10&31), uint32(h&1023)
	switch exponent {
	case 0: // zero and subnormals: fraction · 2^-24
		v := float32(fraction) * (1.0 / (1 << 24))
		return math.Float32frombits(math.Float32bits(v) | sign<<31)
	case 31: // infinity and NaN
		return math.Float32frombits(sign<<31 | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign<<31 | (exponent+127-15)<<23 | fraction<<13)
}
