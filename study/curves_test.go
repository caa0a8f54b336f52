package study

import (
	"testing"

	"github.com/evorank/evorank/stats"
)

// TestCaption: counts of trials cannot be taken for a part of a name.
func TestCaption(t *testing.T) {
	sets := []curveSet{{"4/1, c = 1", make([][]Row, 5)}, {"dense", make([][]Row, 1)}}
	v := View{Axis: keyGeneration, Band: stats.MedianInterval}
	if got := captionOf(sets, v); got != "Median and its 95 % bootstrap interval. Trials: 4/1, c = 1 (5); dense (1)." {
		t.Error(got)
	}
	if got := captionOf(sets[1:], v); got != "Trials: dense (1)." {
		t.Errorf("one trial has no band: %s", got)
	}
	v.Axis = keySeconds
	if got := captionOf(sets, v); got != "Median and its 95 % bootstrap interval. Trials: 4/1, c = 1 (5); dense (1). A centre ends where the first of its trials ends." {
		t.Error(got)
	}
}
