package lm

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/task/lm/tokenizer"
)

// Sampling says how text is drawn from a network.
type Sampling struct {
	Temperature float64 // 0: always the likeliest token
	TopK        int     // 0: all tokens; else only the K likeliest
	MaxTokens   int
	EndOfText   int32 // label that ends a text like the end token, or tokenizer.NoEndOfText
	Seed        model.Seed
}

// Reader takes the next id of a text and returns the logits of the one after
// it, [V], finite, which may all be off by the same constant.
type Reader func(id int32) ([]float64, error)

// ReadReference reads a new text in float64.
func ReadReference(n *transformer.Network) Reader {
	d := transformer.NewReference(n).Decoder()
	return func(id int32) ([]float64, error) {
		logits := d.Step(id)
		return logits, checkLogits(logits, d.Len())
	}
}

// checkLogits refuses those after so many tokens if one is NaN or infinite: they
// stand for no distribution.
func checkLogits(logits []float64, tokens int) error {
	for _, v := range logits {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("lm: sample: token %d: a logit is %v: the weights overflow", tokens, v)
		}
	}
	return nil
}

// Sample continues a prompt of labels and returns the new labels. It stops at
// the end token, the end-of-text label or MaxTokens. Unknown and start are
// never drawn: they are not text. Sample number index of a seed is always the
// same text, up to what the reader's precision leaves open.
func Sample(read Reader, prompt []int32, index int, s Sampling) ([]int32, error) {
	logits, err := read(tokenizer.StartID)
	for _, label := range prompt {
		if err == nil {
			logits, err = read(label + tokenizer.FirstLabelID)
		}
	}
	var text []int32
	for err == nil && len(text) < s.MaxTokens {
		draw := s.Seed.Draw(model.PurposeSample, 0, uint32(index), uint32(len(text)))
		id := s.choose(logits, (float64(draw[0])+0.5)/(1<<32))
		label := id - tokenizer.FirstLabelID
		if id == tokenizer.EndID || label == s.EndOfText {
			break
		}
		text = append(text, label)
		logits, err = read(id)
	}
	return text, err
}

// choose returns the id at the quantile u of the sampling distribution, tokens
// ordered from the likeliest down (equal ones by id).
func (s Sampling) choose(logits []float64, u float64) int32 {
	ids := make([]int32, 0, len(logits))
	for id := int32(tokenizer.EndID); int(id) < len(logits); id++ {
		ids = append(ids, id)
	}
	slices.SortStableFunc(ids, func(a, b int32) int { return cmp.Compare(logits[b], logits[a]) })
	if s.Temperature == 0 {
		return ids[0]
	}
	if s.TopK > 0 && s.TopK < len(ids) {
		ids = ids[:s.TopK]
	}
	weights, total := make([]float64, len(ids)), 0.0
	for i, id := range ids {
		weights[i] = math.Exp((logits[id] - logits[ids[0]]) / s.Temperature)
		total += weights[i]
	}
	for i, id := range ids {
		if u -= weights[i] / total; u < 0 {
			return id
		}
	}
	return ids[len(ids)-1]
}
