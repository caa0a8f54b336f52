package study

import (
	"fmt"
	"slices"
	"strings"

	"github.com/evorank/evorank/configs"
	"github.com/evorank/evorank/run"
	"github.com/evorank/evorank/run/metrics"
)

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
	"loss_best":           "loss of the best",
	"loss_median":         "median loss of the population",
	"loss_mean":           "mean loss of the population",
	"loss_worst":          "worst loss of the population",
	"loss_std":            "standard deviation of the loss",
	"heldout_loss_best":   "held-out loss of the best",
	"return_best":         "return of the best",
	"return_median":       "median return of the population",
	"return_mean":         "mean return of the population",
	"return_worst":        "worst return of the population",
	"return_std":          "standard deviation of the return",
	"heldout_return_best": "held-out return of the best",
	"founders":            "founders with living descendants",
	"env_steps":           "environment steps",
}

var directions = map[metrics.Direction]Direction{metrics.Lower: Lower, metrics.Higher: Higher, metrics.Neither: Neither}

// written are the metrics that package run writes.
var written = run.Metrics()

// MetricOf describes a key: as package run does if it is one of its own, by
// its words if it is a column of somebody's table.
func MetricOf(key string) Metric {
	m := Metric{Key: key, Name: strings.ReplaceAll(key, "_", " ")}
	if name := inWordsOf[key]; name != "" {
		m.Name = name
	}
	if i := slices.IndexFunc(written, func(w metrics.Metric) bool { return w.Key == key }); i >= 0 {
		m.Unit, m.Better = written[i].Unit, directions[written[i].Better]
		return m
	}
	switch {
	case isLoss(key):
		m.Unit, m.Better = "nats", Lower
	case strings.HasSuffix(key, "_per_second"):
		m.Unit, m.Better = strings.TrimSuffix(key, "_per_second")+"/s", Higher
	case strings.HasSuffix(key, "seconds"):
		m.Unit, m.Better = "s", Lower
	case strings.Contains(key, "reward"), strings.Contains(key, "return"), strings.Contains(key, "score"), strings.Contains(key, "fitness"):
		m.Better = Higher
	}
	return m
}

// ScoreKey is the metric of the population's scores with that ending, best or
// std, in the words of the first run's task: loss_best, return_best.
func ScoreKey(groups []Group, ending string) string {
	for _, g := range groups {
		for _, r := range g.Runs {
			for _, m := range run.Metrics(r.Config.Task) {
				if strings.HasSuffix(m.Key, "_"+ending) && !strings.HasPrefix(m.Key, "heldout_") {
					return m.Key
				}
			}
		}
	}
	return ""
}

// checkKey reports a key that runs of a task do not write into metrics.jsonl.
func checkKey(key, task string) error {
	keys := []string{keySeconds, keyTokens, keySteps}
	for _, m := range run.Metrics(task) {
		keys = append(keys, m.Key)
	}
	if slices.Contains(keys, key) {
		return nil
	}
	text := "docs/metrics.md lists what they do"
	if near := configs.Nearest(key, keys); near != "" {
		text = "did you mean " + near + "?"
	}
	return fmt.Errorf("metric: runs of task %s write no %s: %s", task, key, text)
}

// isScore reports whether a metric tells how good the population is.
func isScore(key string) bool {
	return slices.ContainsFunc([]string{"_best", "_median", "_mean", "_std"}, func(ending string) bool {
		return strings.HasSuffix(key, ending)
	})
}

func isLoss(key string) bool { return strings.Contains(key, "loss") }

// String is the metric's name with its unit and which values are better.
func (m Metric) String() string {
	if m.Unit == "" {
		return m.withDirection()
	}
	return m.withDirection() + " (" + m.Unit + ")"
}

// withDirection is the metric's name and which values are better.
func (m Metric) withDirection() string {
	if m.Better == Neither {
		return m.Name
	}
	return m.Name + ", " + string(m.Better)
}
