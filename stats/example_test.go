package stats_test

import (
	"fmt"

	"github.com/evorank/evorank/stats"
)

// Stage-1 evaluation times in seconds, for seven of the paper's CarRacing trials.
func ExampleCompare() {
	report, err := stats.Compare([]stats.Group{
		{Name: "dense", Values: []float64{137.1, 95.6, 101.8, 113.4, 71.8, 121.1, 104.2}},
		{Name: "factored", Values: []float64{93.8, 72.6, 73.3, 70.1, 78.3, 93.9, 72.1}},
	}, stats.Options{Metric: "stage-1 time", Unit: "s"})
	if err != nil {
		panic(err)
	}
	c := report.Pairs[0]
	fmt.Printf("%s against %s: %.1f s [%.1f, %.1f], %s p = %.4f, Glass's delta %.2f\n",
		c.Group, c.Baseline, c.Median, c.MedianCI.Low, c.MedianCI.High, c.Method, c.P, c.Glass)
	// Output: factored against dense: -30.9 s [-49.0, -8.0], exact p = 0.0175, Glass's delta -1.43
}
