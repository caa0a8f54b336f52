package run

import (
	"context"
	"path/filepath"
	"time"

	"github.com/evorank/evorank/evolve"
	"github.com/evorank/evorank/gpu"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/run/metrics"
)

// recorder stands between the loop and the engine: it times what the engine
// does, and makes each generation durable. The lineage comes first; metrics
// and checkpoints can be made again from it.
type recorder struct {
	run            *Run
	show           func(Progress)
	metrics        *metrics.Log
	events         *metrics.Events
	begun          time.Time
	now            Progress // of the generation being evaluated
	copied         gpu.Traffic
	lastCheckpoint model.Generation
	hardware       *hardware
	mirror         *mirror // nil on the CPU, which has no second processor to agree with
}

var (
	_ evolve.Evaluator = (*recorder)(nil)
	_ evolve.Recorder  = (*recorder)(nil)
)

func newRecorder(r *Run, show func(Progress)) (*recorder, error) {
	log, err := metrics.Open(filepath.Join(r.dir, fileMetrics))
	if err != nil {
		return nil, err
	}
	now := r.options.now()
	events, err := metrics.CreateEvents(r.dir, r.manifest.Host, now, r.state.Generation+1)
	if err != nil {
		log.Close()
		return nil, err
	}
	c := &recorder{run: r, show: show, metrics: log, events: events, begun: now, lastCheckpoint: r.state.Generation, hardware: r.watchHardware()}
	if r.device.CUDA {
		c.mirror = &mirror{layout: r.Layout()}
	}
	return c, nil
}

func (c *recorder) close() {
	c.hardware.close()
	c.metrics.Close()
	c.events.Close()
}

// Evaluate passes the candidates on and counts them, their work and time.
func (c *recorder) Evaluate(ctx context.Context, candidates []model.Candidate, cases model.Cases) ([]model.Fitness, error) {
	c.run.stage.begin(c.run.state.Generation+1, len(c.run.experiment.Plan.Stages), int64(len(candidates)*cases.Count))
	begun := c.run.options.now()
	fitness, err := c.run.engine.Evaluate(ctx, candidates, cases)
	c.run.stage.end()
	c.now.EvaluationSeconds += c.run.options.now().Sub(begun).Seconds()
	c.now.Evaluated += len(candidates)
	c.now.Work.add(c.run.experiment.Task.work(c.run.engine, len(candidates), cases))
	return fitness, err
}

// Adopt passes the survivors on and times it.
func (c *recorder) Adopt(ctx context.Context, candidates []model.Candidate) ([]model.Digest, error) {
	begun := c.run.options.now()
	digests, err := c.run.engine.Adopt(ctx, candidates)
	c.now.AdoptionSeconds += c.run.options.now().Sub(begun).Seconds()
	return digests, err
}

// Record appends a generation to the lineage, and then to everything else.
func (c *recorder) Record(ctx context.Context, records []model.Record, state evolve.State) error {
	if err := c.check(state); err != nil {
		return err
	}
	if err := c.run.lineage.Append(records); err != nil {
		return err
	}
	c.run.state = state // whatever fails from here on, the generation counts
	p := c.measure(records)
	var err error
	if p.HeldoutBest, err = c.heldout(ctx, records); err != nil {
		return err
	}
	if err := c.log(p); err != nil {
		return err
	}
	if due(c.run.experiment.Config.Execution.CheckpointEvery, p.Generation) {
		if err := writeCheckpoint(c.run.dir, c.run.engine, state); err != nil {
			return err
		}
		c.lastCheckpoint = p.Generation
	}
	c.show(p)
	return nil
}

// due reports whether something that happens every so many generations, or
// never if that is 0, happens in this one.
func due(every int, g model.Generation) bool { return every > 0 && int(g)%every == 0 }

// check compares the new parents with the host's, every so many generations,
// at checkpoints and at the end, before anything of the generation is kept.
func (c *recorder) check(state evolve.State) error {
	e, g := c.run.experiment.Config.Execution, state.Generation
	if c.mirror == nil || !due(e.CheckEvery, g) && !due(e.CheckpointEvery, g) && int(g) != c.run.Generations() {
		return nil
	}
	begun := c.run.options.now()
	err := c.mirror.check(state)
	c.now.CheckSeconds = c.run.options.now().Sub(begun).Seconds()
	return err
}

// measure joins what the records say with what was counted and timed.
func (c *recorder) measure(records []model.Record) Progress {
	p, now := c.run.experiment.summarise(records), c.run.options.now()
	p.Evaluated, p.Work = c.now.Evaluated, c.now.Work
	p.EvaluationSeconds, p.AdoptionSeconds, p.CheckSeconds = c.now.EvaluationSeconds, c.now.AdoptionSeconds, c.now.CheckSeconds
	c.hardware.tell(&p)
	p.GenerationSeconds = now.Sub(c.begun).Seconds()
	if p.GenerationSeconds > 0 {
		p.UnitsPerSecond = float64(p.Work.Units) / p.GenerationSeconds
	}
	copied := traffic(c.run.engine)
	moved := copied.Minus(c.copied)
	p.HostToDeviceBytes, p.DeviceToHostBytes = moved.HostToDevice, moved.DeviceToHost
	c.now, c.begun, c.copied = Progress{}, now, copied
	return p
}

// heldout returns the score of the best individual, if it is a parent now, on
// the held-out cases, every so many generations and at the end.
func (c *recorder) heldout(ctx context.Context, records []model.Record) (*float64, error) {
	cases, every := c.run.experiment.Task.heldout()
	at, g := best(records), int(records[0].Generation)
	if cases.Count == 0 || every == 0 || g%every != 0 && g != c.run.Generations() || at < 0 || records[at].Selected == model.Unselected {
		return nil, nil
	}
	candidate := model.Candidate{Parent: records[at].Selected}
	fitness, err := c.run.engine.Evaluate(context.WithoutCancel(ctx), []model.Candidate{candidate}, cases)
	if err != nil {
		return nil, err
	}
	score := c.run.experiment.Task.Words().Of(fitness[0])
	if !finite(score) {
		return nil, nil
	}
	return &score, nil
}

// log appends the generation to metrics.jsonl and to TensorBoard's file.
func (c *recorder) log(p Progress) error {
	if err := c.metrics.Write(p); err != nil {
		return err
	}
	score := p.words.Score
	scalars := []metrics.Scalar{
		{Tag: score + "/best", Value: float32(p.Best)}, {Tag: score + "/median", Value: float32(p.Median)}, {Tag: score + "/std", Value: float32(p.Std)},
		{Tag: "speed/" + p.words.RateKey, Value: float32(p.UnitsPerSecond)}, {Tag: "speed/generation_seconds", Value: float32(p.GenerationSeconds)},
	}
	if p.HeldoutBest != nil {
		scalars = append(scalars, metrics.Scalar{Tag: score + "/heldout_best", Value: float32(*p.HeldoutBest)})
	}
	return c.events.Write(c.run.options.now(), p.Generation, append(scalars, p.gpuScalars()...))
}
