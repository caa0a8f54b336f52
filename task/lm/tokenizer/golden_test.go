package tokenizer

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/rangetable"
)

// golden is testdata/tokenizer-golden.json: what the Hugging Face library
// (tokenizers 0.23.3) makes of testdata/tokenizer-bpe2048.json.
type golden struct {
	Strings []struct {
		Text string
		IDs  []int32
	}
	Files map[string]struct {
		Stories    int
		WholeCount int    `json:"whole_count"`
		WholeHash  string `json:"whole_fnv64"`
		Counts     []int
		Hashes     []string `json:"fnv64"`
	}
	Excluded [][2]rune `json:"sweep_excluded"`
	Sweep    map[string]struct {
		Characters int
		Hash       string `json:"fnv64"`
	}
}

func readGolden(t testing.TB) (g golden) {
	t.Helper()
	data, err := os.ReadFile("testdata/tokenizer-golden.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func loadPaper(t testing.TB) *Tokenizer {
	t.Helper()
	tok, err := Load("testdata/tokenizer-bpe2048.json")
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// sharedFile finds a data file that is not part of the repository. A relative
// EVORANK_SHARED starts at the repository's root.
func sharedFile(name string) string {
	dir := cmp.Or(os.Getenv("EVORANK_SHARED"), "../shared")
	if !filepath.IsAbs(dir) {
		dir = filepath.Join("../../..", dir)
	}
	return filepath.Join(dir, "data", name)
}

// fnv64 is the golden file's hash: FNV-1a over ids as little-endian uint32.
type fnv64 uint64

const fnvOffset fnv64 = 0xCBF29CE484222325

func (h fnv64) add(ids []int32) fnv64 {
	for _, id := range ids {
		for shift := 0; shift < 32; shift += 8 {
			h = (h ^ fnv64(uint32(id)>>shift&0xFF)) * 0x100000001B3
		}
	}
	return h
}

func (h fnv64) String() string { return fmt.Sprintf("%016x", uint64(h)) }

func TestEncodeEqualsTheLibraryOnStrings(t *testing.T) {
	tok, g := loadPaper(t), readGolden(t)
	if len(g.Strings) != 67 {
		t.Fatalf("%d golden strings, want 67", len(g.Strings))
	}
	for _, s := range g.Strings {
		for _, pass := range []string{"cold", "from the cache"} {
			if got := tok.Encode(s.Text); !slices.Equal(got, s.IDs) {
				t.Errorf("%+q, %s:\n got %v\nwant %v", s.Text, pass, got, s.IDs)
			}
		}
	}
}

// Every character assigned in Unicode 14, in a word and in punctuation: the sweep
// sees each character's class.
func TestEncodeEqualsTheLibraryOnEveryCharacter(t *testing.T) {
	tok, g := loadPaper(t), readGolden(t)
	swept := 0
	for block, want := range g.Sweep {
		low, err := strconv.ParseInt(block, 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		hash, characters := fnvOffset, 0
		for char := rune(low); char < rune(low)+4096; char++ {
			if !inUnicode14(char) || g.excludes(char) {
				continue
			}
			characters++
			hash = hash.add(tok.Encode("th" + string(char) + "e ." + string(char) + `"`))
		}
		if characters != want.Characters || hash.String() != want.Hash {
			t.Errorf("block %s: %d characters, hash %s; want %d, %s", block, characters, hash, want.Characters, want.Hash)
		}
		swept += characters
	}
	if swept < 280000 {
		t.Errorf("only %d characters swept", swept)
	}
}

// The golden file leaves out the characters on which the library's accents are
// not today's marks. Ours are the library's.
func TestAccentsAreTheLibrarys(t *testing.T) {
	g, table := readGolden(t), classes()
	for char := range rune(unicode.MaxRune + 1) {
		if !inUnicode14(char) {
			continue
		}
		want := unicode.Is(unicode.M, char) != g.excludes(char)
		if got := table[char]&accent != 0; got != want {
			t.Errorf("%U: accent %t, want %t", char, got, want)
		}
	}
}

// inUnicode14 tells whether a character other than a surrogate is assigned in
// Unicode 14, the version of the golden sweep: no package has that table, so it is
// version 15 less what 15 added.
func inUnicode14(char rune) bool {
	return unicode.Is(unicode15(), char) && !unicode.Is(unicode.Cs, char) &&
		!slices.ContainsFunc(addedIn15, func(r [2]rune) bool { return r[0] <= char && char <= r[1] })
}

var unicode15 = sync.OnceValue(func() *unicode.RangeTable { return rangetable.Assigned("15.0.0") })

var addedIn15 = [][2]rune{
	{0xcf3, 0xcf3}, {0xece, 0xece}, {0x10efd, 0x10eff}, {0x1123f, 0x11241}, {0x11b00, 0x11b09}, {0x11f00, 0x11f10},
	{0x11f12, 0x11f3a}, {0x11f3e, 0x11f59}, {0x1342f, 0x1342f}, {0x13439, 0x13455}, {0x1b132, 0x1b132}, {0x1b155, 0x1b155},
	{0x1d2c0, 0x1d2d3}, {0x1df25, 0x1df2a}, {0x1e030, 0x1e06d}, {0x1e08f, 0x1e08f}, {0x1e4d0, 0x1e4f9}, {0x1f6dc, 0x1f6dc},
	{0x1f774, 0x1f776}, {0x1f77b, 0x1f77f}, {0x1f7d9, 0x1f7d9}, {0x1fa75, 0x1fa77}, {0x1fa87, 0x1fa88}, {0x1faad, 0x1faaf},
	{0x1fabb, 0x1fabd}, {0x1fabf, 0x1fabf}, {0x1face, 0x1facf}, {0x1fada, 0x1fadb}, {0x1fae8, 0x1fae8}, {0x1faf7, 0x1faf8},
	{0x2b739, 0x2b739}, {0x31350, 0x323af},
}

func (g *golden) excludes(char rune) bool {
	return slices.ContainsFunc(g.Excluded, func(r [2]rune) bool { return r[0] <= char && char <= r[1] })
}

func TestEncodeEqualsTheLibraryOnStories(t *testing.T) {
	tok, g := loadPaper(t), readGolden(t)
	for name, want := range g.Files {
		data, err := os.ReadFile(sharedFile("tinystories-" + name + ".txt"))
		if err != nil {
			t.Logf("skipped %d checks on the %s stories: %v", want.Stories+1, name, err)
			continue
		}
		stories := strings.Split(string(data), "\n<|endoftext|>\n")
		stories = stories[:len(stories)-1]
		if len(stories) != want.Stories {
			t.Fatalf("%s: %d stories, want %d", name, len(stories), want.Stories)
		}
		for i, story := range stories {
			ids := tok.Encode(story)
			if hash := fnvOffset.add(ids).String(); len(ids) != want.Counts[i] || hash != want.Hashes[i] {
				t.Errorf("%s: story %d: %d labels, hash %s; want %d, %s", name, i, len(ids), hash, want.Counts[i], want.Hashes[i])
			}
		}
		whole := tok.Encode(string(data))
		if hash := fnvOffset.add(whole).String(); len(whole) != want.WholeCount || hash != want.WholeHash {
			t.Errorf("%s: whole: %d labels, hash %s; want %d, %s", name, len(whole), hash, want.WholeCount, want.WholeHash)
		}
	}
}

func TestWriteGivesTheLibrarysBytes(t *testing.T) {
	want, err := os.ReadFile("testdata/tokenizer-bpe2048.json")
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := loadPaper(t).Write(&got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytes.TrimSpace(got.Bytes()), bytes.TrimSpace(want)) {
		t.Error("a file read and written again differs")
	}
}
