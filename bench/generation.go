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
// whole generations, from the seeds to the lineage on the disk. Survivors keep
// their fitness, so fewer are evaluated than live. Only Evaluation depends on
// the number of stories.
type Generation struct {
	Network           string  `json:"network"`
	Device            string  `json:"device"`
	Precision         string  `json:"precision"`
	Population        int     `json:"population"`
	Evaluated         int     `json:"evaluated"`
	Stories           int     `json:"stories"`
	Generations       int     `json:"generations"`
	Seconds           float64 `json:"generation_seconds"`
	Evaluation        float64 `json:"evaluation_seconds"`
	Selection         float64 `json:"selection_seconds"` // asking for children, ranking, genomes
	Adoption          float64 `json:"adoption_seconds"`
	Lineage           float64 `json:"lineage_seconds"` // fsync included, as far as the next evaluation does not hide it
	Host              float64 `json:"host_seconds"`    // all but the evaluation
	HostToDeviceBytes uint64  `json:"host_to_device_bytes"`
	DeviceToHostBytes uint64  `json:"device_to_host_bytes"`
}

// survivors is the paper's number.
const survivors = 16

// GenerationOnCPU times generations on this processor.
func GenerationOnCPU(ctx context.Context, n Network, stories transformer.Sequences, population int, c Clock) (Generation, error) {
	g := Generation{Network: n.Name, Device: "cpu (" + string(vector.BestISA()) + ")", Precision: "fp32", Population: population, Stories: stories.Len()}
	l, err := n.layout()
	if err != nil {
		return g, err
	}
	engine, err := lm.NewCPU(n.Spec, l, lm.Data{Train: stories}, lm.Options{Precision: g.Precision, Application: transformer.Auto, ISA: vector.BestISA()})
	if err != nil {
		return g, err
	}
	err = g.measure(ctx, engine, func() gpu.Traffic { return gpu.Traffic{} }, c)
	return g, err
}

// GenerationOnGPU times generations on GPUs.
func GenerationOnGPU(ctx context.Context, ordinals []int, n Network, p transformer.Precision, stories transformer.Sequences, population int, c Clock) (Generation, error) {
	g := Generation{Network: n.Name, Device: gpu.Selection{CUDA: true, Ordinals: ordinals}.String(), Precision: string(p), Population: population, Stories: stories.Len()}
	l, err := n.layout()
	if err != nil {
		return g, err
	}
	fleet, err := lm.NewFleet(ordinals, n.Spec, l, lm.Data{Train: stories}, p, survivors)
	if err != nil {
		return g, err
	}
	err = g.measure(ctx, fleet, fleet.Traffic, c)
	return g, errors.Join(err, fleet.Close())
}

// measure runs generations; the first two, founders and what follows them,
// plan and upload and are not counted.
func (g *Generation) measure(ctx context.Context, engine evolve.Evaluator, traffic func() gpu.Traffic, c Clock) error {
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
	plan := evolve.Plan{Stages: []evolve.Stage{{Cases: g.Stories}}, Stories: g.Stories, Seed: 1}
	state := evolve.NewState()
	var evaluation, selection, adoption, appending, host, whole []float64
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
		g.Evaluated = w.evaluated
		g.HostToDeviceBytes, g.DeviceToHostBytes = moved.HostToDevice, moved.DeviceToHost
		evaluation, adoption = append(evaluation, w.evaluation), append(adoption, w.adoption)
		selection = append(selection, stepped.Sub(begun).Seconds()-w.evaluation-w.adoption)
		appending = append(appending, ended.Sub(stepped).Seconds())
		host = append(host, ended.Sub(begun).Seconds()-w.evaluation)
		whole = append(whole, ended.Sub(begun).Seconds())
	}
	g.Generations, g.Seconds = c.Repeat, median(whole)
	g.Evaluation, g.Selection, g.Adoption, g.Lineage, g.Host = median(evaluation), median(selection), median(adoption), median(appending), median(host)
	return nil
}

// stopwatch times what a generation asks of its evaluator.
type stopwatch struct {
	engine               evolve.Evaluator
	now                  func() time.Time
	evaluated            int
	evaluation, adoption float64
}

// Evaluate passes the candidates on.
func (w *stopwatch) Evaluate(ctx context.Context, cs []model.Candidate, cases model.Cases) ([]model.Fitness, error) {
	begun := w.now()
	fitness, err := w.engine.Evaluate(ctx, cs, cases)
	w.evaluated += len(cs)
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
