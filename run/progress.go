package run

import (
	"math"
	"slices"

	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/run/metrics"
)

// Progress is one line of metrics.jsonl: what a generation found and cost.
// Losses are means over stories of per-story means, in nats; lower is better.
// docs/metrics.md explains each key; a test compares the two lists.
type Progress struct {
	Generation        model.Generation `json:"generation"`
	LossBest          metrics.Float    `json:"loss_best"`
	LossMedian        metrics.Float    `json:"loss_median"`
	LossMean          metrics.Float    `json:"loss_mean"`
	LossStd           metrics.Float    `json:"loss_std"`
	LossWorst         metrics.Float    `json:"loss_worst"`
	HeldoutLossBest   *float64         `json:"heldout_loss_best,omitempty"`
	Unfit             int              `json:"unfit"`
	BestID            model.ID         `json:"best_id"`
	Evaluated         int              `json:"evaluated"`
	TokensScored      int64            `json:"tokens_scored"`
	EvaluationSeconds float64          `json:"evaluation_seconds"`
	AdoptionSeconds   float64          `json:"adoption_seconds"`
	GenerationSeconds float64          `json:"generation_seconds"`
	TokensPerSecond   float64          `json:"tokens_per_second"`
	HostToDeviceBytes uint64           `json:"host_to_device_bytes"`
	DeviceToHostBytes uint64           `json:"device_to_host_bytes"`
}

// summarise fills in what the records of a generation say. Individuals whose
// loss is not a number are counted as unfit and left out of the statistics.
func summarise(records []model.Record) Progress {
	none := metrics.Float(math.NaN())
	p := Progress{Generation: records[0].Generation, LossBest: none, LossMedian: none, LossMean: none, LossStd: none, LossWorst: none}
	var losses []float64
	for _, r := range records {
		if loss := -float64(r.Fitness); finite(loss) {
			losses = append(losses, loss)
		} else {
			p.Unfit++
		}
	}
	if best := best(records); best >= 0 {
		p.BestID, p.LossBest = records[best].ID, -metrics.Float(records[best].Fitness)
	}
	if len(losses) == 0 {
		return p
	}
	slices.Sort(losses)
	mean, variance, n := 0.0, 0.0, float64(len(losses))
	for _, l := range losses {
		mean += l / n
	}
	for _, l := range losses {
		variance += (l - mean) * (l - mean) / n
	}
	p.LossMedian, p.LossWorst = metrics.Float(median(losses)), metrics.Float(losses[len(losses)-1])
	p.LossMean, p.LossStd = metrics.Float(mean), metrics.Float(math.Sqrt(variance))
	return p
}

// best returns the index of the best record: the highest fitness among those
// who came furthest, ties to the oldest; -1 if nobody has a fitness.
func best(records []model.Record) int {
	at := -1
	for i, r := range records {
		if !finite(float64(r.Fitness)) {
			continue
		}
		if at < 0 || better(r, records[at]) {
			at = i
		}
	}
	return at
}

func better(a, b model.Record) bool {
	if a.Cases != b.Cases { // more cases: it came further in the selection
		return a.Cases > b.Cases
	}
	if a.Fitness != b.Fitness {
		return a.Fitness > b.Fitness
	}
	return a.ID < b.ID
}

func median(sorted []float64) float64 {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
