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
	return &recorder{run: r, show: show, metrics: log, events: events, begun: now, lastCheckpoint: r.state.Generation}, nil
}

func (c *recorder) close() {
	c.metrics.Close()
	c.events.Close()
}

// Evaluate passes the candidates on and counts them, their tokens and time.
func (c *recorder) Evaluate(ctx context.Context, candidates []model.Candidate, cases model.Cases) ([]model.Fitness, error) {
	begun := c.run.options.now()
	fitness, err := c.run.engine.Evaluate(ctx, candidates, cases)
	c.now.EvaluationSeconds += c.run.options.now().Sub(begun).Seconds()
	c.now.Evaluated += len(candidates)
	c.now.TokensScored += int64(len(candidates)) * c.targets(cases)
	return fitness, err
}

// Adopt passes the survivors on and times it.
func (c *recorder) Adopt(ctx context.Context, candidates []model.Candidate) ([]model.Digest, error) {
	begun := c.run.options.now()
	digests, err := c.run.engine.Adopt(ctx, candidates)
	c.now.AdoptionSeconds += c.run.options.now().Sub(begun).Seconds()
	return digests, err
}

// targets returns the number of scored tokens of the cases, which may wrap
// around at the last story.
func (c *recorder) targets(cases model.Cases) int64 {
	s := sequences(c.run.experiment.Train)
	end := cases.First + cases.Count
	n := s.Targets(cases.First, min(end, s.Len()))
	if end > s.Len() {
		n += s.Targets(0, end-s.Len())
	}
	return int64(n)
}

// Record appends a generation to the lineage, and then to everything else.
func (c *recorder) Record(ctx context.Context, records []model.Record, state evolve.State) error {
	if err := c.run.lineage.Append(records); err != nil {
		return err
	}
	p := c.measure(records)
	var err error
	if p.HeldoutLossBest, err = c.heldout(ctx, p.Generation); err != nil {
		return err
	}
	if err := c.log(p); err != nil {
		return err
	}
	if every := c.run.experiment.Config.Execution.CheckpointEvery; every > 0 && int(p.Generation)%every == 0 {
		if err := writeCheckpoint(c.run.dir, c.run.engine, state); err != nil {
			return err
		}
		c.lastCheckpoint = p.Generation
	}
	c.show(p)
	return nil
}

// measure joins what the records say with what was counted and timed.
func (c *recorder) measure(records []model.Record) Progress {
	p, now := summarise(records), c.run.options.now()
	p.Evaluated, p.TokensScored = c.now.Evaluated, c.now.TokensScored
	p.EvaluationSeconds, p.AdoptionSeconds = c.now.EvaluationSeconds, c.now.AdoptionSeconds
	p.GenerationSeconds = now.Sub(c.begun).Seconds()
	if p.GenerationSeconds > 0 {
		p.TokensPerSecond = float64(p.TokensScored) / p.GenerationSeconds
	}
	copied := traffic(c.run.engine)
	moved := copied.Minus(c.copied)
	p.HostToDeviceBytes, p.DeviceToHostBytes = moved.HostToDevice, moved.DeviceToHost
	c.now, c.begun, c.copied = Progress{}, now, copied
	return p
}

// heldout returns the loss of the best individual, which is the parent in slot
// 0, on the held-out stories, every so many generations and at the end.
func (c *recorder) heldout(ctx context.Context, g model.Generation) (*float64, error) {
	x := c.run.experiment
	every := x.Config.LM.Data.HeldoutEvery
	if x.Heldout == nil || every == 0 || int(g)%every != 0 && int(g) != c.run.Generations() {
		return nil, nil
	}
	cases := model.Cases{Count: x.Heldout.Len(), Heldout: true}
	fitness, err := c.run.engine.Evaluate(context.WithoutCancel(ctx), []model.Candidate{{Parent: 0}}, cases)
	if err != nil {
		return nil, err
	}
	loss := -float64(fitness[0])
	if !finite(loss) {
		return nil, nil
	}
	return &loss, nil
}

// log appends the generation to metrics.jsonl and to TensorBoard's file.
func (c *recorder) log(p Progress) error {
	if err := c.metrics.Write(p); err != nil {
		return err
	}
	scalars := []metrics.Scalar{
		{Tag: "loss/best", Value: float32(p.LossBest)}, {Tag: "loss/median", Value: float32(p.LossMedian)}, {Tag: "loss/std", Value: float32(p.LossStd)},
		{Tag: "speed/tokens_per_second", Value: float32(p.TokensPerSecond)}, {Tag: "speed/generation_seconds", Value: float32(p.GenerationSeconds)},
	}
	if p.HeldoutLossBest != nil {
		scalars = append(scalars, metrics.Scalar{Tag: "loss/heldout_best", Value: float32(*p.HeldoutLossBest)})
	}
	return c.events.Write(c.run.options.now(), p.Generation, scalars)
}
