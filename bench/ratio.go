package bench

import "math"

// Ratio compares one of our rows with the best row of a framework on the same
// population, stories, precision and threads.
type Ratio struct {
	Ours, Best Row
	Times      float64 // as fast as the baseline
}

// Ratios returns them in the order of our rows, and their geometric mean for
// each framework.
func Ratios(ours, theirs []Row) (ratios []Ratio, mean map[string]float64) {
	logs, count := map[string]float64{}, map[string]int{}
	for _, r := range ours {
		for _, framework := range []string{"PyTorch", "JAX"} {
			best := Row{}
			for _, b := range theirs {
				if b.Framework == framework && sameWork(r, b) && b.TokensPerSecond > best.TokensPerSecond {
					best = b
				}
			}
			if best.TokensPerSecond > 0 {
				ratio := Ratio{r, best, r.TokensPerSecond / best.TokensPerSecond}
				ratios = append(ratios, ratio)
				logs[framework] += math.Log(ratio.Times)
				count[framework]++
			}
		}
	}
	mean = map[string]float64{}
	for framework, n := range count {
		mean[framework] = math.Exp(logs[framework] / float64(n))
	}
	return ratios, mean
}

func sameWork(a, b Row) bool {
	return a.Network == b.Network && a.Precision == b.Precision && a.Threads == b.Threads && a.Individuals == b.Individuals && a.Stories == b.Stories
}
