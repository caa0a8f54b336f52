package manifest

import (
	"testing"
	"testing/fstest"
)

func TestForTakesWhatTheDriverTakes(t *testing.T) {
	var m Manifest
	for _, target := range []string{"sm_80", "sm_86", "sm_89", "sm_90a", "sm_100", "sm_120", "compute_80"} {
		m.Code = append(m.Code, Code{Target: target})
	}
	cases := []struct {
		major, minor int
		want         string
	}{
		{7, 5, ""}, {8, 0, "sm_80"}, {8, 6, "sm_86"}, {8, 7, "sm_86"}, {8, 9, "sm_89"}, {9, 0, "sm_90a"},
		{9, 1, "compute_80"}, {10, 0, "sm_100"}, {10, 3, "sm_100"}, {11, 0, "compute_80"}, {12, 0, "sm_120"}, {12, 1, "sm_120"}, {13, 0, "compute_80"},
	}
	for _, c := range cases {
		if got, ok := m.For(c.major, c.minor); got.Target != c.want || ok != (c.want != "") {
			t.Errorf("%d.%d: got %q, want %q", c.major, c.minor, got.Target, c.want)
		}
	}
}

func TestSourceDigestSeesNamesAndContents(t *testing.T) {
	digest := func(name, text string) string {
		d, err := SourceDigest(fstest.MapFS{name: {Data: []byte(text)}, "a/note.md": {Data: []byte(text)}})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	base := digest("a/x.cu", "1")
	if base == digest("a/x.cu", "2") || base == digest("b/x.cu", "1") || base == digest("a/x.cuh", "1") {
		t.Error("digests of different sources are equal")
	}
	if digest("a/x.go", "1") != digest("a/x.go", "2") {
		t.Error("Go files change the digest")
	}
}
