package model

// Unselected marks an individual that is not among the next parents.
const Unselected Slot = -1

// MaxStages is the most rounds of evaluation that a generation may have.
const MaxStages = 4

// Earlier holds fitnesses after all stages of a generation but the last, each
// the mean over the cases so far. Who was eliminated keeps what it had.
type Earlier [MaxStages - 1]Fitness

// Record is what the lineage keeps of one individual of one generation. It
// holds no clock, host or device: equal runs have equal records.
type Record struct {
	Generation Generation
	Index      int32 // place in the population, survivors first
	ID, Parent ID    // Parent is 0 for founders; a survivor keeps its own
	Gene       Gene  // what made it this generation: GeneNone for survivors
	Cases      int32 // number of stories or episodes that Fitness is the mean of
	Fitness    Fitness
	Earlier    Earlier // of tasks with several stages
	Selected   Slot    // its slot among the next parents, or Unselected
	Digest     Digest  // of its genotype; 0 unless selected
}
