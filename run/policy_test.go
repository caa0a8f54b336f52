package run

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

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
