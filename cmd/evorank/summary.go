package main

import (
	"fmt"

	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/run"
	"github.com/evorank/evorank/run/lineage"
	"github.com/evorank/evorank/task/lm"
	"github.com/urfave/cli/v2"
)

// summary is what train and resume print of a language model in the end.
type summary struct {
	Dir         string     `json:"run_dir"`
	Generations int        `json:"generations"`
	LossStart   float64    `json:"loss_start"` // best of generation 1
	LossEnd     float64    `json:"loss_end"`   // best of the last generation
	Levels      run.Levels `json:"levels"`
	Samples     []string   `json:"samples"`
}

const (
	sampleTexts       = 3
	sampleTokens      = 60
	sampleTemperature = 0.5
)

// summarise prints where the run is and what it reached, in its task's words.
func summarise(c *cli.Context, r *run.Run, last run.Progress) error {
	if t, writes := r.Experiment().Task.(*run.LanguageModel); writes {
		return summariseWriting(c, r, t)
	}
	return summariseDriving(c, r, last)
}

// summariseWriting prints where the run is, how well its best predicts text and
// what it writes.
func summariseWriting(c *cli.Context, r *run.Run, task *run.LanguageModel) error {
	s, err := newSummary(r, task)
	if err != nil {
		return byKind(err)
	}
	if err := r.WriteSamples(s.Samples); err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c, s)
	}
	w := c.App.Writer
	fmt.Fprintf(w, "run        %s\n", s.Dir)
	fmt.Fprintf(w, "best loss  %.3f at generation 1, %.3f at generation %d (nats a token)\n", s.LossStart, s.LossEnd, s.Generations)
	fmt.Fprintf(w, "levels     %.3f uniform guess, %.3f unigram entropy, %.3f bigram entropy of this text\n", s.Levels.Uniform, s.Levels.Unigram, s.Levels.Bigram)
	fmt.Fprintf(w, "samples    of the best individual, at temperature %g:\n", sampleTemperature)
	for _, text := range s.Samples {
		fmt.Fprintf(w, "           %s\n", text)
	}
	fmt.Fprintf(w, "next       evorank generate %s --n 5 · evorank verify %s · evorank resume %s --generations %d\n", s.Dir, s.Dir, s.Dir, 2*s.Generations)
	return nil
}

func newSummary(r *run.Run, task *run.LanguageModel) (summary, error) {
	s := summary{Dir: r.Dir(), Generations: int(r.Generation()), Levels: r.Experiment().Levels()}
	first, last, err := firstAndLast(r)
	if err != nil {
		return s, err
	}
	s.LossStart, s.LossEnd = -float64(first.Fitness), -float64(last.Fitness)
	n, err := r.Archive().Network(last)
	if err != nil {
		return s, err
	}
	t := task.Tokenizer
	sampling := lm.Sampling{Temperature: sampleTemperature, MaxTokens: sampleTokens, EndOfText: endOfText(t), Seed: model.Seed(r.Config().Seed)}
	for i := range sampleTexts {
		labels, err := n.Sample(nil, i, sampling)
		if err != nil {
			return s, err
		}
		text, err := t.Decode(labels)
		if err != nil {
			return s, err
		}
		s.Samples = append(s.Samples, text)
	}
	return s, nil
}

// firstAndLast returns the best individuals of the first generation and of the
// last one.
func firstAndLast(r *run.Run) (first, last lineage.Individual, err error) {
	if first, err = r.Archive().Find(1, 0); err == nil {
		last, err = r.Archive().Find(0, 0)
	}
	return first, last, err
}
