package text

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"os"

	"github.com/evorank/evorank/task/lm/tokenizer"
)

// Stories are tokenized stories, packed one behind the other without padding.
// Story i is the model ids IDs[Start[i]:Start[i+1]]: start, labels, end of text if
// wanted, end.
type Stories struct {
	IDs     []int32
	Start   []int32 // one more than there are stories
	Skipped int     // empty stories that were left out

	Coverage tokenizer.Coverage // how much of the text the tokenizer knew

	// Notes are what the user should hear about the token cache and about a text
	// that the tokenizer does not fit: one line each, usually none.
	Notes []string
}

// Len is the number of stories.
func (s *Stories) Len() int { return len(s.Start) - 1 }

// Story is the model ids of story i.
func (s *Stories) Story(i int) []int32 { return s.IDs[s.Start[i]:s.Start[i+1]:s.Start[i+1]] }

// Targets is the number of predicted tokens: all but the first of each story.
func (s *Stories) Targets() int { return len(s.IDs) - s.Len() }

// Encoding says how stories become model ids.
type Encoding struct {
	Tokenizer *tokenizer.Tokenizer
	EndOfText bool // the end-of-text label stands before the end
}

// endLabel is the end-of-text label if it is wanted.
func (e Encoding) endLabel() (int32, error) {
	if !e.EndOfText {
		return tokenizer.NoEndOfText, nil
	}
	label, ok := e.Tokenizer.EndOfText()
	if !ok {
		return 0, fmt.Errorf("tokenize stories: the tokenizer has no added token %s: switch the end-of-text label off", separator)
	}
	return label, nil
}

// Pack tokenizes stories that are in memory or come from anywhere else. It leaves
// none out.
func Pack(stories iter.Seq2[string, error], e Encoding) (*Stories, error) {
	return pack(stories, e, math.MaxInt32)
}

func pack(stories iter.Seq2[string, error], e Encoding, most int) (*Stories, error) {
	end, err := e.endLabel()
	if err != nil {
		return nil, err
	}
	packed := &Stories{Start: []int32{0}}
	var labels []int32
	for story, err := range stories {
		if err != nil {
			return nil, err
		}
		var c tokenizer.Coverage
		labels, c = e.Tokenizer.AppendCovered(labels[:0], story)
		packed.Coverage = packed.Coverage.Plus(c)
		const frame = 3 // start, end of text, end
		if len(packed.IDs)+len(labels)+frame > most {
			return nil, fmt.Errorf("tokenize stories: the first %d stories have close to %d tokens, and no more can be held: limit their number", packed.Len(), most)
		}
		packed.IDs = tokenizer.ModelIDs(packed.IDs, labels, end)
		packed.Start = append(packed.Start, int32(len(packed.IDs)))
	}
	return packed, nil
}

// Load reads and tokenizes the stories of a source. If cacheDir is not empty, the
// result is kept there (the directory is made if need be) and found again as long
// as text, tokenizer and settings stay the same. A cache that cannot be used or
// written is not an error, nor is a text of which the tokenizer knows little: Notes
// says so.
func Load(s Source, e Encoding, cacheDir string) (*Stories, error) {
	stories, err := load(s, e, cacheDir)
	if err != nil {
		return nil, err
	}
	if c := stories.Coverage; c.Share() > muchUnknown {
		stories.Notes = append(stories.Notes, fmt.Sprintf("data: %s: %d of %d %s (%.1f %%) are unknown to the tokenizer: was it trained on such text?",
			s.Path, c.Unknown, c.Units, e.Tokenizer.Unit(), 100*c.Share()))
	}
	return stories, nil
}

// muchUnknown is the unknown share of a text from which on the user should hear
// about it.
const muchUnknown = 0.01

func load(s Source, e Encoding, cacheDir string) (*Stories, error) {
	if _, err := e.endLabel(); err != nil {
		return nil, err
	}
	if cacheDir == "" {
		return loadText(s, e)
	}
	before, err := os.Stat(s.Path)
	if err != nil {
		return nil, fmt.Errorf("read stories: %w", err)
	}
	c, err := newCache(cacheDir, s, e)
	if err != nil {
		return nil, err
	}
	cached, err := c.read()
	if err == nil {
		return cached, nil
	}
	stories, readErr := loadText(s, e)
	if readErr != nil {
		return nil, readErr
	}
	if !errors.Is(err, os.ErrNotExist) {
		stories.Notes = append(stories.Notes, fmt.Sprintf("token cache: %s: %v: built again", c.path, err))
	}
	if err := unchanged(s.Path, before); err != nil {
		return nil, err
	}
	if err := c.write(stories); err != nil {
		stories.Notes = append(stories.Notes, fmt.Sprintf("token cache: not kept: %v", err))
	}
	return stories, nil
}

// unchanged guards the cache: its key comes from one pass over the file, the
// tokens from another.
func unchanged(path string, before os.FileInfo) error {
	after, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("read stories: %w", err)
	}
	if after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) {
		return fmt.Errorf("read stories: %s: the file changed while it was read: start again when it is complete", path)
	}
	return nil
}

func loadText(s Source, e Encoding) (*Stories, error) {
	reader, err := s.Open()
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	stories, err := Pack(reader.All(), e)
	if err != nil {
		return nil, err
	}
	stories.Skipped = reader.Skipped()
	return stories, nil
}
