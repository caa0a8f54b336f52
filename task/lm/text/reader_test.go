package text

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"
)

// put writes a file for one test and returns its path.
func put(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func gzipped(t testing.TB, data string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := io.WriteString(w, data)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zstded(t testing.TB, data string) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll([]byte(data), nil)
}

// readAll returns the stories, how many were skipped, and the error.
func readAll(s Source) (stories []string, skipped int, err error) {
	r, err := s.Open()
	if err != nil {
		return nil, 0, err
	}
	defer r.Close()
	for story, err := range r.All() {
		if err != nil {
			return stories, r.Skipped(), err
		}
		stories = append(stories, story)
	}
	return stories, r.Skipped(), nil
}

func TestFormats(t *testing.T) {
	tests := []struct {
		name, file, data string
		source           Source
		want             []string
		skipped          int
	}{
		{"separated", "a.txt", "one\ntwo\n<|endoftext|>\nthree\n<|endoftext|>\n", Source{}, []string{"one\ntwo", "three"}, 0},
		{"no last separator", "a.txt", "one\n<|endoftext|>\ntwo", Source{}, []string{"one", "two"}, 0},
		{"no last separator but a newline", "a.txt", "one\n<|endoftext|>\ntwo\n", Source{}, []string{"one", "two"}, 0},
		{"last separator without newline", "a.txt", "one\n<|endoftext|>\ntwo\n<|endoftext|>", Source{}, []string{"one", "two"}, 0},
		{"carriage returns", "a.txt", "one\r\ntwo\r\n<|endoftext|>\r\nthree\r\n<|endoftext|>\r\n", Source{}, []string{"one\ntwo", "three"}, 0},
		{"separators first and twice", "a.txt", "<|endoftext|>\none\n<|endoftext|>\n<|endoftext|>\n \n<|endoftext|>\ntwo\n", Source{}, []string{"one", "two"}, 3},
		{"blank lines inside", "a.txt", "\none\n\n<|endoftext|>\n\n\ntwo\n", Source{}, []string{"\none\n", "\n\ntwo"}, 0},
		{"separator inside a line", "a.txt", "one <|endoftext|>\n<|endoftext|> two\n<|endoftext|>\n", Source{}, []string{"one <|endoftext|>\n<|endoftext|> two"}, 0},
		{"separated by name", "a.txt", "one\ntwo\n", Source{Format: Separated}, []string{"one\ntwo"}, 0},
		{"blank line at the end", "a.txt", "one\n<|endoftext|>\n\n", Source{}, []string{"one"}, 1},
		{"no line that is a separator", "a.txt", "<|endoftext|> one\n <|endoftext|>\n", Source{}, []string{"<|endoftext|> one", " <|endoftext|>"}, 0},
		{"byte-order mark", "a.txt", "\ufeffone\n<|endoftext|>\ntwo\n", Source{}, []string{"one", "two"}, 0},

		{"lines", "a.txt", "one\n\ntwo\r\n \t\nthree", Source{}, []string{"one", "two", "three"}, 2},
		{"lines by name", "a.jsonl", "one\n<|endoftext|>\n", Source{Format: Lines}, []string{"one", "<|endoftext|>"}, 0},
		{"limit", "a.txt", "\none\ntwo\n\nthree\n", Source{Limit: 2}, []string{"one", "two"}, 1},
		{"limit before a fault", "a.txt", "one\ntwo\n\xff\n", Source{Limit: 2}, []string{"one", "two"}, 0},

		{"jsonl", "a.jsonl", `{"text": "one\ntwo", "n": 1}` + "\n\n" + `{"text": " "}` + "\n" + `{"n": {}, "text": "thr\u00e9e"}`, Source{}, []string{"one\ntwo", "thrée"}, 2},
		{"jsonl by name", "a.txt", `{"story": "one"}` + "\n", Source{Format: JSONL, Field: "story"}, []string{"one"}, 0},
		{"jsonl with carriage returns", "a.JSONL", `{"text": "one"}` + "\r\n" + `{"text": "two"}` + "\r\n", Source{}, []string{"one", "two"}, 0},
		{"jsonl with a separator", "a.jsonl", `{"text": "one\n<|endoftext|>\ntwo"}` + "\n", Source{}, []string{"one\n<|endoftext|>\ntwo"}, 0},
		{"field names have case", "a.jsonl", `{"Text": "no", "text": "yes"}` + "\n", Source{}, []string{"yes"}, 0},
	}
	for _, test := range tests {
		packings := map[string][]byte{"": []byte(test.data), ".gz": gzipped(t, test.data), ".zst": zstded(t, test.data)}
		for suffix, data := range packings {
			s := test.source
			s.Path = put(t, test.file+suffix, data)
			got, skipped, err := readAll(s)
			if err != nil || !slices.Equal(got, test.want) || skipped != test.skipped {
				t.Errorf("%s%s: got %q, %d skipped, %v\nwant %q, %d skipped", test.name, suffix, got, skipped, err, test.want, test.skipped)
			}
		}
	}
}

func TestCompressionIsToldByContent(t *testing.T) {
	joined := append(gzipped(t, "one\n"), gzipped(t, "two\n")...)
	got, _, err := readAll(Source{Path: put(t, "plain.txt", joined)})
	if want := []string{"one", "two"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestFormatIsReported(t *testing.T) {
	for data, want := range map[string]Format{"a\n": Lines, "a\n<|endoftext|>\nb": Separated} {
		r, err := Source{Path: put(t, "a.txt", []byte(data))}.Open()
		if err != nil {
			t.Fatal(err)
		}
		if r.Format() != want {
			t.Errorf("%q is %s, want %s", data, r.Format(), want)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestErrorsNameFileAndLine(t *testing.T) {
	long := strings.Repeat("a story of some length that compresses badly? 12345 ", 5000)
	tests := []struct {
		name, file string
		data       []byte
		source     Source
		want       string // after "read stories: FILE: "
	}{
		{"empty file", "a.txt", nil, Source{}, "the file is empty"},
		{"empty inside", "a.gz", gzipped(t, ""), Source{}, "no stories (0 empty ones skipped)"},
		{"only empty stories", "a.txt", []byte("\n \n\n"), Source{}, "no stories (3 empty ones skipped)"},
		{"only separators", "a.txt", []byte("<|endoftext|>\n<|endoftext|>\n"), Source{}, "no stories (2 empty ones skipped)"},
		{"unknown format", "a.txt", []byte("one"), Source{Format: "csv"}, `unknown format "csv": use auto, separated, lines or jsonl`},
		{"encoding", "a.txt", []byte("one\ntwo\xff\n"), Source{}, "line 2: broken UTF-8: byte 0xff at offset 7 of the text: convert the file to UTF-8"},
		{"encoding in a separated file", "a.txt", []byte("one\r\n<|endoftext|>\r\nt\xc3"), Source{}, "line 3: broken UTF-8: byte 0xc3 at offset 21 of the text: convert the file to UTF-8"},
		{"UTF-16", "a.txt", []byte("\xff\xfeo\x00n\x00"), Source{}, "line 1: broken UTF-8: byte 0xff at offset 0 of the text: convert the file to UTF-8"},
		{"after a byte-order mark", "a.txt", []byte("\ufeff\xff"), Source{}, "line 1: broken UTF-8: byte 0xff at offset 3 of the text: convert the file to UTF-8"},
		{"half a surrogate", "a.txt", []byte("\xed\xa0\x80"), Source{}, "line 1: broken UTF-8: byte 0xed at offset 0 of the text: convert the file to UTF-8"},

		{"bad JSON", "a.jsonl", []byte(`{"text": "one"}` + "\n" + `{"text": "two}`), Source{}, "line 2: not a JSON object: unexpected end of JSON input"},
		{"JSON text", "a.jsonl", []byte(`"one"`), Source{}, "line 1: a JSON string, not an object"},
		{"JSON null", "a.jsonl", []byte(`null`), Source{}, "line 1: a JSON null, not an object"},
		{"two objects", "a.jsonl", []byte(`{"text":"a"} {"text":"b"}`), Source{}, "line 1: not a JSON object: invalid character '{' after top-level value"},
		{"missing field", "a.jsonl", []byte(`{"id": 1, "story": "one"}`), Source{}, `line 1: no field "text": there is ["id" "story"]`},
		{"many other fields", "a.jsonl", []byte(`{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1}`), Source{}, `line 1: no field "text": there is ["a" "b" "c" "d" "e"], …`},
		{"no fields", "a.jsonl", []byte(`{}`), Source{}, `line 1: no field "text": there is none`},
		{"number", "a.jsonl", []byte("\n" + `{"text": 12}`), Source{}, `line 2: field "text" is a number, not a string`},
		{"null", "a.jsonl", []byte(`{"text": null}`), Source{}, `line 1: field "text" is null, not a string`},
		{"list", "a.jsonl", []byte(`{"text": ["one"]}`), Source{}, `line 1: field "text" is a list, not a string`},
		{"object", "a.jsonl", []byte(`{"text": {}}`), Source{}, `line 1: field "text" is an object, not a string`},
		{"boolean", "a.jsonl", []byte(`{"text": true}`), Source{}, `line 1: field "text" is a boolean, not a string`},
		{"another field", "a.jsonl", []byte(`{"text": "one"}`), Source{Field: "story"}, `line 1: no field "story": there is ["text"]`},

		{"cut gzip", "a.gz", cut(gzipped(t, "one\ntwo\nthree\n"), 9), Source{}, "line 4: the gzip data ends too early: the file is cut off"},
		{"cut gzip head", "a.gz", gzipped(t, "one")[:5], Source{}, "the gzip data ends too early: the file is cut off"},
		{"broken gzip", "a.gz", flip(gzipped(t, "one\ntwo\n"), -8), Source{}, "line 3: broken gzip data: gzip: invalid checksum"},
		{"cut zstd", "a.zst", cut(zstded(t, long), 20), Source{Format: Lines}, "line 1: the zstd data ends too early: the file is cut off"},
	}
	for _, test := range tests {
		s := test.source
		s.Path = put(t, test.file, test.data)
		_, _, err := readAll(s)
		if want := "read stories: " + s.Path + ": " + test.want; fmt.Sprint(err) != want {
			t.Errorf("%s:\n got %v\nwant %s", test.name, err, want)
		}
	}
	for _, path := range []string{filepath.Join(t.TempDir(), "none.txt"), t.TempDir()} {
		if _, _, err := readAll(Source{Path: path}); err == nil || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v", path, err)
		}
	}
}

func cut(data []byte, n int) []byte { return data[:len(data)-n] }

// flip changes one bit; negative offsets count from the end.
func flip(data []byte, at int) []byte {
	data = slices.Clone(data)
	if at < 0 {
		at += len(data)
	}
	data[at] ^= 1
	return data
}

func TestLinesLongerThanTheBuffer(t *testing.T) {
	want := []string{strings.Repeat("long ", 100_000), "short", strings.Repeat("x", 1<<16), "end"}
	got, _, err := readAll(Source{Path: put(t, "a.txt", []byte(strings.Join(want, "\n")))})
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%d stories, %v", len(got), err)
	}
}

func TestEndlessStoriesAreRefused(t *testing.T) {
	const most = 1 << 20
	line := strings.Repeat("x", most/2) + "\n"
	for format, data := range map[Format]string{
		Lines:     strings.Repeat("x", most+1),
		Separated: line + line,
	} {
		r, err := Source{Path: put(t, "a.txt", []byte(data)), Format: format}.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		r.lines.most = most
		if _, err := r.Next(); err == nil || !strings.Contains(err.Error(), "longer than 1 MiB") {
			t.Errorf("%s: got %v", format, err)
		}
	}
}

// The golden rule, text.split("\n<|endoftext|>\n"), for any stories: with and
// without a separator at the end.
func TestSeparatedIsTheInverseOfJoining(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stories.txt")
	rapid.Check(t, func(t *rapid.T) {
		story := rapid.StringMatching(`[a-c\n <|é]{0,12}[a-c][a-c\n ]{0,3}`)
		stories := rapid.SliceOfN(story, 1, 6).Draw(t, "stories")
		data := strings.Join(stories, "\n"+separator+"\n") + rapid.SampledFrom([]string{"", "\n", "\n" + separator, "\n" + separator + "\n"}).Draw(t, "end")
		if rapid.Bool().Draw(t, "carriage returns") {
			data = strings.ReplaceAll(data, "\n", "\r\n")
		}
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		got, skipped, err := readAll(Source{Path: path, Format: Separated})
		// A file that simply ends has no way to show that its last line was blank.
		if last := len(got) - 1; err == nil && len(got) == len(stories) && strings.TrimSuffix(stories[last], "\n") == got[last] {
			got[last] = stories[last]
		}
		if err != nil || skipped != 0 || !slices.Equal(got, stories) {
			t.Fatalf("%q: got %q, %d skipped, %v, want %q", data, got, skipped, err, stories)
		}
	})
}

// Whatever a file holds, reading it ends: with stories of valid UTF-8, none of
// them empty, or with one line that names the file. (Give -fuzzminimizetime 10x:
// zstd decodes in goroutines, whose coverage varies, and the fuzzer spends a minute
// on minimising what cannot be minimised, running nothing meanwhile.)
func FuzzReader(f *testing.F) {
	for _, data := range []string{
		"one\ntwo\n<|endoftext|>\nthree\n", "one\r\n\r\ntwo", `{"text": "one"}` + "\n" + `{"text": 1}`, "\ufeff<|endoftext|>", "a\xff\n",
	} {
		for format := range 4 {
			f.Add([]byte(data), format, 0)
			f.Add(gzipped(f, data), format, 2)
			f.Add(zstded(f, data), format, 1)
		}
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte, format, limit int) {
		s := Source{Path: filepath.Join(dir, "fuzz.txt"), Format: []Format{Auto, Separated, Lines, JSONL}[uint(format)%4], Limit: limit}
		if err := os.WriteFile(s.Path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		stories, _, err := readAll(s)
		if took := time.Since(begin); took > 10*time.Second {
			t.Fatalf("%d bytes took %v", len(data), took)
		}
		if err != nil && (!strings.HasPrefix(err.Error(), "read stories: "+s.Path+": ") || strings.Contains(err.Error(), "\n")) {
			t.Fatalf("error %q", err)
		}
		if err == nil && (len(stories) == 0 || limit > 0 && len(stories) > limit) {
			t.Fatalf("%d stories, limit %d", len(stories), limit)
		}
		for _, story := range stories {
			if isEmpty(story) || !bytes.Equal([]byte(story), bytes.ToValidUTF8([]byte(story), nil)) {
				t.Fatalf("story %q", story)
			}
		}
	})
}
