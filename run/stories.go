package run

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math"
	"path/filepath"

	"github.com/cespare/xxhash/v2"
	"github.com/evorank/evorank/configs"
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/task/lm/corpus"
	"github.com/evorank/evorank/task/lm/levels"
	"github.com/evorank/evorank/task/lm/text"
	"github.com/evorank/evorank/task/lm/tokenizer"
)

// cacheFolder is where tokenized text is kept between runs.
var cacheFolder = filepath.Join("runs", ".cache")

// fromCorpus reports whether the experiment tells its stories itself.
func (t *LanguageModel) fromCorpus() bool {
	return t.config.LM.Data.Text == "" && t.config.LM.Data.CorpusStories > 0
}

// loadTokenizer reads the tokenizer that the config names.
func (t *LanguageModel) loadTokenizer() (err error) {
	d := t.config.LM.Data
	switch {
	case t.fromCorpus():
		t.Tokenizer, err = tokenizer.TrainWords(each(corpus.Words()), tokenizer.Training{VocabSize: math.MaxInt32})
	case d.Text == "":
		return errNoText
	case d.Tokenizer == "":
		return fmt.Errorf("data: %s: a tokenizer is needed too: give --tokenizer FILE, or train one: evorank tokenizer train", d.Text)
	default:
		t.Tokenizer, err = tokenizer.Load(d.Tokenizer)
	}
	return err
}

var errNoText = errors.New("data: this experiment needs a text: give --data FILE and --tokenizer FILE (README says how to get TinyStories)")

// loadStories reads or tells the stories.
func (t *LanguageModel) loadStories() (err error) {
	d := t.config.LM.Data
	if t.fromCorpus() {
		return t.tellStories(d)
	}
	if d.Text == "" {
		return errNoText
	}
	if t.Train, err = t.loadText(d.Text, d.Stories); err != nil || d.Heldout == "" {
		return err
	}
	t.Heldout, err = t.loadText(d.Heldout, d.HeldoutStories)
	return err
}

func (t *LanguageModel) loadText(path string, limit int) (*text.Stories, error) {
	d := t.config.LM.Data
	src := text.Source{Path: path, Format: text.Format(d.Format), Field: d.Field, Limit: limit}
	stories, err := text.Load(src, t.encoding(), cacheFolder)
	if err != nil {
		return nil, err
	}
	t.notes = append(t.notes, stories.Notes...)
	if n := stories.Skipped; n > 0 {
		t.notes = append(t.notes, fmt.Sprintf("data: %s: %d empty stories skipped", path, n))
	}
	if n := stories.Len(); limit > n {
		t.notes = append(t.notes, fmt.Sprintf("data: %s: %d stories, fewer than the %d asked for", path, n, limit))
	}
	return stories, t.checkLengths(path, stories)
}

// checkLengths refuses a story that attention could not get through in any
// reasonable time or memory.
func (t *LanguageModel) checkLengths(path string, stories *text.Stories) error {
	most := t.config.LM.Data.MaxTokens
	for i := range stories.Len() {
		if n := len(stories.Story(i)); n > most {
			return fmt.Errorf("data: %s: story %d: %d tokens, more than lm.data.max_tokens (%d): split it or raise the bound", path, i+1, n, most)
		}
	}
	return nil
}

func (t *LanguageModel) encoding() text.Encoding {
	return text.Encoding{Tokenizer: t.Tokenizer, EndOfText: t.config.LM.Data.EndOfText}
}

// Seeds of the embedded corpus: the held-out stories are another corpus.
const (
	corpusSeed  = 1
	heldoutSeed = 2
)

// tellStories generates the embedded corpus.
func (t *LanguageModel) tellStories(d configs.Data) (err error) {
	n := d.CorpusStories
	if d.Stories > 0 {
		n = min(n, d.Stories)
	}
	if t.Train, err = text.Pack(each(corpus.Stories(corpusSeed, n)), t.encoding()); err != nil {
		return err
	}
	t.Heldout, err = text.Pack(each(corpus.Stories(heldoutSeed, max(1, d.HeldoutStories))), t.encoding())
	return err
}

// each yields texts that cannot fail.
func each(texts []string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, t := range texts {
			if !yield(t, nil) {
				return
			}
		}
	}
}

// dataDigest is a digest of the model ids and where stories begin.
func dataDigest(s *text.Stories) uint64 {
	h := xxhash.New()
	for _, list := range [][]int32{s.Start, s.IDs} {
		binary.Write(h, binary.LittleEndian, int64(len(list)))
		binary.Write(h, binary.LittleEndian, list)
	}
	return h.Sum64()
}

// sequences hands stories to evaluators.
func sequences(s *text.Stories) transformer.Sequences {
	return transformer.Sequences{IDs: s.IDs, Start: s.Start}
}

// Levels are losses to compare with (per-story means, then their mean).
type Levels struct {
	Uniform float64 `json:"uniform"` // guessing evenly: ln V
	Unigram float64 `json:"unigram"` // the best fixed distribution
	Bigram  float64 `json:"bigram"`  // the best table of pairs
}

// Levels returns the reference levels of the training stories, zeros if the
// task has none.
func (x *Experiment) Levels() Levels {
	if t, ok := x.Task.(*LanguageModel); ok {
		return t.levels()
	}
	return Levels{}
}

func (t *LanguageModel) levels() Levels {
	stories := make([][]int32, t.Train.Len())
	for i := range stories {
		stories[i] = t.Train.Story(i)
	}
	return Levels{levels.Uniform(t.Spec.Vocab), levels.Unigram(stories), levels.Bigram(stories)}
}
