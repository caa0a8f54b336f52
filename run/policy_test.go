package run

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/evorank/evorank/configs"
	"github.com/evorank/evorank/evolve"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/task/carracing"
)

// TestDrivingRefusals: what CarRacing cannot do is said.
func TestDrivingRefusals(t *testing.T) {
	create := func(settings ...string) error {
		_, err := Create(drivingConfig(t, settings...), "carracing-factored", filepath.Join(t.TempDir(), "run"), Options{})
		return err
	}
	for _, c := range []struct {
		err  error
		kind Kind
		want string
	}{
		{create("execution.device=cuda:0"), BadDevice, "device: cuda:0: carracing is evaluated on the CPU"},
		{create("execution.precision=bf16"), BadDevice, "the CPU has fp32 and fp64"},
		{create("carracing.network.kernel=40"), BadConfig, "carracing.network: conv policy: layer 1: kernel 40"},
	} {
		if KindOf(c.err) != c.kind || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%v, want %q", c.err, c.want)
		}
	}
	driving, reading := archive(t, race(t)), archive(t, train(t, "generations=1"))
	if _, err := driving.Experiment.LanguageModel(); KindOf(err) != BadData {
		t.Errorf("a policy's text: %v", err)
	}
	i, err := reading.Find(1, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reading.Episodes(i); KindOf(err) != BadData {
		t.Errorf("a language model's episodes: %v", err)
	}
	n, err := reading.Network(i)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Policy(); KindOf(err) != BadData {
		t.Errorf("a language model as a policy: %v", err)
	}
}

// TestPolicyFiles: a policy exported in either form drives as it did, and a
// file of another network is refused.
func TestPolicyFiles(t *testing.T) {
	a := archive(t, race(t))
	i, err := a.Find(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	n, err := a.Network(i)
	if err != nil {
		t.Fatal(err)
	}
	d, err := a.Experiment.device()
	if err != nil {
		t.Fatal(err)
	}
	drive := func(n *Network) []carracing.Outcome {
		outcomes, err := n.Drive(context.Background(), d, carracing.DefaultOptions(), carracing.Limits{MaxSteps: 10}, []model.Seed{3, 4})
		if err != nil {
			t.Fatal(err)
		}
		return outcomes
	}
	want := drive(n)
	for _, factors := range []bool{true, false} {
		path := filepath.Join(t.TempDir(), "w.safetensors")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(model.WriteSafetensors(f, n.Export(factors)), f.Close()); err != nil {
			t.Fatal(err)
		}
		back, err := LoadNetwork(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := drive(back); factors && !slices.Equal(got, want) {
			t.Errorf("factors: %+v, was %+v", got, want)
		} else if got[0].Steps != 10 {
			t.Errorf("developed: %+v", got)
		}
	}
	file := n.Export(false)
	file.Metadata["outputs"] = "4"
	if _, err := importNetwork(file); err == nil || !strings.Contains(err.Error(), "output.weight: shape [3 4] where") {
		t.Errorf("weights of another shape: %v", err)
	}
	other := carracing.NewPolicy([]int{2}, 8, 8, 3)
	other.Size = 84
	layout, err := other.Layout(model.ConvEncodings{}, model.Initialisation{}, model.MutationRates{})
	if err != nil {
		t.Fatal(err)
	}
	atari := &Network{other, layout, make([]float32, layout.Genotype)}
	if _, err := atari.Driver(d, carracing.DefaultOptions(), carracing.TrainingLimits()); KindOf(err) != BadData || !strings.Contains(err.Error(), "size is 84: a driver's is 64") {
		t.Errorf("a policy for other pictures: %v", err)
	}
	delete(file.Metadata, "kernels")
	if _, err := importNetwork(file); err == nil || !strings.Contains(err.Error(), "neither a transformer") {
		t.Errorf("no description: %v", err)
	}
}

// TestDrivingKnobs: each knob arrives where it works, in the paper's experiment
// (method 4.3: two episodes for all, four more for 32) and in one in which no
// two are alike.
func TestDrivingKnobs(t *testing.T) {
	paper, err := configs.Load("carracing-factored", nil)
	if err != nil {
		t.Fatal(err)
	}
	odd := drivingConfig(t, "seed=9", "search={population: 7, survivors: 3}",
		"carracing.environment={score_text: false, fixed_lap_rule: true, lap_complete_percent: 0.5, max_steps: 31, negative_rewards: 4}",
		"carracing.episodes={all: 5, finalists: 6, more: 2, shared_tracks: true, heldout: 8, heldout_every: 11}",
		"carracing.encoding={convolutions: factored(2), hidden: hybrid(3)}")
	dense, rank1 := model.Encoding{}, model.Encoding{Kind: model.Factored, Rank: 1}
	for _, c := range []struct {
		config      configs.Config
		environment carracing.Options
		limits      carracing.Limits
		plan        evolve.Plan
		strategy    evolve.GeneticAlgorithm
		encodings   [3]model.Encoding // of the first convolution, the hidden layer and the output
		heldout     [2]int            // tracks, and generations between
	}{
		{
			paper, carracing.DefaultOptions(), carracing.Limits{MaxSteps: 1000, NegativeRewards: 21},
			evolve.Plan{Stages: []evolve.Stage{{Cases: 2, Keep: 32}, {Cases: 4}}, Seed: 1},
			evolve.GeneticAlgorithm{Seed: 1, Population: 256, Survivors: 8, Reevaluate: true},
			[3]model.Encoding{rank1, rank1, dense}, [2]int{20, 10},
		},
		{
			odd, carracing.Options{FixedLapRule: true, LapCompletePercent: 0.5}, carracing.Limits{MaxSteps: 31, NegativeRewards: 4},
			evolve.Plan{Stages: []evolve.Stage{{Cases: 5, Keep: 6}, {Cases: 2}}, Seed: 9, SharedEpisodes: true},
			evolve.GeneticAlgorithm{Seed: 9, Population: 7, Survivors: 3, Reevaluate: true},
			[3]model.Encoding{{Kind: model.Factored, Rank: 2}, {Kind: model.Hybrid, Rank: 3}, dense}, [2]int{8, 11},
		},
	} {
		x, err := NewExperiment(c.config)
		if err != nil {
			t.Fatal(err)
		}
		task, err := x.CarRacing()
		if err != nil {
			t.Fatal(err)
		}
		if task.Environment != c.environment || task.Limits != c.limits {
			t.Errorf("%+v, %+v, want %+v, %+v", task.Environment, task.Limits, c.environment, c.limits)
		}
		if !reflect.DeepEqual(x.Plan, c.plan) || x.Strategy != c.strategy {
			t.Errorf("%+v, %+v, want %+v, %+v", x.Plan, x.Strategy, c.plan, c.strategy)
		}
		for i, name := range []string{"conv.0.weight", "hidden.weight", "output.weight"} {
			if e := x.Layout.Tensor(name).Encoding; e != c.encodings[i] {
				t.Errorf("%s is %s, want %s", name, e, c.encodings[i])
			}
		}
		cases, every := task.heldout()
		if cases.Count != c.heldout[0] || len(cases.Episodes) != c.heldout[0] || every != c.heldout[1] {
			t.Errorf("held out: %+v every %d, want %v", cases, every, c.heldout)
		}
		scored := x.Plan.Meets(1, 0, 0).Episodes
		if slices.ContainsFunc(cases.Episodes, func(s model.Seed) bool { return slices.Contains(scored, s) }) {
			t.Errorf("held-out tracks %v are among those that are scored, %v", cases.Episodes, scored)
		}
	}
}
