package evolve

import "github.com/evorank/evorank/model"

// State is all that a strategy remembers between generations. The zero State
// (with NextID 1) stands before the founders.
type State struct {
	Generation model.Generation // the last one evaluated
	NextID     model.ID
	Parents    []Parent // Parents[slot] lives in that slot of the evaluator
}

// NewState returns the state before the first generation.
func NewState() State { return State{NextID: 1} }

// Parent is an individual that may have children.
type Parent struct {
	ID, Parent model.ID
	Genome     model.Genome
	Score      Score
	Digest     model.Digest
}

// Score is what selection compares: a mean over cases, and how far the
// individual came in multi-stage selection.
type Score struct {
	Fitness model.Fitness // mean per case, over all cases so far
	Cases   int           // 0: not evaluated
	Stage   int           // last stage in which it was evaluated, from 0
	Earlier model.Earlier // Fitness after each stage that another one follows
}

// merged returns the score after the cases of a stage, which may be the last.
func (s Score) merged(mean model.Fitness, cases, stage int, last bool) Score {
	if s.Cases > 0 {
		total := float64(float64(s.Fitness)*float64(s.Cases)) + float64(float64(mean)*float64(cases))
		cases += s.Cases
		mean = model.Fitness(total / float64(cases))
	}
	s.Fitness, s.Cases, s.Stage = mean, cases, stage
	for later := stage; !last && later < len(s.Earlier); later++ {
		s.Earlier[later] = mean
	}
	return s
}

// Member is an individual of the generation being evaluated.
type Member struct {
	ID, Parent model.ID
	Candidate  model.Candidate
	// Known is the score of a survivor whose task always gives the same, and
	// the zero Score for everyone who must be evaluated.
	Known Score
}

// Brood is one generation as a strategy asks for it.
type Brood struct {
	Generation model.Generation
	Members    []Member
}

// unknown lists the members that must be evaluated.
func (b Brood) unknown() []int {
	var list []int
	for i, m := range b.Members {
		if m.Known.Cases == 0 {
			list = append(list, i)
		}
	}
	return list
}
