package bench

import (
	"context"
	"fmt"
	"math"

	"github.com/evorank/evorank/kernels/conv"
	"github.com/evorank/evorank/kernels/develop"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/task/carracing"
)

// Policy is a named size and encoding of the paper's drivers.
type Policy struct {
	Name      string
	Spec      model.ConvPolicy
	Encodings model.ConvEncodings
}

// PaperPolicies are the paper's drivers (method 1.5).
func PaperPolicies() []Policy {
	sizes := func(hidden int, channels ...int) model.ConvPolicy {
		p := model.ConvPolicy{Size: 64, Inputs: 12, Hidden: hidden, Outputs: 3}
		for _, c := range channels {
			p.Layers = append(p.Layers, model.ConvLayer{Kernel: 4, Stride: 2, Channels: c})
		}
		return p
	}
	rank := func(k int) model.ConvEncodings {
		e := model.Encoding{Kind: model.Factored, Rank: k}
		return model.ConvEncodings{Convolutions: e, Hidden: e}
	}
	large, small := sizes(256, 32, 64, 128, 256), sizes(32, 4, 4, 8, 16)
	return []Policy{
		{"dense", large, model.ConvEncodings{}},
		{"rank 1", large, rank(1)},
		{"rank 4", large, rank(4)},
		{"small dense", small, model.ConvEncodings{}},
	}
}

// together is how many stacks of pictures a policy answers at once, as in the
// paper's first stage: an individual's two episodes go in step.
const together = 2

// policyTolerance bounds the difference of an answer from fp64's, relative to
// the largest of the answers.
const policyTolerance = 1e-5

// cases checks a random policy's answers against the float64 reference, and
// returns what is to be timed: the answers alone, and whole episodes with noise
// from seeds, development, physics and pictures.
func (p Policy) cases(ctx context.Context, drives []drive, o Driving) ([]timing, error) {
	layout, err := p.Spec.Layout(p.Encodings, model.Initialisation{TallConstant: math.Sqrt2}, model.MutationRates{})
	if err != nil {
		return nil, err
	}
	stacks := look(drives[0])
	forward, largest, err := p.forward(layout, stacks)
	if err != nil {
		return nil, err
	}
	if !(largest <= policyTolerance) {
		return nil, fmt.Errorf("an answer differs from the reference by %g of the largest, more than %g: nothing is timed", largest, policyTolerance)
	}
	loop, count, err := p.loop(ctx, layout, o)
	if err != nil {
		return nil, err
	}
	return []timing{
		{DrivingRow{Case: p.Name + ", answers alone", Threads: 1, Unit: "answers", Count: len(stacks), LargestError: largest}, forward},
		{DrivingRow{Case: p.Name + ", driving", Threads: 1, Unit: "steps", Count: count, LargestError: largest}, loop},
	}, nil
}

// look drives and returns what a policy would see: the last four observations
// at each step.
func look(d drive) []conv.Images {
	var p carracing.Episode
	p.Env.Options = carracing.DefaultOptions()
	r := carracing.NewRenderer()
	p.Reset(r, d.seed)
	stacks := make([]conv.Images, 0, len(d.actions))
	for _, a := range d.actions {
		p.Step(r, a)
		seen := p.Seen // a copy that stays
		stacks = append(stacks, seen.Images(new([carracing.StackDepth][]uint8)))
	}
	return stacks[:len(stacks)/together*together]
}

// forward returns a function that answers all stacks, and the largest error of
// the first answers.
func (p Policy) forward(layout *model.Layout, stacks []conv.Images) (do func(), largest float64, err error) {
	genotype, phenotype := make([]float32, layout.Genotype), make([]float32, layout.Phenotype)
	develop.Rebuild(genotype, layout, model.Genome{founders(1)[0].Gene})
	develop.Phenotype(phenotype, genotype, layout)
	network := conv.Bind(p.Spec, layout, genotype, phenotype)
	o := carracing.TrainingEvaluation()
	plan, err := conv.NewPlan(p.Spec, network.Ranks(), o.Application)
	if err != nil {
		return nil, 0, err
	}
	fast := conv.NewEvaluator(p.Spec, plan, o.ISA, together)
	fast.Load(network)
	got, want := make([]float64, together*p.Spec.Outputs), make([]float64, together*p.Spec.Outputs)
	fast.Forward(stacks[:together], got)
	conv.NewReference(network).Forward(stacks[:together], want)
	scale := 0.0
	for i, w := range want {
		scale, largest = max(scale, math.Abs(w)), max(largest, math.Abs(got[i]-w))
	}
	return func() {
		for at := 0; at < len(stacks); at += together {
			fast.Forward(stacks[at:at+together], got)
		}
	}, largest / scale, nil
}

// loop returns a function that lets founders drive, two episodes each, and the
// number of steps that they make. The early stop is off: founders would hardly
// drive with it, and only resets were timed.
func (p Policy) loop(ctx context.Context, layout *model.Layout, o Driving) (do func(), count int, err error) {
	e := carracing.TrainingEvaluation()
	e.Threads, e.Limits = 1, carracing.Limits{MaxSteps: o.Steps}
	engine, err := carracing.NewCPU(p.Spec, layout, e)
	if err != nil {
		return nil, 0, err
	}
	drivers := founders(max(o.Tracks/together, 1))
	cases := model.Cases{Count: together}
	for i := range together * len(drivers) {
		cases.Episodes = append(cases.Episodes, model.Seed(i))
	}
	outcomes, err := engine.PerEpisode(ctx, drivers, cases)
	for _, o := range outcomes {
		count += o.Steps
	}
	return func() { _, _ = engine.PerEpisode(ctx, drivers, cases) }, count, err
}
