package run

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/evorank/evorank/configs"
	"github.com/evorank/evorank/evolve"
	"github.com/evorank/evorank/files"
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/task/lm"
	"github.com/evorank/evorank/task/lm/text"
	"github.com/evorank/evorank/task/lm/tokenizer"
)

// LanguageModel is task lm: the loss on stories.
type LanguageModel struct {
	Tokenizer *tokenizer.Tokenizer
	Train     *text.Stories
	Heldout   *text.Stories // nil without held-out data
	Spec      model.Transformer

	config *configs.Config // the experiment's
	layout *model.Layout
	notes  []string
}

var _ Task = (*LanguageModel)(nil)

// LanguageModel returns the experiment's task if it is a language model's.
func (x *Experiment) LanguageModel() (*LanguageModel, error) {
	if t, ok := x.Task.(*LanguageModel); ok {
		return t, nil
	}
	return nil, errorf(BadData, "task %s: it has no text: only runs of task lm do", x.Config.Task)
}

// fileTokenizer is the run directory's own copy.
const fileTokenizer = "tokenizer.json"

// openLanguageModel reads the tokenizer that the config names, or that of a run
// directory, and lays the network out.
func openLanguageModel(cfg *configs.Config, dir string) (Task, error) {
	t := &LanguageModel{config: cfg}
	var err error
	if dir != "" {
		t.Tokenizer, err = tokenizer.Load(filepath.Join(dir, fileTokenizer))
	} else {
		err = t.loadTokenizer()
	}
	if err != nil {
		return nil, as(BadData, err)
	}
	return t, as(BadConfig, t.layOut())
}

// layOut derives the network from the config and the tokenizer's vocabulary.
func (t *LanguageModel) layOut() (err error) {
	cfg, n, e := t.config, t.config.LM.Network, t.config.LM.Encoding
	t.Spec = model.Transformer{
		Hidden: n.Hidden, Heads: n.Heads, HeadDim: n.HeadDim, FFN: n.FFN, Blocks: n.Blocks,
		Vocab: t.Tokenizer.Vocabulary(), Position: n.Position, RotaryDims: n.RotaryDims,
	}
	t.layout, err = t.Spec.Layout(
		model.TransformerEncodings{Embedding: e.Embedding, Attention: e.Attention, FeedForward: e.FeedForward, Tensors: e.Tensors},
		initialisation(cfg), rates(cfg))
	return err
}

var lossWords = Words{
	Score: "loss", Unit: "nats", Sign: -1, Cases: "stories", Units: "tokens",
	UnitsKey: "tokens_scored", RateKey: "tokens_per_second",
}

// Words returns those of losses and tokens.
func (*LanguageModel) Words() Words { return lossWords }

// Network returns the transformer.
func (t *LanguageModel) Network() Network { return Network{Spec: t.Spec, Layout: t.layout} }

func (t *LanguageModel) load() ([]string, error) {
	t.notes = nil
	err := t.loadStories()
	return t.notes, err
}

func (t *LanguageModel) plan() (evolve.Plan, error) {
	stories := t.Train.Len()
	perGeneration := t.config.LM.Data.PerGeneration
	if perGeneration == 0 {
		perGeneration = stories
	}
	if perGeneration > stories {
		return evolve.Plan{}, fmt.Errorf("lm.data.per_generation: %d stories asked for, %d at hand", perGeneration, stories)
	}
	return evolve.Plan{Stages: []evolve.Stage{{Cases: perGeneration}}, Stories: stories, Seed: model.Seed(t.config.Seed)}, nil
}

func (t *LanguageModel) identity() string {
	return fmt.Sprintf("tokenizer %016x data %016x", t.Tokenizer.Digest(), dataDigest(t.Train))
}

func (t *LanguageModel) describe(m *Manifest) {
	m.Stories, m.Targets = t.Train.Len(), t.Train.Targets()
	m.DataDigest, m.TokenizerDigest = fmt.Sprintf("%016x", dataDigest(t.Train)), fmt.Sprintf("%016x", t.Tokenizer.Digest())
	if t.Heldout != nil {
		m.HeldoutStories, m.HeldoutDigest = t.Heldout.Len(), fmt.Sprintf("%016x", dataDigest(t.Heldout))
	}
}

func (t *LanguageModel) furnish(dir string) error {
	return files.WriteWhole(filepath.Join(dir, fileTokenizer), t.Tokenizer.Write)
}

func (t *LanguageModel) heldout() (model.Cases, int) {
	if t.Heldout == nil {
		return model.Cases{}, 0
	}
	return model.Cases{Count: t.Heldout.Len(), Heldout: true}, t.config.LM.Data.HeldoutEvery
}

func (t *LanguageModel) device(e configs.Execution) (Device, error) {
	d, err := ChooseDevice(strings.TrimSpace(e.Device), e.Precision, e.Application, e.Threads)
	if err == nil && d.CUDA {
		return t.onGPUs(d, e.Precision, transformer.Application(e.Application))
	}
	return d, err
}

func (t *LanguageModel) bind(d Device, parents int) (Engine, error) {
	data := lm.Data{Train: sequences(t.Train)}
	if t.Heldout != nil {
		data.Heldout = sequences(t.Heldout)
	}
	return d.languageModel(t.Spec, t.layout, data, parents)
}

// work counts the stories and their targets, whose window may wrap around at
// the last story.
func (t *LanguageModel) work(_ Engine, candidates int, cases model.Cases) Work {
	s := sequences(t.Train)
	end := cases.First + cases.Count
	targets := s.Targets(cases.First, min(end, s.Len()))
	if end > s.Len() {
		targets += s.Targets(0, end-s.Len())
	}
	return Work{int64(candidates * cases.Count), int64(candidates) * int64(targets)}
}

func (t *LanguageModel) sample() model.Cases {
	const enough = 64 // stories: to fill every thread
	return model.Cases{Count: min(enough, t.Train.Len())}
}

func (t *LanguageModel) cost(individuals, _, _ int, rate float64) Cost {
	targets, share := t.Train.Targets(), 1.0
	if n := t.config.LM.Data.PerGeneration; n > 0 {
		share = float64(n) / float64(t.Train.Len())
	}
	return Cost{
		Stories: t.Train.Len(), Targets: targets, Vocabulary: t.Spec.Vocab, TokensPerSecond: rate,
		MemoryBytes: 8 * int64(targets), // training and held-out text
		units:       float64(targets) * share * float64(individuals),
	}
}

func (t *LanguageModel) tolerance(a, b string) float64 {
	return lm.Tolerance(transformer.Precision(a)) + lm.Tolerance(transformer.Precision(b))
}
