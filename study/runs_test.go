package study

import (
	"math"
	"strings"
	"testing"
)

func TestReadRows(t *testing.T) {
	rows, err := readRows(strings.NewReader(`{"generation":1,"loss_best":4.5,"best_id":3,"evaluated":8,"generation_seconds":0.5,"device":"cpu"}
{"generation":2,"loss_best":0,"loss_std":0,"unfit":8,"best_id":0,"evaluated":8}
{"generation":3,"loss_best":4,"best_id":7,"evaluated":0,"tokens_scored":0,"generation_seconds":0,"tokens_per_second":0,"heldout_loss_best":null}
{"generation":4,"loss_be`))
	if err != nil || len(rows) != 3 {
		t.Fatalf("%v, %v", rows, err)
	}
	nan := func(row int, keys ...string) {
		for _, key := range keys {
			if v, there := rows[row][key]; !there || !math.IsNaN(v) {
				t.Errorf("generation %d: %s is %v, want NaN", row+1, key, v)
			}
		}
	}
	nan(1, "loss_best", "loss_std")                                                                      // nobody had a fitness
	nan(2, "evaluated", "tokens_scored", "generation_seconds", "tokens_per_second", "heldout_loss_best") // nobody knows the cost
	if rows[0]["loss_best"] != 4.5 || rows[0]["generation_seconds"] != 0.5 || rows[2]["loss_best"] != 4 {
		t.Errorf("%v", rows)
	}
	if _, there := rows[0]["device"]; there {
		t.Error("a word was read as a number")
	}
	for text, want := range map[string]string{
		"{\"generation\":1}\nx\n":                  "line 2: not a JSON object",
		"{\"loss\":1}\n":                           "line 1: no generation",
		"{\"generation\":2}\n{\"generation\":2}\n": "line 2: generations do not rise",
		"{\"generation\":null}\n":                  "line 1: no generation",
	} {
		if _, err := readRows(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func TestMetricOf(t *testing.T) {
	for key, want := range map[string]Metric{
		"loss_best":            {"loss_best", "loss of the best", "nats", Lower},
		"heldout_loss_best":    {"heldout_loss_best", "held-out loss of the best", "nats", Lower},
		"loss_std":             {"loss_std", "standard deviation of the loss", "nats", Neither},
		"tokens_per_second":    {"tokens_per_second", "tokens per second", "tokens/s", Higher},
		"adoption_seconds":     {"adoption_seconds", "adoption seconds", "s", Lower},
		"reward_best":          {"reward_best", "reward best", "", Higher},
		"tokens_scored":        {"tokens_scored", "tokens scored", "tokens", Neither},
		"unfit":                {"unfit", "unfit", "individuals", Lower},
		"best_id":              {"best_id", "best id", "", Neither},
		"return_best":          {"return_best", "return of the best", "", Higher},
		"return_std":           {"return_std", "standard deviation of the return", "", Neither},
		"heldout_return_best":  {"heldout_return_best", "held-out return of the best", "", Higher},
		"env_steps_per_second": {"env_steps_per_second", "env steps per second", "env steps/s", Higher},
	} {
		if got := MetricOf(key); got != want {
			t.Errorf("%s: %+v, want %+v", key, got, want)
		}
	}
}
