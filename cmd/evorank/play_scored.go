package main

import (
	"context"
	"fmt"
	"io"

	"github.com/evorank/evorank/evolve"
	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/run"
	"github.com/evorank/evorank/task/carracing"
	"github.com/urfave/cli/v2"
)

// scored is an individual's score in its generation, and what comes out now.
type scored struct {
	Generation model.Generation `json:"generation"`
	Individual model.ID         `json:"individual"`
	Episode    int              `json:"episode"`
	Returns    []float64        `json:"returns"` // of all its episodes
	Score      float64          `json:"score"`   // their mean, now
	Recorded   float64          `json:"recorded_score"`
	Equal      bool             `json:"equal"` // to the last bit
	SameKind   bool             `json:"same_kind"`

	plan     evolve.Plan
	index    int // in the population
	reached  int // the last stage that it came to
	episodes []model.Seed
	kinds    [2]string // of devices: the run's, and this one
}

// scoredDrive chooses one of the episodes that an individual was scored on.
func (s subject) scoredDrive(c *cli.Context) (drive, error) {
	if err := refuse(c, "a scored episode is shown as it was: give --seed for another drive", "max-steps", "no-early-stop"); err != nil {
		return drive{}, err
	}
	x := s.archive.Experiment
	task, err := x.CarRacing()
	if err != nil {
		return drive{}, byKind(fmt.Errorf("play: %w", err))
	}
	known, err := s.archive.Episodes(s.individual)
	if err != nil {
		return drive{}, byKind(err)
	}
	k := c.Int("episode")
	if k < 0 || k >= len(known.Episodes) {
		return drive{}, usagef("play: --episode %d: individual %d had %d in generation %d: want 0 to %d",
			k, s.individual.ID, len(known.Episodes), s.individual.Generation, len(known.Episodes)-1)
	}
	e := x.Config.Execution
	d, err := run.DriverDevice(task.Policy, x.Layout, "cpu", e.Precision, e.Application, e.Threads)
	if err != nil {
		return drive{}, byKind(err)
	}
	player, err := s.network.Driver(d, task.Environment, task.Limits)
	if err != nil {
		return drive{}, byKind(err)
	}
	i, m := s.individual, s.archive.Manifest.At(s.individual.Generation)
	reached, _ := x.Plan.Reached(int(i.Cases)) // its episodes were found
	return drive{player, d, known.Episodes[k], &scored{
		Generation: i.Generation, Individual: i.ID, Episode: k, Recorded: known.Return,
		SameKind: m.ComputedOn(d),
		plan:     x.Plan, index: int(i.Index), reached: reached, episodes: known.Episodes,
		kinds: [2]string{m.DeviceKind + " " + m.Precision, d.Kind + " " + d.Precision},
	}}, nil
}

// playAll plays all of the individual's episodes and scores them as the run did.
func (s *scored) playAll(ctx context.Context, player *carracing.CPU, seen carracing.Outcome) error {
	outcomes, err := player.Episodes(ctx, model.Candidate{}, s.episodes)
	if err != nil {
		return err
	}
	known := make(recalled)
	for _, o := range outcomes {
		s.Returns = append(s.Returns, o.Return)
		known[o.Seed] = o.Return
	}
	if outcomes[s.Episode] != seen {
		return fmt.Errorf("play: track %d: watched, it ended %+v; among the others, %+v: report this as a fault", seen.Seed, seen, outcomes[s.Episode])
	}
	score, err := evolve.Rescore(ctx, s.plan, known, s.Generation, s.index, s.reached, model.Candidate{})
	s.Score = float64(score.Fitness)
	s.Equal = s.Score == s.Recorded
	return err
}

func (s *scored) print(w io.Writer) {
	fmt.Fprintf(w, "score %v, the mean of %.1f\n", s.Score, s.Returns)
	switch {
	case s.Equal:
		fmt.Fprintln(w, "the lineage has the same, to the last bit")
	case !s.SameKind:
		fmt.Fprintf(w, "the lineage has %v: the run was on a device of kind %s, this is %s\n", s.Recorded, s.kinds[0], s.kinds[1])
	}
}

// verdict is an error if the score should be the lineage's and is not.
func (s *scored) verdict() error {
	if s.Equal || !s.SameKind {
		return nil
	}
	return dataError(fmt.Errorf("play: generation %d: individual %d: its score is %v, the lineage has %v: evorank verify says where it begins to differ",
		s.Generation, s.Individual, s.Score, s.Recorded))
}

// recalled scores by returns that are known, so that evolve's own rule makes
// the score.
type recalled map[model.Seed]float64

// Evaluate returns the mean return of one candidate's episodes.
func (r recalled) Evaluate(_ context.Context, _ []model.Candidate, cases model.Cases) ([]model.Fitness, error) {
	sum := 0.0
	for _, e := range cases.Episodes {
		sum += r[e]
	}
	return []model.Fitness{model.Fitness(sum / float64(len(cases.Episodes)))}, nil
}

// Adopt is never asked for.
func (recalled) Adopt(context.Context, []model.Candidate) ([]model.Digest, error) { return nil, nil }
