package study

import "strings"

// Direction says which values of a metric are the better ones.
type Direction string

// The directions. Nothing is called better where nobody said which it is.
const (
	Lower   Direction = "lower is better"
	Higher  Direction = "higher is better"
	Neither Direction = ""
)

// Metric is a key of metrics.jsonl in words.
type Metric struct {
	Key    string
	Name   string // for titles and axes
	Unit   string
	Better Direction
}

// inWordsOf names the metrics whose key is not its own best name.
var inWordsOf = map[string]string{
	"loss_best":         "loss of the best",
	"loss_median":       "median loss of the population",
	"loss_mean":         "mean loss of the population",
	"loss_worst":        "worst loss of the population",
	"loss_std":          "standard deviation of the loss",
	"heldout_loss_best": "held-out loss of the best",
	"founders":          "founders with living descendants",
}

// MetricOf describes a key.
func MetricOf(key string) Metric {
	m := Metric{Key: key, Name: strings.ReplaceAll(key, "_", " ")}
	if name := inWordsOf[key]; name != "" {
		m.Name = name
	}
	switch {
	case key == "loss_std":
		m.Unit = "nats" // of a spread, neither is better
	case isLoss(key):
		m.Unit, m.Better = "nats", Lower
	case strings.HasSuffix(key, "_per_second"):
		m.Unit, m.Better = strings.TrimSuffix(key, "_per_second")+"/s", Higher
	case strings.HasSuffix(key, "seconds"):
		m.Unit, m.Better = "s", Lower
	case strings.Contains(key, "reward"), strings.Contains(key, "return"), strings.Contains(key, "score") && key != "tokens_scored", strings.Contains(key, "fitness"):
		m.Better = Higher
	}
	return m
}

func isLoss(key string) bool { return strings.Contains(key, "loss") }

// withDirection is the metric's name and which values are better.
func (m Metric) withDirection() string {
	if m.Better == Neither {
		return m.Name
	}
	return m.Name + ", " + string(m.Better)
}
