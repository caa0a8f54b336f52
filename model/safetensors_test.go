package model

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// decode reads a file held in memory.
func decode(data []byte) (*TensorFile, error) {
	return DecodeSafetensors(bytes.NewReader(data), int64(len(data)))
}

func encode(t testing.TB, f *TensorFile) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteSafetensors(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withHeader is a file of that header and n bytes of zeros.
func withHeader(header string, n int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, n)...)
}

// sample has a scalar, an empty array, awkward names and awkward numbers.
var sample = &TensorFile{
	Metadata: map[string]string{"b": "2", "a": "<é> \"quoted\"\n", "": ""},
	Tensors: []NamedTensor{
		{"z.weight", []int{2, 3}, []float32{1, -2, 3.5, math.MaxFloat32, math.SmallestNonzeroFloat32, float32(math.Copysign(0, -1))}},
		{"scalar", nil, []float32{float32(math.Inf(-1))}},
		{"empty", []int{3, 0, 1 << 40}, []float32{}},
		{"ünï \\ \"name\"", []int{1}, []float32{0.1}},
	},
}

func TestSafetensorsRoundTrip(t *testing.T) {
	data := encode(t, sample)
	if got := binary.LittleEndian.Uint64(data); (8+got)%8 != 0 {
		t.Errorf("header of %d bytes: data is not aligned", got)
	}
	got, err := decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, sample) {
		t.Errorf("read %+v, want %+v", got, sample)
	}
	large := &TensorFile{Tensors: []NamedTensor{{"large", []int{3, 20000}, ramp(60000)}}} // more than one buffer
	if got, err := decode(encode(t, large)); err != nil || !reflect.DeepEqual(got, large) {
		t.Errorf("large file: %v", err)
	}
	if none, err := decode(encode(t, &TensorFile{})); err != nil || len(none.Tensors) != 0 || len(none.Metadata) != 0 {
		t.Errorf("empty file: %+v, %v", none, err)
	}
}

// TestSafetensorsGolden pins the written bytes: written.safetensors was made
// by this code and loaded by the Hugging Face library.
func TestSafetensorsGolden(t *testing.T) {
	want, err := os.ReadFile("testdata/safetensors/written.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	if got := encode(t, sample); !bytes.Equal(got, want) {
		t.Errorf("wrote\n%s, want\n%s", hex.Dump(got), hex.Dump(want))
	}
}

// TestSafetensorsLoadsInLibrary asks the Hugging Face library what it reads in
// what we write.
func TestSafetensorsLoadsInLibrary(t *testing.T) {
	if err := exec.Command("python3", "-c", "import safetensors.numpy").Run(); err != nil {
		t.Skip("1 check skipped: python3 has no safetensors and numpy: TestSafetensorsGolden stands in")
	}
	path := filepath.Join(t.TempDir(), "sample.safetensors")
	if err := os.WriteFile(path, encode(t, sample), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("python3", "testdata/safetensors/make.py", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	var seen struct {
		Metadata map[string]string
		Tensors  map[string]struct {
			Type, Bytes string
			Shape       []int
		}
	}
	if err := json.Unmarshal(out, &seen); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(seen.Metadata, sample.Metadata) || len(seen.Tensors) != len(sample.Tensors) {
		t.Errorf("metadata %q and %d tensors", seen.Metadata, len(seen.Tensors))
	}
	for _, want := range sample.Tensors {
		var raw bytes.Buffer
		writeFloats(&raw, want.Data)
		got := seen.Tensors[want.Name]
		if got.Type != "float32" || !slices.Equal(got.Shape, want.Shape) || got.Bytes != hex.EncodeToString(raw.Bytes()) {
			t.Errorf("%s: %+v", want.Name, got)
		}
	}
}

// TestSafetensorsTypes reads what the library wrote from float64 values.
func TestSafetensorsTypes(t *testing.T) {
	f, err := ReadSafetensors("testdata/safetensors/types.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]string{"made by": "make.py, é"}; !reflect.DeepEqual(f.Metadata, want) {
		t.Errorf("metadata %q, want %q", f.Metadata, want)
	}
	inf := float32(math.Inf(1))
	exact := []float32{0, float32(math.Copysign(0, -1)), 1, -2.5, 65504, 0x1p-24, 0x1p-14, 1 / 3., inf, -inf}
	half, brain := slices.Clone(exact), slices.Clone(exact)
	half[7], brain[7], brain[4] = 0.333251953125, 0.333984375, 65536
	want := map[string]NamedTensor{
		"double": {"double", []int{10}, exact}, "single": {"single", []int{5, 2}, exact},
		"half": {"half", []int{10}, half}, "brain": {"brain", []int{10}, brain},
		"scalar": {"scalar", nil, []float32{7}}, "empty": {"empty", []int{0, 3}, []float32{}},
	}
	if len(f.Tensors) != len(want) {
		t.Errorf("%d tensors, want %d", len(f.Tensors), len(want))
	}
	for _, got := range f.Tensors {
		w := want[got.Name]
		same := slices.EqualFunc(got.Data, w.Data, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) })
		if !same || !slices.Equal(got.Shape, w.Shape) {
			t.Errorf("%+v, want %+v", got, w)
		}
	}
}

// TestHalfToFloat32 compares all 65,536 halves with their definition.
func TestHalfToFloat32(t *testing.T) {
	for h := range 1 << 16 {
		sign, exponent, fraction := 1-2*float64(h>>15), h>>10&31, float64(h&1023)
		want := sign * math.Ldexp(1+fraction/1024, exponent-15)
		switch {
		case exponent == 0:
			want = sign * math.Ldexp(fraction, -24)
		case exponent == 31 && fraction == 0:
			want = math.Inf(int(sign))
		case exponent == 31:
			want = math.NaN()
		}
		got := float64(halfToFloat32(uint16(h)))
		if got != want && !(math.IsNaN(got) && math.IsNaN(want)) || math.Signbit(got) != (h>>15 == 1) {
			t.Fatalf("%#04x: %v, want %v", h, got, want)
		}
	}
}

func TestSafetensorsRefused(t *testing.T) {
	one := func(name, rest string) string { return fmt.Sprintf(`{%q:{%s}}`, name, rest) }
	good := `"dtype":"F32","shape":[2],"data_offsets":[0,8]`
	for _, c := range []struct {
		name, header string
		n            int
		want         string // part of the error
	}{
		{"not JSON", `{"a":`, 0, "not JSON"},
		{"trailing text", `{} {}`, 0, "not JSON"},
		{"not UTF-8", "{\"\xff\":1}", 0, "not JSON"},
		{"array", `[]`, 0, "not a JSON object"},
		{"tensor is a number", `{"a":1}`, 0, `tensor "a": 1 is not a JSON object`},
		{"duplicate tensor", `{"a":{` + good + `},"a":{` + good + `}}`, 8, `"a" stands twice`},
		{"duplicate key", one("a", good+`,"dtype":"F32"`), 8, `"dtype" stands twice`},
		{"duplicate metadata", `{"__metadata__":{"k":"1","k":"2"}}`, 0, `"k" stands twice`},
		{"metadata is a number", `{"__metadata__":{"k":1}}`, 0, `"k" is not a string`},
		{"metadata is a list", `{"__metadata__":[]}`, 0, "__metadata__"},
		{"unknown key", one("a", good+`,"x":1`), 8, `unknown header key "x"`},
		{"missing key", one("a", `"dtype":"F32","shape":[2]`), 0, "needs dtype"},
		{"three offsets", one("a", `"dtype":"F32","shape":[2],"data_offsets":[0,4,8]`), 8, "needs dtype"},
		{"null shape", one("a", `"dtype":"F32","shape":null,"data_offsets":[0,4]`), 4, "null is not an array"},
		{"null in shape", one("a", `"dtype":"F32","shape":[null],"data_offsets":[0,0]`), 0, "not an array of sizes"},
		{"negative size", one("a", `"dtype":"F32","shape":[-2,-1],"data_offsets":[0,8]`), 8, "not an array of sizes"},
		{"fractional size", one("a", `"dtype":"F32","shape":[2.0],"data_offsets":[0,8]`), 8, "not an array of integers"},
		{"huge size", one("a", `"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]`), 0, "does not fill"},
		{"bytes of nothing", one("a", `"dtype":"F32","shape":[2,0],"data_offsets":[0,8]`), 8, "does not fill"},
		{"missing shape", one("a", `"dtype":"F32","data_offsets":[0,4]`), 4, "needs dtype"},
		{"type", one("a", `"dtype":"I64","shape":[1],"data_offsets":[0,8]`), 8, `tensor "a": type "I64"`},
		{"type is a number", one("a", `"dtype":4,"shape":[1],"data_offsets":[0,8]`), 8, "dtype is not a string"},
		{"shape", one("a", `"dtype":"F32","shape":[3],"data_offsets":[0,8]`), 8, `tensor "a": shape [3]`},
		{"type against shape", one("a", `"dtype":"F64","shape":[2],"data_offsets":[0,8]`), 8, `shape [2] of F64`},
		{"backwards", one("a", `"dtype":"F32","shape":[2],"data_offsets":[8,0]`), 8, "bytes 8 to 0"},
		{"truncated data", one("a", good), 7, "truncated"},
		{"trailing data", one("a", good), 9, "1 bytes after the last"},
		{"hole", one("a", `"dtype":"F32","shape":[1],"data_offsets":[4,8]`), 8, "4 bytes before it"},
		{"overlap", `{"a":{` + good + `},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}`, 12, `tensor "b": starts at byte 4`},
	} {
		_, err := decode(withHeader(c.header, c.n))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
	if _, err := decode(withHeader(one("a", good), 8)); err != nil {
		t.Errorf("the good header of this test: %v", err)
	}
}

func TestSafetensorsRefusedFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	whole := encode(t, sample)
	for _, path := range []string{
		dir, filepath.Join(dir, "absent"), write("empty", nil), write("huge", bytes.Repeat([]byte{255}, 64)),
		write("text", []byte("once upon a time there was")),
	} {
		if _, err := ReadSafetensors(path); err == nil || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v", path, err)
		}
	}
	if _, err := decode(whole[:100]); err == nil || !strings.Contains(err.Error(), "in a file of 100: truncated") {
		t.Errorf("half a header: %v", err)
	}
	for n := range whole {
		if _, err := decode(whole[:n]); err == nil {
			t.Errorf("a file cut to %d of %d bytes was accepted", n, len(whole))
		}
	}
}

func TestSafetensorsNotWritten(t *testing.T) {
	x := []float32{1}
	for name, f := range map[string]*TensorFile{
		"twice":        {Tensors: []NamedTensor{{"a", nil, x}, {"a", nil, x}}},
		"reserved":     {Tensors: []NamedTensor{{"__metadata__", nil, x}}},
		"shape":        {Tensors: []NamedTensor{{"a", []int{2}, x}}},
		"negative":     {Tensors: []NamedTensor{{"a", []int{-1, -1}, x}}},
		"not UTF-8":    {Tensors: []NamedTensor{{"\xff", nil, x}}},
		"bad metadata": {Metadata: map[string]string{"k": "\xff"}},
	} {
		var b bytes.Buffer
		if err := WriteSafetensors(&b, f); err == nil || b.Len() > 0 {
			t.Errorf("%s: %d bytes were written, error %v", name, b.Len(), err)
		}
	}
}

// FuzzSafetensors checks that no input panics and that what is accepted comes
// back the same from a second reading.
func FuzzSafetensors(f *testing.F) {
	f.Add(encode(f, sample))
	f.Add(withHeader(`{"a":{"dtype":"BF16","shape":[2,2],"data_offsets":[0,8]}}`, 8))
	f.Add(withHeader(`{"__metadata__":{"heads":"1"},"a":{"dtype":"F64","shape":[],"data_offsets":[0,8]}}   `, 8))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := decode(data)
		if err != nil {
			return
		}
		first := encode(t, file)
		again, err := decode(first)
		if err != nil {
			t.Fatal(err)
		}
		if second := encode(t, again); !bytes.Equal(first, second) {
			t.Errorf("%q then %q", first, second)
		}
	})
}
