package model

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"unicode/utf8"
)

// WriteSafetensors writes a file that the Hugging Face library loads: tensors
// as F32 in the given order, metadata sorted by key, the header padded with
// spaces to a multiple of eight bytes. Equal files give equal bytes.
func WriteSafetensors(w io.Writer, f *TensorFile) error {
	header, err := f.header()
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	if _, err := w.Write(header); err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	for i := range f.Tensors {
		if err := writeFloats(w, f.Tensors[i].Data); err != nil {
			return fmt.Errorf("safetensors: tensor %q: %w", f.Tensors[i].Name, err)
		}
	}
	return nil
}

// header returns the length and the padded JSON header.
func (f *TensorFile) header() ([]byte, error) {
	b := bytes.NewBuffer(make([]byte, 8)) // the length goes here at the end
	comma := "{"
	member := func(key string, value any) error {
		if !utf8.ValidString(key) {
			return fmt.Errorf("%q is not UTF-8", key)
		}
		name, _ := json.Marshal(key)
		text, err := json.Marshal(value)
		fmt.Fprintf(b, "%s%s:%s", comma, name, text)
		comma = ","
		return err
	}
	for key, value := range f.Metadata {
		if !utf8.ValidString(key + value) {
			return nil, fmt.Errorf("metadata: %q: %q is not UTF-8", key, value)
		}
	}
	if len(f.Metadata) > 0 {
		if err := member(metadataKey, f.Metadata); err != nil {
			return nil, err
		}
	}
	if err := f.tensorMembers(member); err != nil {
		return nil, err
	}
	if comma == "{" {
		b.WriteString("{")
	}
	b.WriteString("}")
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	if b.Len()-8 > maxHeader {
		return nil, fmt.Errorf("header of %d bytes: more than the format allows: use fewer tensors", b.Len()-8)
	}
	binary.LittleEndian.PutUint64(b.Bytes(), uint64(b.Len()-8))
	return b.Bytes(), nil
}

// tensorMembers emits each tensor's header entry, having checked that the
// tensor is what its entry says.
func (f *TensorFile) tensorMembers(member func(key string, value any) error) error {
	type entry struct {
		Type    string   `json:"dtype"`
		Shape   []int    `json:"shape"`
		Offsets [2]int64 `json:"data_offsets"`
	}
	seen := map[string]bool{metadataKey: true}
	offset := int64(0)
	for _, t := range f.Tensors {
		if seen[t.Name] {
			return fmt.Errorf("tensor %q: the name is taken", t.Name)
		}
		seen[t.Name] = true
		size := 4 * int64(len(t.Data))
		if !fills(t.Shape, 4, size) {
			return fmt.Errorf("tensor %q: shape %v does not fit its %d numbers", t.Name, t.Shape, len(t.Data))
		}
		shape := append([]int{}, t.Shape...) // a scalar's is [], not null
		if err := member(t.Name, entry{"F32", shape, [2]int64{offset, offset + size}}); err != nil {
			return err
		}
		offset += size
	}
	return nil
}

// writeFloats writes little-endian numbers through a small buffer.
func writeFloats(w io.Writer, values []float32) error {
	const chunk = 16 << 10
	buffer := make([]byte, 0, 4*min(chunk, len(values)))
	for len(values) > 0 {
		n := min(chunk, len(values))
		buffer = buffer[:0]
		for _, v := range values[:n] {
			buffer = binary.LittleEndian.AppendUint32(buffer, math.Float32bits(v))
		}
		if _, err := w.Write(buffer); err != nil {
			return err
		}
		values = values[n:]
	}
	return nil
}
