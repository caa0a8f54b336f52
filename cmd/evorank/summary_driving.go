package main

import (
	"fmt"

	"github.com/evorank/evorank/run"
	"github.com/urfave/cli/v2"
)

// drivingSummary is what train and resume print of CarRacing in the end.
type drivingSummary struct {
	Dir         string   `json:"run_dir"`
	Generations int      `json:"generations"`
	ReturnStart float64  `json:"return_start"` // best of generation 1
	ReturnEnd   float64  `json:"return_end"`   // best of the last generation
	BestID      uint64   `json:"best_id"`
	Episodes    int      `json:"episodes"` // that return_end is the mean of
	Heldout     *float64 `json:"heldout_return,omitempty"`
}

// summariseDriving prints where the run is and how well its best drives.
func summariseDriving(c *cli.Context, r *run.Run, trained run.Progress) error {
	first, last, err := firstAndLast(r)
	if err != nil {
		return byKind(err)
	}
	s := drivingSummary{
		Dir: r.Dir(), Generations: int(r.Generation()), ReturnStart: float64(first.Fitness), ReturnEnd: float64(last.Fitness),
		BestID: uint64(last.ID), Episodes: int(last.Cases), Heldout: trained.HeldoutBest,
	}
	if c.Bool("json") {
		return printJSON(c, s)
	}
	w := c.App.Writer
	fmt.Fprintf(w, "run          %s\n", s.Dir)
	fmt.Fprintf(w, "best return  %.1f at generation 1, %.1f at generation %d (mean of %d episodes)\n", s.ReturnStart, s.ReturnEnd, s.Generations, s.Episodes)
	if s.Heldout != nil {
		fmt.Fprintf(w, "held out     %.1f on %d tracks that selection never saw\n", *s.Heldout, r.Config().CarRacing.Episodes.Heldout)
	}
	fmt.Fprintf(w, "next         evorank play %s --output drive.gif · evorank eval %s · evorank verify %s · evorank resume %s --generations %d\n",
		s.Dir, s.Dir, s.Dir, s.Dir, 2*s.Generations)
	return nil
}
