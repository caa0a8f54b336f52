package bench

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/evorank/evorank/evolve"
	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/kernels/transformer"
	"github.com/evorank/evorank/kernels/vector"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/run/lineage"
	"github.com/evorank/evorank/task/lm"
)

// Generation is where the time of a generation goes: medians in seconds over
// whole generations of the paper's factored network, from the seeds to the
// lineage on the disk. Only Evaluation depends on the number of stories.
type Generation struct {
	Device            string  `json:"device"`
	Population        int     `json:"population"`
	Generations       int     `json:"generations"`
	Evaluation        float64 `json:"evaluation_seconds"`
	Selection         float64 `json:"selection_seconds"` // asking for children, ranking, genomes
	Adoption          float64 `json:"adoption_seconds"`
	Lineage           float64 `json:"lineage_seconds"` // fsync included
	Host              float64 `json:"host_seconds"`    // all but the evaluation
	HostToDeviceBytes uint64  `json:"host_to_device_bytes"`
	DeviceToHostBytes uint64  `json:"device_to_host_bytes"`
}

// survivors is the paper's number, paperVocabulary that of its tokenizer.
const (
	survivors       = 16
	paperVocabulary = 2051
)

// GenerationOnCPU times generations on this processor.
func GenerationOnCPU(ctx context.Context, population, stories int, c Clock) (Generation, error) {
	g := Generation{Device: "cpu (" + string(vector.BestISA()) + ")", Population: population}
	n, l, data, err := generationOf(stories)
	if err != nil {
		return g, err
	}
	engine, err := lm.NewCPU(n.Spec, l, data, lm.Options{Precision: "fp32", Application: transformer.Auto, ISA: vector.BestISA()})
	if err != nil {
		return g, err
	}
	err = g.measure(ctx, engine, func() gpu.Traffic { return gpu.Traffic{} }, stories, c)
	return g, err
}

// GenerationOnGPU times generations on GPUs.
func GenerationOnGPU(ctx context.Context, ordinals []int, population, stories int, c Clock) (Generation, error) {
	g := Generation{Device: gpu.Selection{CUDA: true, Ordinals: ordinals}.String(), Population: population}
	n, l, data, err := generationOf(stories)
	if err != nil {
		return g, err
	}
	fleet, err := lm.NewFleet(ordinals, n.Spec, l, data, transformer.FP16, survivors)
	if err != nil {
		return g, err
	}
	err = g.measure(ctx, fleet, fleet.Traffic, stories, c)
	return g, errors.Join(err, fleet.Close())
}

func generationOf(stories int) (Network, *model.Layout, lm.Data, error) {
	n := PaperNetworks(paperVocabulary)[1]
	l, err := n.layout()
	return n, l, lm.Data{Train: Synthetic(stories, paperVocabulary)}, err
}

// measure runs generations; the first two, founders and what follows them,
// plan and upload and are not counted.
func (g *Generation) measure(ctx context.Context, engine evolve.Evaluator, traffic func() gpu.Traffic, stories int, c Clock) error {
	dir, err := os.MkdirTemp("", "evorank-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	log, err := lineage.Create(filepath.Join(dir, "lineage.bin"), lineage.Header{Population: g.Population})
	if err != nil {
		return err
	}
	defer log.Close()
	strategy := evolve.GeneticAlgorithm{Seed: 1, Population: g.Population, Survivors: survivors}
	plan := evolve.Plan{Stages: []evolve.Stage{{Cases: stories}}, Stories: stories, Seed: 1}
	state := evolve.NewState()
	var evaluation, selection, adoption, appending, host []float64
	for i := range c.Repeat + 2 {
		w, before, begun := &stopwatch{engine: engine, now: c.Now}, traffic(), c.Now()
		next, records, err := evolve.Step(ctx, strategy, plan, w, state)
		if err != nil {
			return err
		}
		stepped := c.Now()
		if err := log.Append(records); err != nil {
			return err
		}
		ended := c.Now()
		state = next
		if i < 2 {
			continue
		}
		moved := traffic().Minus(before)
		g.HostToDeviceBytes, g.DeviceToHostBytes = moved.HostToDevice, moved.DeviceToHost
		evaluation, adoption = append(evaluation, w.evaluation), append(adoption, w.adoption)
		selection = append(selection, stepped.Sub(begun).Seconds()-w.evaluation-w.adoption)
		appending = append(appending, ended.Sub(stepped).Seconds())
		host = append(host, ended.Sub(begun).Seconds()-w.evaluation)
	}
	g.Generations = c.Repeat
	g.Evaluation, g.Selection, g.Adoption, g.Lineage, g.Host = median(evaluation), median(selection), median(adoption), median(appending), median(host)
	return nil
}

// stopwatch times what a generation asks of its evaluator.
type stopwatch struct {
	engine               evolve.Evaluator
	now                  func() time.Time
	evaluation, adoption float64
}

// Evaluate passes the candidates on.
func (w *stopwatch) Evaluate(ctx context.Context, cs []model.Candidate, cases model.Cases) ([]model.Fitness, error) {
	begun := w.now()
	fitness, err := w.engine.Evaluate(ctx, cs, cases)
	w.evaluation += w.now().Sub(begun).Seconds()
	return fitness, err
}

// Adopt passes the survivors on.
func (w *stopwatch) Adopt(ctx context.Context, cs []model.Candidate) ([]model.Digest, error) {
	begun := w.now()
	digests, err := w.engine.Adopt(ctx, cs)
	w.adoption += w.now().Sub(begun).Seconds()
	return digests, err
}
