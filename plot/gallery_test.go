package plot

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// The gallery is one figure of each kind, drawn from made-up but likely data.
var gallery = map[string]func() (*Figure, error){
	"curves":          galleryCurves,
	"curves-tokens":   galleryTokens,
	"strips":          galleryStrips,
	"rank":            galleryRank,
	"throughput":      galleryThroughput,
	"lineage":         func() (*Figure, error) { return galleryLineage(false) },
	"lineage-living":  func() (*Figure, error) { return galleryLineage(true) },
	"diversity":       galleryDiversity,
	"many-conditions": galleryMany,
	"one-trial":       galleryOneTrial,
	"strips-many":     galleryStripsMany,
	"strips-aslant":   galleryStripsAslant,
}

func randomSource() *rand.Rand { return rand.New(rand.NewPCG(3, 4)) }

// trialsOf makes losses that fall from start towards floor, in steps of x.
func trialsOf(rng *rand.Rand, trials, points int, start, floor, pace, step float64) []Series {
	out := make([]Series, trials)
	for t := range out {
		level, rate := start+0.3*rng.NormFloat64(), pace*(1+0.2*rng.NormFloat64())
		for i := range points {
			out[t].X = append(out[t].X, step*float64(i+1))
			out[t].Y = append(out[t].Y, floor+(level-floor)*math.Exp(-rate*float64(i))+0.02*rng.NormFloat64())
		}
	}
	return out
}

// rangeBand is the mean and range of trials that share their places.
func rangeBand(trials []Series) Band {
	b := Band{X: trials[0].X}
	for i := range b.X {
		var column []float64
		total := 0.0
		for _, t := range trials {
			column = append(column, t.Y[i])
			total += t.Y[i]
		}
		b.Centre = append(b.Centre, total/float64(len(column)))
		b.Low, b.High = append(b.Low, slices.Min(column)), append(b.High, slices.Max(column))
	}
	return b
}

func conditionOf(name string, trials []Series) Condition {
	return Condition{Name: name, Band: rangeBand(trials), Trials: trials}
}

func galleryCurves() (*Figure, error) {
	rng := randomSource()
	return Curves(Frame{
		Title: "TinyStories: best of 512 individuals",
		X:     Axis{Name: "generation"}, Y: Axis{Name: "held-out loss", Unit: "nats"},
		Caption:    "Median of 7 trials per condition; band: 95 % bootstrap interval (BCa, 10,000 resamples); thin: single trials.",
		References: []Reference{{"unigram entropy", 5.77}},
	}, []Condition{
		conditionOf("factored, rank 32", trialsOf(rng, 7, 300, 8, 6.0, 0.012, 1)),
		conditionOf("dense", trialsOf(rng, 7, 300, 17.5, 7.5, 0.006, 1)),
		conditionOf("small dense", trialsOf(rng, 7, 300, 10, 6.6, 0.008, 1)),
		conditionOf("dense, embedding std 0.0442", trialsOf(rng, 7, 300, 8.1, 6.1, 0.009, 1)),
	})
}

func galleryTokens() (*Figure, error) {
	rng := randomSource()
	return Curves(Frame{
		Title: "The same over work done",
		X:     Axis{Name: "scored tokens", FromZero: true}, Y: Axis{Name: "loss", Unit: "nats", Log: true},
	}, []Condition{
		conditionOf("factored", trialsOf(rng, 3, 120, 8, 6.0, 0.02, 1.27e8)),
		conditionOf("dense", trialsOf(rng, 3, 120, 17.5, 7.5, 0.02, 1.27e8)),
	})
}

func galleryStrips() (*Figure, error) {
	rng := randomSource()
	var columns []Column
	for i, name := range []string{"large dense", "factored", "small dense", "hybrid"} {
		c := Column{Name: name, Centre: 780 - 60*float64(i), Low: 730 - 60*float64(i), High: 820 - 60*float64(i)}
		for range 15 {
			c.Values = append(c.Values, c.Centre+80*rng.NormFloat64())
		}
		columns = append(columns, c)
	}
	columns[3].Values, columns[3].Low, columns[3].High = []float64{600, 600, 600, 600}, math.NaN(), math.NaN()
	return Strips(Frame{
		Title: "CarRacing, generation 40: best survivor",
		X:     Axis{Name: "condition"}, Y: Axis{Name: "return", Unit: "mean of 6 episodes"},
		Caption: "Points: trials; bar: median with its 95 % interval.",
	}, columns)
}

func galleryStripsMany() (*Figure, error) {
	rng := randomSource()
	var columns []Column
	for i, name := range []string{"factored", "dense", "small dense", "dense, embedding std 0.0442", "dense, matched relative step", "factored, rate 0.01", "factored, zero decoder bias", "hybrid"} {
		c := Column{Name: name, Centre: 6 + 0.2*float64(i), Low: 5.9 + 0.2*float64(i), High: 6.15 + 0.2*float64(i)}
		for range 5 {
			c.Values = append(c.Values, c.Centre+0.1*rng.NormFloat64())
		}
		columns = append(columns, c)
	}
	return Strips(Frame{
		X: Axis{Name: "condition"}, Y: Axis{Name: "held-out loss", Unit: "nats"},
		References: []Reference{{"unigram entropy", 5.77}},
	}, columns)
}

func galleryStripsAslant() (*Figure, error) {
	rng := randomSource()
	var columns []Column
	for i := range 15 {
		c := Column{Name: fmt.Sprintf("hyperparameters %d", i+1), Centre: 8, Low: 7.9, High: 8.1}
		for range 7 {
			c.Values = append(c.Values, c.Centre+0.05*rng.NormFloat64())
		}
		columns = append(columns, c)
	}
	return Strips(Frame{X: Axis{Name: "condition"}, Y: Axis{Name: "loss", Unit: "nats"}, Width: 9}, columns)
}

func galleryRank() (*Figure, error) {
	rng := randomSource()
	var conditions []Ranked
	for i, name := range []string{"factored", "factored, rate 0.01"} {
		r := Ranked{Name: name}
		for k, rank := range []float64{1, 4, 16, 32} {
			p := RankPoint{Rank: rank}
			if i == 0 && k == 0 {
				p.Label = "1 (embedding 4)"
			}
			p.Centre = 7.6 - 0.3*float64(k) + 0.4*float64(i)
			p.Low, p.High = p.Centre-0.1, p.Centre+0.08
			for range 7 {
				p.Values = append(p.Values, p.Centre+0.07*rng.NormFloat64())
			}
			r.Points = append(r.Points, p)
		}
		conditions = append(conditions, r)
	}
	return AgainstRank(Frame{
		X: Axis{Name: "rank of the factors"}, Y: Axis{Name: "loss", Unit: "nats"},
		References: []Reference{{"dense, median of 7 trials", 6.9}},
	}, conditions)
}

func galleryThroughput() (*Figure, error) {
	systems := []Named{{Name: "evorank"}, {Name: "PyTorch, compiled"}, {Name: "JAX vmap"}}
	for i, peak := range []float64{5e8, 4.2e7, 3.4e7} {
		for width := 16.0; width <= 2048; width *= 2 {
			systems[i].X = append(systems[i].X, width)
			systems[i].Y = append(systems[i].Y, peak*width/(width+100*float64(1+i)))
		}
	}
	return Throughput(Frame{
		Title: "Throughput on one GPU", X: Axis{Name: "individuals"}, Y: Axis{Name: "scored tokens", Unit: "1/s"},
	}, systems)
}

// galleryNodes simulates truncation selection: 40 children, 8 survive.
func galleryNodes() []Node {
	rng := randomSource()
	var alive, all []Node
	id := uint64(0)
	for generation := 1; generation <= 60; generation++ {
		pool := slices.Clone(alive)
		for range 40 {
			n := Node{ID: id, Founder: generation == 1, Born: generation, Last: generation, Fitness: rng.NormFloat64()}
			if !n.Founder {
				parent := alive[rng.IntN(len(alive))]
				n.Parent, n.Fitness = parent.ID, parent.Fitness+0.3*rng.NormFloat64()-0.35
			}
			pool, id = append(pool, n), id+1
		}
		slices.SortStableFunc(pool, func(a, b Node) int {
			if a.Fitness > b.Fitness {
				return -1
			}
			return 1
		})
		alive = pool[:8]
		for i := range alive {
			alive[i].Last = generation
			at := slices.IndexFunc(all, func(n Node) bool { return n.ID == alive[i].ID })
			if at < 0 {
				all = append(all, alive[i])
			} else {
				all[at] = alive[i]
			}
		}
	}
	return all
}

func galleryLineage(onlyLiving bool) (*Figure, error) {
	return Lineage(Frame{Title: "Lineage of the survivors", X: Axis{Name: "generation"}}, galleryNodes(), onlyLiving)
}

func galleryDiversity() (*Figure, error) {
	rng := randomSource()
	var conditions []Condition
	for i, name := range []string{"factored", "dense"} {
		trials := trialsOf(rng, 5, 40, 16, 1, 0.1*float64(i+1), 1)
		conditions = append(conditions, conditionOf(name, trials))
	}
	return Diversity(Frame{X: Axis{Name: "generation"}, Y: Axis{Name: "founders with living descent"}}, conditions)
}

func galleryMany() (*Figure, error) {
	rng := randomSource()
	var conditions []Condition
	for i := range 9 {
		trials := trialsOf(rng, 4, 100, 9+float64(i), 5+0.4*float64(i), 0.02, 1)
		conditions = append(conditions, Condition{Name: fmt.Sprintf("condition number %d", i+1), Band: rangeBand(trials)})
	}
	return Curves(Frame{Title: "Nine conditions", X: Axis{Name: "evaluation time", Unit: "s"}, Y: Axis{Name: "loss", Unit: "nats"}}, conditions)
}

func galleryOneTrial() (*Figure, error) {
	return Curves(Frame{X: Axis{Name: "generation"}, Y: Axis{Name: "return"}}, []Condition{
		{Name: "constant", Band: Band{X: []float64{1, 2, 3}, Centre: []float64{5, 5, 5}}},
	})
}
