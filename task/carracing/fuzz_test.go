package carracing

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"
)

func zipped(text string) []byte {
	var file bytes.Buffer
	zip := gzip.NewWriter(&file)
	zip.Write([]byte(text))
	zip.Close()
	return file.Bytes()
}

const goldenHead = `{"format":"carracing-golden-1","arrays":[`

func TestBadGoldenFilesAreErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "no header line"},
		{"{}\n", `format ""`},
		{"nonsense\n", "header: "},
		{goldenHead + `{"name":"a","dtype":"f4","shape":[1],"offset":0}]}` + "\n12345678", `array "a": dtype "f4"`},
		{goldenHead + `{"name":"a","dtype":"f8","shape":[2],"offset":0}]}` + "\n12345678", "runs past the end"},
		{goldenHead + `{"name":"a","dtype":"f8","shape":[1],"offset":8}]}` + "\n12345678", "runs past the end"},
		{goldenHead + `{"name":"a","dtype":"f8","shape":[1],"offset":-1}]}` + "\n12345678", "runs past the end"},
		{goldenHead + `{"name":"a","dtype":"u1","shape":[-1],"offset":0}]}` + "\n12345678", "does not fit"},
		{goldenHead + `{"name":"a","dtype":"u1","shape":[4294967296,4294967296],"offset":0}]}` + "\n12345678", "does not fit"},
	} {
		if _, err := ReadGolden(bytes.NewReader(zipped(c.text))); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want an error with %q", c.text, err, c.want)
		}
	}
	if _, err := ReadGolden(strings.NewReader("not gzip at all")); err == nil {
		t.Error("a file that is no gzip is read")
	}
	whole := zipped(goldenHead + "]}\n")
	if _, err := ReadGolden(bytes.NewReader(whole[:len(whole)-6])); err == nil {
		t.Error("a cut file is read")
	}
}

func FuzzGoldenBody(f *testing.F) {
	f.Add(goldenHead + `{"name":"a","dtype":"f8","shape":[1,1],"offset":0}]}` + "\n12345678")
	f.Add(goldenHead + `{"name":"a","dtype":"i4","shape":[0,9],"offset":8}]}` + "\n12345678")
	f.Fuzz(func(t *testing.T, text string) {
		if g, err := ReadGolden(bytes.NewReader(zipped(text))); err == nil {
			if _, err := g.WriteTo(&bytes.Buffer{}); err != nil {
				t.Errorf("%q can be read and not written: %v", text, err)
			}
		}
	})
}

func FuzzActionsCSV(f *testing.F) {
	for _, text := range []string{"0,1,0\n", "-0.5, 1e3,inf\r\n0,0,0", "1,2\n", ",,\n", "NaN,0,0"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		actions, err := ParseActionsCSV([]byte(text))
		if (err == nil) != (len(actions) > 0) {
			t.Errorf("%q: %d actions, %v", text, len(actions), err)
		}
		for _, a := range actions {
			if checkAction(a) != nil {
				t.Errorf("%q: action %v", text, a)
			}
		}
	})
}
