package run

import (
	"context"
	"fmt"

	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/task/lm"
	"github.com/evorank/evorank/task/lm/text"
)

// Evaluation is a network's loss on stories, in nats.
type Evaluation struct {
	Loss      float64      `json:"loss"` // mean over stories of per-story means
	Stories   int          `json:"stories"`
	Targets   int          `json:"targets"`
	PerStory  []StoryScore `json:"per_story"`
	Precision string       `json:"precision"`
	Device    string       `json:"device"`
}

// StoryScore is the mean loss over the targets of one story.
type StoryScore struct {
	Targets int     `json:"targets"`
	Loss    float64 `json:"loss"`
}

// Score evaluates the network on stories that were tokenized for it.
func (n *Network) Score(ctx context.Context, stories *text.Stories, d Device) (Evaluation, error) {
	e := Evaluation{Stories: stories.Len(), Targets: stories.Targets(), Precision: d.Precision, Device: d.Name}
	engine, err := d.languageModel(n.Spec.(model.Transformer), n.Layout, lm.Data{Train: sequences(stories)}, 1)
	if err != nil {
		return e, err
	}
	defer engine.Close()
	if err := engine.Import(0, n.Genotype); err != nil {
		return e, err
	}
	losses, err := engine.PerStory(ctx, model.Candidate{Parent: 0}, model.Cases{Count: stories.Len()})
	if err != nil {
		return e, err
	}
	for i, loss := range losses {
		if !finite(loss) {
			return e, fmt.Errorf("evaluate: story %d: the loss is %v: the weights overflow", i+1, loss)
		}
		e.PerStory = append(e.PerStory, StoryScore{len(stories.Story(i)) - 1, loss})
		e.Loss += loss
	}
	e.Loss /= float64(len(losses))
	return e, nil
}

// Sample draws a text from the network, in float64 on the CPU.
func (n *Network) Sample(prompt []int32, index int, s lm.Sampling) ([]int32, error) {
	return lm.Sample(lm.ReadReference(n.bound()), prompt, index, s)
}

func (n *Network) bound() *transformer.Network {
	return lm.Bind(n.Spec.(model.Transformer), n.Layout, n.Genotype, n.Phenotype())
}

func importTransformer(f *model.TensorFile) (*Network, error) {
	t, err := model.ImportTransformer(f, model.Initialisation{}, model.MutationRates{})
	if err != nil {
		return nil, err
	}
	return &Network{t.Transformer, t.Layout, t.Genotype}, nil
}
