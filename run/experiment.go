package run

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math"
	"path/filepath"

	"github.com/cespare/xxhash/v2"
	"github.com/evorank/evorank/configs"
	"github.com/evorank/evorank/evolve"
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/task/lm/corpus"
	"github.com/evorank/evorank/task/lm/levels"
	"github.com/evorank/evorank/task/lm/text"
	"github.com/evorank/evorank/task/lm/tokenizer"
)

// Experiment is a config with its data: everything that decides what a run
// computes, and nothing of how far it is.
type Experiment struct {
	Config    configs.Config
	Tokenizer *tokenizer.Tokenizer
	Train     *text.Stories
	Heldout   *text.Stories // nil without held-out data
	Spec      model.Transformer
	Layout    *model.Layout
	Strategy  evolve.GeneticAlgorithm
	Plan      evolve.Plan
	Notes     []string // what the user should know about the data
}

// cacheFolder is where tokenized text is kept between runs.
var cacheFolder = filepath.Join("runs", ".cache")

// NewExperiment loads the tokenizer and the data that a config names and lays
// the network out.
func NewExperiment(cfg configs.Config) (*Experiment, error) {
	x := &Experiment{Config: cfg}
	if err := x.loadTokenizer(); err != nil {
		return nil, as(BadData, err)
	}
	if err := x.layOut(); err != nil {
		return nil, err
	}
	return x, x.LoadData()
}

// layOut derives the network from the config and the tokenizer's vocabulary.
func (x *Experiment) layOut() (err error) {
	cfg, n, e := x.Config, x.Config.LM.Network, x.Config.LM.Encoding
	x.Spec = model.Transformer{
		Hidden: n.Hidden, Heads: n.Heads, HeadDim: n.HeadDim, FFN: n.FFN, Blocks: n.Blocks,
		Vocab: x.Tokenizer.Vocabulary(), Position: n.Position, RotaryDims: n.RotaryDims,
	}
	x.Layout, err = x.Spec.Layout(
		model.TransformerEncodings{Embedding: e.Embedding, Attention: e.Attention, FeedForward: e.FeedForward, Tensors: e.Tensors},
		model.Initialisation{TallConstant: cfg.Init.TallConstant, EmbeddingStd: cfg.Init.EmbeddingStd, DecoderBiasStd: cfg.Init.DecoderBiasStd},
		model.MutationRates{Dense: cfg.Mutation.DenseRate, Factor: cfg.Mutation.FactorRate, Bias: cfg.Mutation.BiasRate})
	return as(BadConfig, err)
}

// LoadData reads the stories and derives the search from their number.
func (x *Experiment) LoadData() error {
	if err := x.loadStories(); err != nil {
		return as(BadData, err)
	}
	return as(BadConfig, x.plan())
}

// plan derives the search from the config and the number of stories.
func (x *Experiment) plan() error {
	cfg, stories := x.Config, x.Train.Len()
	perGeneration := cfg.LM.Data.PerGeneration
	if perGeneration == 0 {
		perGeneration = stories
	}
	if perGeneration > stories {
		return fmt.Errorf("lm.data.per_generation: %d stories asked for, %d at hand", perGeneration, stories)
	}
	x.Plan = evolve.Plan{Stages: []evolve.Stage{{Cases: perGeneration}}, Stories: stories, Seed: model.Seed(cfg.Seed)}
	x.Strategy = evolve.GeneticAlgorithm{
		Seed: model.Seed(cfg.Seed), Population: cfg.Search.Population, Survivors: cfg.Search.Survivors,
		Reevaluate: !x.Plan.Deterministic(),
	}
	if err := x.Strategy.Validate(); err != nil {
		return err
	}
	return x.Plan.Validate(x.Strategy.Population)
}

// fromCorpus reports whether the experiment tells its stories itself.
func (x *Experiment) fromCorpus() bool {
	return x.Config.LM.Data.Text == "" && x.Config.LM.Data.CorpusStories > 0
}

// loadTokenizer reads the tokenizer that the config names.
func (x *Experiment) loadTokenizer() (err error) {
	d := x.Config.LM.Data
	switch {
	case x.fromCorpus():
		x.Tokenizer, err = tokenizer.TrainWords(each(corpus.Words()), tokenizer.Training{VocabSize: math.MaxInt32})
	case d.Text == "":
		return errNoText
	case d.Tokenizer == "":
		return fmt.Errorf("data: %s: a tokenizer is needed too: give --tokenizer FILE, or train one: evorank tokenizer train", d.Text)
	default:
		x.Tokenizer, err = tokenizer.Load(d.Tokenizer)
	}
	return err
}

var errNoText = errors.New("data: this experiment needs a text: give --data FILE and --tokenizer FILE (README says how to get TinyStories)")

// loadStories reads or tells the stories.
func (x *Experiment) loadStories() (err error) {
	d := x.Config.LM.Data
	if x.fromCorpus() {
		return x.tellStories(d)
	}
	if d.Text == "" {
		return errNoText
	}
	if x.Train, err = x.loadText(d.Text, d.Stories); err != nil || d.Heldout == "" {
		return err
	}
	x.Heldout, err = x.loadText(d.Heldout, d.HeldoutStories)
	return err
}

func (x *Experiment) loadText(path string, limit int) (*text.Stories, error) {
	d := x.Config.LM.Data
	src := text.Source{Path: path, Format: text.Format(d.Format), Field: d.Field, Limit: limit}
	stories, err := text.Load(src, x.encoding(), cacheFolder)
	if err != nil {
		return nil, err
	}
	x.Notes = append(x.Notes, stories.Notes...)
	if n := stories.Skipped; n > 0 {
		x.Notes = append(x.Notes, fmt.Sprintf("data: %s: %d empty stories skipped", path, n))
	}
	if n := stories.Len(); limit > n {
		x.Notes = append(x.Notes, fmt.Sprintf("data: %s: %d stories, fewer than the %d asked for", path, n, limit))
	}
	return stories, x.checkLengths(path, stories)
}

// checkLengths refuses a story that attention could not get through in any
// reasonable time or memory.
func (x *Experiment) checkLengths(path string, stories *text.Stories) error {
	most := x.Config.LM.Data.MaxTokens
	for i := range stories.Len() {
		if n := len(stories.Story(i)); n > most {
			return fmt.Errorf("data: %s: story %d: %d tokens, more than lm.data.max_tokens (%d): split it or raise the bound", path, i+1, n, most)
		}
	}
	return nil
}

func (x *Experiment) encoding() text.Encoding {
	return text.Encoding{Tokenizer: x.Tokenizer, EndOfText: x.Config.LM.Data.EndOfText}
}

// Seeds of the embedded corpus: the held-out stories are another corpus.
const (
	corpusSeed  = 1
	heldoutSeed = 2
)

// tellStories generates the embedded corpus.
func (x *Experiment) tellStories(d configs.Data) (err error) {
	n := d.CorpusStories
	if d.Stories > 0 {
		n = min(n, d.Stories)
	}
	if x.Train, err = text.Pack(each(corpus.Stories(corpusSeed, n)), x.encoding()); err != nil {
		return err
	}
	x.Heldout, err = text.Pack(each(corpus.Stories(heldoutSeed, max(1, d.HeldoutStories))), x.encoding())
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

// Identity is what a lineage is bound to: the knobs that matter and the data.
func (x *Experiment) Identity() [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "config %016x tokenizer %016x data %016x", x.Config.Identity(), x.Tokenizer.Digest(), dataDigest(x.Train)))
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

// Levels returns the reference levels of the training stories.
func (x *Experiment) Levels() Levels {
	stories := make([][]int32, x.Train.Len())
	for i := range stories {
		stories[i] = x.Train.Story(i)
	}
	return Levels{levels.Uniform(x.Spec.Vocab), levels.Unigram(stories), levels.Bigram(stories)}
}
