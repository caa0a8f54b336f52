package lm

import (
	"context"
	"fmt"

	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/model"
)

// An evaluator returns losses only: logits never leave its kernels. But the
// next token's distribution can be read off them, on any device and in any
// precision: score the text so far with each id of the vocabulary behind it.
// The sum of losses over such a sequence is a constant minus the log
// probability of its last id, so minus the sums are logits. That is V times
// the work of one step, which evaluators are built for.

// asker is what scores sequences that were not known when it was made.
type asker interface {
	// ask replaces the stories that selection sees.
	ask(stories transformer.Sequences) error
	PerStory(context.Context, model.Candidate, model.Cases) ([]float64, error)
}

var (
	_ asker = (*CPU)(nil)
	_ asker = (*CUDA)(nil)
	_ asker = Fleet(nil)
)

// ReadLosses reads a new text with an evaluator: a CPU, CUDA or Fleet whose
// parent in slot 0 is the network. The evaluator's own stories are lost.
func ReadLosses(ctx context.Context, evaluator any, vocabulary int) (Reader, error) {
	e, ok := evaluator.(asker)
	if !ok {
		return nil, fmt.Errorf("lm: sample: %T scores no new sequences", evaluator)
	}
	var text []int32
	return func(id int32) ([]float64, error) {
		text = append(text, id)
		if err := e.ask(continuations(text, vocabulary)); err != nil {
			return nil, err
		}
		logits, err := e.PerStory(ctx, model.Candidate{Parent: 0}, model.Cases{Count: vocabulary})
		if err != nil {
			return nil, err
		}
		for i, mean := range logits {
			logits[i] = -mean * float64(len(text)) // the mean is over that many targets
		}
		return logits, checkLogits(logits, len(text))
	}, nil
}

// continuations returns the text with each id of the vocabulary behind it.
func continuations(text []int32, vocabulary int) transformer.Sequences {
	s := transformer.Sequences{IDs: make([]int32, 0, vocabulary*(len(text)+1)), Start: make([]int32, 1, vocabulary+1)}
	for id := range int32(vocabulary) {
		s.IDs = append(append(s.IDs, text...), id)
		s.Start = append(s.Start, int32(len(s.IDs)))
	}
	return s
}

func (e *CPU) ask(stories transformer.Sequences) error {
	e.data.Train = stories
	return nil
}

func (e *CUDA) ask(stories transformer.Sequences) error {
	e.data.Train = stories
	return e.train.close() // so that the next evaluation plans for these
}

func (f Fleet) ask(stories transformer.Sequences) error {
	return f.each(func(_ int, e *CUDA) error { return e.ask(stories) })
}
