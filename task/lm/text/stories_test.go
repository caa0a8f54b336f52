package text

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/evorank/evorank/task/lm/tokenizer"
)

// sharedFile finds a data file that is not part of the repository. A relative
// EVORANK_SHARED starts at the repository's root.
func sharedFile(name string) string {
	dir := cmp.Or(os.Getenv("EVORANK_SHARED"), "../shared")
	if !filepath.IsAbs(dir) {
		dir = filepath.Join("../../..", dir)
	}
	return filepath.Join(dir, "data", name)
}

func paperTokenizer(t testing.TB) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := tokenizer.Load("../tokenizer/testdata/tokenizer-bpe2048.json")
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// wordTokenizer knows each word of a text.
func wordTokenizer(t testing.TB, text string) *tokenizer.Tokenizer {
	t.Helper()
	one := func(yield func(string, error) bool) { yield(text, nil) }
	tok, err := tokenizer.TrainWords(one, tokenizer.Training{VocabSize: 100})
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func TestLoad(t *testing.T) {
	tok := wordTokenizer(t, "a a a b b c") // labels 5, 6, 7
	s := Source{Path: put(t, "a.txt", []byte("a b\n\nc\n?\n"))}
	unknown := []string{fmt.Sprintf("data: %s: 1 of 4 words (25.0 %%) are unknown to the tokenizer: was it trained on such text?", s.Path)}
	covered := tokenizer.Coverage{Units: 4, Unknown: 1}
	tests := []struct {
		endOfText bool
		limit     int
		want      Stories
		targets   int
	}{
		{true, 0, Stories{IDs: []int32{1, 8, 9, 7, 2, 1, 10, 7, 2, 1, 3, 7, 2}, Start: []int32{0, 5, 9, 13}, Skipped: 1, Coverage: covered, Notes: unknown}, 10},
		{false, 0, Stories{IDs: []int32{1, 8, 9, 2, 1, 10, 2, 1, 3, 2}, Start: []int32{0, 4, 7, 10}, Skipped: 1, Coverage: covered, Notes: unknown}, 7},
		{false, 1, Stories{IDs: []int32{1, 8, 9, 2}, Start: []int32{0, 4}, Coverage: tokenizer.Coverage{Units: 2}}, 3},
	}
	dir := t.TempDir()
	for _, test := range tests {
		s.Limit = test.limit
		for _, cacheDir := range []string{"", dir, dir} { // without, built, found
			got, err := Load(s, Encoding{tok, test.endOfText}, cacheDir)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(*got, test.want) {
				t.Errorf("%+v:\n got %+v\nwant %+v", test, *got, test.want)
			}
			if got.Targets() != test.targets || got.Len() != len(test.want.Start)-1 {
				t.Errorf("%d targets of %d stories, want %d", got.Targets(), got.Len(), test.targets)
			}
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != len(tests) {
		t.Errorf("%d cache files, want %d (%v)", len(files), len(tests), err)
	}
}

// The golden networks were scored on these stories (see testdata/heldout-ids.json).
func TestHeldoutStories(t *testing.T) {
	type want struct {
		Targets int
		Hashes  []string `json:"ids_fnv64"`
	}
	var golden struct {
		With    want `json:"with_end_of_text"`
		Without want `json:"without_end_of_text"`
	}
	data, err := os.ReadFile("testdata/heldout-ids.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	s := Source{Path: sharedFile("tinystories-heldout.txt"), Limit: 32}
	if _, err := os.Stat(s.Path); err != nil {
		t.Skipf("skipped %d checks: %v", 2*len(golden.With.Hashes), err)
	}
	for endOfText, want := range map[bool]want{true: golden.With, false: golden.Without} {
		stories, err := Load(s, Encoding{paperTokenizer(t), endOfText}, "")
		if err != nil {
			t.Fatal(err)
		}
		if stories.Len() != 32 || len(want.Hashes) != 32 || stories.Targets() != want.Targets {
			t.Fatalf("%d stories, %d targets; want 32, %d", stories.Len(), stories.Targets(), want.Targets)
		}
		for i, hash := range want.Hashes {
			if got := fnv64(stories.Story(i)); got != hash {
				t.Errorf("story %d: hash %s, want %s", i, got, hash)
			}
		}
	}
}

// fnv64 is FNV-1a over ids as little-endian uint32.
func fnv64(ids []int32) string {
	h := uint64(0xCBF29CE484222325)
	for _, id := range ids {
		for shift := 0; shift < 32; shift += 8 {
			h = (h ^ uint64(uint32(id)>>shift&0xFF)) * 0x100000001B3
		}
	}
	return fmt.Sprintf("%016x", h)
}

func TestTrainStories(t *testing.T) {
	s := Source{Path: sharedFile("tinystories-train.txt")}
	if _, err := os.Stat(s.Path); err != nil {
		t.Skipf("skipped 2 checks: %v", err)
	}
	stories, err := Load(s, Encoding{paperTokenizer(t), true}, "")
	if err != nil {
		t.Fatal(err)
	}
	// 243,246 labels (tokenizer-golden.json), an end-of-text label and an end each.
	if want := 243246 + 2*1012; stories.Len() != 1012 || stories.Targets() != want || stories.Skipped != 0 {
		t.Errorf("%d stories, %d targets, %d skipped; want 1012, %d, 0", stories.Len(), stories.Targets(), stories.Skipped, want)
	}
}

func TestLoadErrors(t *testing.T) {
	tok := wordTokenizer(t, "a")
	noEnd, err := tokenizer.Read(strings.NewReader(`{"version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "Whitespace"},
		"model": {"type": "WordLevel", "vocab": {"?": 0}, "unk_token": "?"}}`), "t.json")
	if err != nil {
		t.Fatal(err)
	}
	good, bad := put(t, "a.txt", []byte("a\n")), put(t, "b.txt", []byte("a\n\xff\n"))
	tests := []struct {
		path string
		e    Encoding
		want string
	}{
		{bad, Encoding{tok, true}, "read stories: " + bad + ": line 2: broken UTF-8"},
		{good, Encoding{noEnd, true}, "tokenize stories: the tokenizer has no added token <|endoftext|>"},
		{good + "x", Encoding{tok, true}, "no such file"},
	}
	for _, test := range tests {
		dir := t.TempDir()
		for _, cacheDir := range []string{"", dir} {
			if _, err := Load(Source{Path: test.path}, test.e, cacheDir); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		}
		if files, _ := os.ReadDir(dir); len(files) != 0 {
			t.Errorf("an error left %v in the cache", files)
		}
	}
	if _, err := Load(Source{Path: good}, Encoding{noEnd, false}, ""); err != nil {
		t.Error(err)
	}
	two := func(yield func(string, error) bool) { _ = yield("a a a", nil) && yield("a a", nil) }
	if _, err := pack(two, Encoding{tok, false}, 9); err == nil || !strings.Contains(err.Error(), "the first 1 stories") {
		t.Errorf("too many tokens: got %v", err)
	}
	broken := errors.New("broken")
	if _, err := Pack(func(yield func(string, error) bool) { yield("", broken) }, Encoding{tok, false}); err != broken {
		t.Errorf("got %v, want the sequence's error", err)
	}
}

// cacheFile loads once, and returns what that gave and where it is kept.
func cacheFile(t *testing.T, s Source, e Encoding, dir string) (*Stories, string) {
	t.Helper()
	stories, err := Load(s, e, dir)
	if err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Fatalf("%d files in the cache (%v)", len(files), err)
	}
	return stories, filepath.Join(dir, files[0].Name())
}

// A cache file with any byte changed, or cut anywhere, or lengthened, is noticed,
// told and replaced.
func TestDamagedCacheIsBuiltAgain(t *testing.T) {
	dir := t.TempDir()
	s := Source{Path: put(t, "a.txt", []byte("a b\nb\n\n"))}
	e := Encoding{wordTokenizer(t, "a a b"), true}
	want, path := cacheFile(t, s, e, dir)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := [][]byte{append(slices.Clone(whole), 0)}
	for at := range whole {
		damaged = append(damaged, whole[:at], flip(whole, at))
	}
	for i, data := range damaged {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := Load(s, e, dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Notes) != 1 || !strings.HasPrefix(got.Notes[0], "token cache: "+path+": ") || !strings.HasSuffix(got.Notes[0], ": built again") {
			t.Fatalf("damage %d: notes %q", i, got.Notes)
		}
		got.Notes = nil
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("damage %d: got %+v, want %+v", i, got, want)
		}
		if again, err := os.ReadFile(path); err != nil || !slices.Equal(again, whole) {
			t.Fatalf("damage %d: the cache was not replaced (%v)", i, err)
		}
	}
}

// The cache is really used: a file with a right checksum is believed.
func TestCacheIsFound(t *testing.T) {
	dir := t.TempDir()
	s := Source{Path: put(t, "a.txt", []byte("a b\nb\n"))}
	e := Encoding{wordTokenizer(t, "a a b"), true}
	_, _ = cacheFile(t, s, e, dir)
	c, err := newCache(dir, s, e)
	if err != nil {
		t.Fatal(err)
	}
	planted := &Stories{IDs: []int32{1, 8, 2}, Start: []int32{0, 3}, Skipped: 5}
	if err := c.write(planted); err != nil {
		t.Fatal(err)
	}
	if got, err := Load(s, e, dir); err != nil || !reflect.DeepEqual(got, planted) {
		t.Errorf("got %+v (%v), want what the cache holds", got, err)
	}
	for _, wrong := range []*Stories{
		{IDs: []int32{1, 99, 2}, Start: []int32{0, 3}},
		{IDs: []int32{1, -1, 2}, Start: []int32{0, 3}},
		{IDs: []int32{1, 2, 1, 2}, Start: []int32{0, 3, 2}},
		{IDs: []int32{1, 2, 1, 2}, Start: []int32{0, 2}},
		{IDs: []int32{1, 2, 1, 2}, Start: []int32{0, 1, 4}},
		{IDs: []int32{1, 2, 1, 2}, Start: []int32{2, 4}},
	} {
		if err := c.write(wrong); err != nil {
			t.Fatal(err)
		}
		if got, err := Load(s, e, dir); err != nil || len(got.Notes) != 1 || got.Len() != 2 {
			t.Errorf("%+v was believed: %+v (%v)", wrong, got, err)
		}
	}
}

// Everything that the tokens depend on makes another cache file.
func TestCacheKeySeesEveryDifference(t *testing.T) {
	data := []byte("a b\n")
	plain, other := put(t, "a.txt", data), put(t, "a.txt", []byte("a c\n"))
	one, two := wordTokenizer(t, "a a b"), wordTokenizer(t, "a b b")
	variants := []struct {
		s Source
		e Encoding
	}{
		{Source{Path: plain}, Encoding{one, true}},
		{Source{Path: plain}, Encoding{one, false}},
		{Source{Path: plain}, Encoding{two, true}},
		{Source{Path: other}, Encoding{one, true}},
		{Source{Path: plain, Limit: 1}, Encoding{one, true}},
		{Source{Path: plain, Format: Lines}, Encoding{one, true}},
		{Source{Path: plain, Format: JSONL}, Encoding{one, true}},
		{Source{Path: plain, Format: JSONL, Field: "story"}, Encoding{one, true}},
	}
	seen := map[string]int{}
	for i, v := range variants {
		c, err := newCache("", v.s, v.e)
		if err != nil {
			t.Fatal(err)
		}
		if before, twice := seen[c.path]; twice {
			t.Errorf("variants %d and %d share %s", before, i, c.path)
		}
		seen[c.path] = i
	}
	moved, err := newCache("", Source{Path: put(t, "b.txt", data), Field: "unused"}, Encoding{one, true})
	if err != nil {
		t.Fatal(err)
	}
	if seen[moved.path] != 0 {
		t.Error("the same text under another name has another cache")
	}
}

func TestCacheThatCannotBeWritten(t *testing.T) {
	s := Source{Path: put(t, "a.txt", []byte("a\n"))}
	inFile := filepath.Join(s.Path, "cache") // below a file there can be no directory
	got, err := Load(s, Encoding{wordTokenizer(t, "a"), true}, inFile)
	if err != nil || got.Len() != 1 {
		t.Fatalf("got %+v, %v", got, err)
	}
	if len(got.Notes) == 0 || !strings.Contains(got.Notes[len(got.Notes)-1], "token cache: not kept: ") {
		t.Errorf("notes %q", got.Notes)
	}
}

func TestTextThatChangesWhileRead(t *testing.T) {
	path := put(t, "a.txt", []byte("a\n"))
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := unchanged(path, info); err != nil {
		t.Error(err)
	}
	if err := os.Chtimes(path, time.Time{}, info.ModTime().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := unchanged(path, info); err == nil || !strings.Contains(err.Error(), "changed while it was read") {
		t.Errorf("got %v", err)
	}
}

func TestWriteWholeLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	c := cache{path: filepath.Join(dir, "x")}
	if err := os.Mkdir(c.path, 0o755); err != nil { // a rename onto a directory fails
		t.Fatal(err)
	}
	if err := c.write(&Stories{Start: []int32{0}}); err == nil {
		t.Fatal("a file was written over a directory")
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("left behind: %v (%v)", files, err)
	}
}
