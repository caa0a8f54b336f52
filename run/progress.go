package run

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/evorank/evorank/model"
	"github.com/evorank/evorank/run/metrics"
)

// Progress is one line of metrics.jsonl: what a generation found and cost. The
// keys of the scores and the work are the task's; docs/metrics.md explains each
// key, and a test compares the two lists.
type Progress struct {
	Generation        model.Generation `json:"generation"`
	Scores            `json:"-"`
	Unfit             int      `json:"unfit" unit:"individuals" better:"lower"`
	BestID            model.ID `json:"best_id"`
	Evaluated         int      `json:"evaluated" unit:"individuals"`
	Work              Work     `json:"-"`
	UnitsPerSecond    float64  `json:"-"` // Work.Units / GenerationSeconds
	EvaluationSeconds float64  `json:"evaluation_seconds" unit:"s" better:"lower"`
	AdoptionSeconds   float64  `json:"adoption_seconds" unit:"s" better:"lower"`
	CheckSeconds      float64  `json:"check_seconds" unit:"s" better:"lower"`
	GenerationSeconds float64  `json:"generation_seconds" unit:"s" better:"lower"`
	HostToDeviceBytes uint64   `json:"host_to_device_bytes" unit:"bytes" better:"lower"`
	DeviceToHostBytes uint64   `json:"device_to_host_bytes" unit:"bytes" better:"lower"`
	// The latest readings of the GPUs together; nil: on the CPU, or not told.
	GPUUtilisation *float64 `json:"gpu_utilisation_percent,omitempty" unit:"%" better:"higher"` // mean
	GPUMemoryUsed  *uint64  `json:"gpu_memory_used_bytes,omitempty" unit:"bytes" better:"lower"`
	GPUPower       *float64 `json:"gpu_power_watts,omitempty" unit:"W" better:"lower"`
	GPUTemperature *float64 `json:"gpu_temperature_celsius,omitempty" unit:"°C" better:"lower"` // of the hottest

	words Words
}

// Scores are those of a generation's population, in the task's words.
type Scores struct {
	Best, Median, Mean, Std, Worst metrics.Float
	HeldoutBest                    *float64 // of the best on held-out cases; nil: not evaluated
}

// Words returns those of the task.
func (p Progress) Words() Words { return p.words }

// MarshalJSON writes the task's members after the generation.
func (p Progress) MarshalJSON() ([]byte, error) {
	type common Progress // all but the task's
	whole, err := json.Marshal(common(p))
	if err != nil {
		return nil, err
	}
	at := bytes.IndexByte(whole, ',')
	own := whole[:at:at]
	for _, m := range p.ofTask() {
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		own = fmt.Appendf(own, ",%q:%s", m.Key, value)
	}
	return append(own, whole[at:]...), nil
}

// measured is a metric with its value; nil: not measured.
type measured struct {
	metrics.Metric
	value any
}

// ofTask lists what only the task has words for.
func (p Progress) ofTask() []measured {
	w := p.words
	better, worse := metrics.Higher, metrics.Neither
	if w.LowerIsBetter() {
		better = metrics.Lower
	}
	score := func(key string, better metrics.Direction, value any) measured {
		return measured{metrics.Metric{Key: key, Unit: w.Unit, Better: better}, value}
	}
	list := []measured{
		score(w.Score+"_best", better, p.Best), score(w.Score+"_median", better, p.Median), score(w.Score+"_mean", better, p.Mean),
		score(w.Score+"_std", worse, p.Std), score(w.Score+"_worst", better, p.Worst),
	}
	if p.HeldoutBest != nil {
		list = append(list, score("heldout_"+w.Score+"_best", better, *p.HeldoutBest))
	}
	if w.CasesKey != "" {
		list = append(list, measured{metrics.Metric{Key: w.CasesKey, Unit: w.Cases}, p.Work.Cases})
	}
	return append(list, measured{metrics.Metric{Key: w.UnitsKey, Unit: w.Units}, p.Work.Units},
		measured{metrics.Metric{Key: w.RateKey, Unit: w.Units + "/s", Better: metrics.Higher}, p.UnitsPerSecond})
}

// Metrics lists what runs write into metrics.jsonl: those of the tasks that are
// named, or of all tasks.
func Metrics(named ...string) []metrics.Metric {
	var list []metrics.Metric
	for field := range reflect.TypeFor[Progress]().Fields() {
		if key, _, _ := strings.Cut(field.Tag.Get("json"), ","); key != "" && key != "-" {
			list = append(list, metrics.Metric{Key: key, Unit: field.Tag.Get("unit"), Better: metrics.Direction(field.Tag.Get("better"))})
		}
	}
	none := 0.0
	for _, name := range slices.Sorted(maps.Keys(tasks)) {
		if len(named) > 0 && !slices.Contains(named, name) {
			continue
		}
		for _, m := range (Progress{words: tasks[name].words, Scores: Scores{HeldoutBest: &none}}).ofTask() {
			list = append(list, m.Metric)
		}
	}
	return list
}

// summarise fills in what the records of a generation say. Individuals whose
// score is not a number are counted as unfit and left out of the statistics,
// which are of the stage that everybody was in.
func summarise(w Words, stages int, records []model.Record) Progress {
	none := metrics.Float(math.NaN())
	p := Progress{Generation: records[0].Generation, Scores: Scores{none, none, none, none, none, nil}, words: w}
	var scores []float64 // from the best to the worst
	for _, r := range records {
		if finite(float64(r.Fitness)) {
			scores = append(scores, w.Of(firstRound(r, stages)))
		} else {
			p.Unfit++
		}
	}
	if best := best(records); best >= 0 {
		p.BestID, p.Best = records[best].ID, metrics.Float(w.Of(records[best].Fitness))
	}
	if len(scores) == 0 {
		return p
	}
	slices.SortFunc(scores, func(a, b float64) int { return cmp.Compare(w.Sign*b, w.Sign*a) })
	mean, variance, n := 0.0, 0.0, float64(len(scores))
	for _, s := range scores {
		mean += s / n
	}
	for _, s := range scores {
		variance += (s - mean) * (s - mean) / n
	}
	p.Median, p.Worst = metrics.Float(median(scores)), metrics.Float(scores[len(scores)-1])
	p.Mean, p.Std = metrics.Float(mean), metrics.Float(math.Sqrt(variance))
	return p
}

// firstRound is what everybody has: fitness on the cases of the first stage.
func firstRound(r model.Record, stages int) model.Fitness {
	if stages > 1 {
		return r.Earlier[0]
	}
	return r.Fitness
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
