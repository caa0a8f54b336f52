package run

import (
	"sync/atomic"

	"github.com/evorank/evorank/model"
)

// Stage is how far the evaluation of a generation is.
type Stage struct {
	Generation    model.Generation
	Stage, Stages int
	Done, Cases   int64 // stories or episodes
	Units         int64 // tokens or steps so far
}

// counter is an engine that can say, while it evaluates, how far it is.
type counter interface {
	Played() (cases, units int64)
}

// stageNow is the stage under way; none if Cases is 0. One goroutine sets it
// and any may look.
type stageNow struct{ at atomic.Pointer[Stage] }

// begin notes that a stage of the generation begins.
func (s *stageNow) begin(g model.Generation, stages int, cases int64) {
	next := Stage{Generation: g, Stage: 1, Stages: stages, Cases: cases}
	if last := s.at.Load(); last != nil && last.Generation == g {
		next.Stage = last.Stage + 1
	}
	s.at.Store(&next)
}

// end notes that the stage is over; what is evaluated besides is no stage.
func (s *stageNow) end() {
	over := *s.at.Load()
	over.Cases = 0
	s.at.Store(&over)
}

// Stage says how far the stage under way is. It may be called while the run
// trains; ok is false if the engine does not count, or nothing is under way.
func (r *Run) Stage() (s Stage, ok bool) {
	engine, counts := r.engine.(counter)
	at := r.stage.at.Load()
	if !counts || at == nil || at.Cases == 0 {
		return s, false
	}
	s = *at
	s.Done, s.Units = engine.Played()
	return s, true
}
