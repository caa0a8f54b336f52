package carracing

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/evorank/evorank/evolve"
	"github.com/evorank/evorank/kernels/conv"
	"github.com/evorank/evorank/kernels/develop"
	"github.com/evorank/evorank/model"
)

var _ evolve.Evaluator = (*CPU)(nil)

// tiny is a policy that costs little: 64 → 8 → 3.
var tiny = model.ConvPolicy{Size: 64, Inputs: 12, Hidden: 6, Outputs: 3,
	Layers: []model.ConvLayer{{Kernel: 8, Stride: 8, Channels: 3}, {Kernel: 4, Stride: 2, Channels: 5}}}

func layoutOf(t testing.TB, p model.ConvPolicy, e model.Encoding) *model.Layout {
	t.Helper()
	l, err := p.Layout(model.ConvEncodings{Convolutions: e, Hidden: e},
		model.Initialisation{TallConstant: math.Sqrt2}, model.MutationRates{Dense: 0.1, Factor: 0.3, Bias: 0.1})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

var rank2 = model.Encoding{Kind: model.Factored, Rank: 2}

func newCPU(t testing.TB, p model.ConvPolicy, l *model.Layout, change func(*Evaluation)) *CPU {
	t.Helper()
	o := TrainingEvaluation()
	if change != nil {
		change(&o)
	}
	e, err := NewCPU(p, l, o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func founder(seed int) model.Candidate {
	return model.Candidate{Parent: model.NoParent, Gene: model.Gene{Kind: model.GeneInit, Seed: model.Seed(seed), Multiplier: 1}}
}

// constant puts a driver into slot 0 that does the same whatever it sees.
func constant(t testing.TB, e *CPU, l *model.Layout, a Action) model.Candidate {
	t.Helper()
	genotype := make([]float32, l.Genotype)
	bias := l.Tensor("output.bias").Parts[0].Of(genotype)
	for i, v := range a {
		bias[i] = float32(v)
	}
	if err := e.Import(0, genotype); err != nil {
		t.Fatal(err)
	}
	return model.Candidate{Parent: 0}
}

// playedByHand is an episode the long way, from method 5: four pictures, the
// raw outputs, and an end when the last 21 rewards are all negative.
func playedByHand(n network, seed uint64) (sum float64, steps int) {
	e, r := NewEnv(DefaultOptions(), seed), NewRenderer()
	var seen conv.Images
	look := func() {
		obs := new(Obs64)
		r.Observe64(e, obs)
		seen = append(seen, obs[:])
	}
	look()
	seen = append(seen, seen[0], seen[0], seen[0])
	var rewards []float64
	for len(rewards) < 1000 {
		action := make([]float64, 3)
		n.Forward([]conv.Images{seen[len(seen)-4:]}, action)
		result := e.Step(Action(action))
		sum += result.Reward
		rewards = append(rewards, result.Reward)
		look()
		early := len(rewards) > 20
		for _, reward := range rewards[max(0, len(rewards)-21):] {
			early = early && reward < 0
		}
		if early || result.Terminated {
			break
		}
	}
	return sum, len(rewards)
}

func TestFitnessIsPlayedByHand(t *testing.T) {
	l := layoutOf(t, tiny, rank2)
	e := newCPU(t, tiny, l, func(o *Evaluation) { o.Precision = "fp64" })
	candidates := []model.Candidate{founder(1), founder(2), founder(3)}
	cases := model.Cases{Count: 2, Episodes: []model.Seed{7, 8, 1 << 63, 10, 11, 12}}
	fitness, err := e.Evaluate(context.Background(), candidates, cases)
	if err != nil {
		t.Fatal(err)
	}
	genotype, phenotype := make([]float32, l.Genotype), make([]float32, l.Phenotype)
	longest := 0
	for i, c := range candidates {
		develop.Genotype(genotype, nil, l, c.Gene)
		develop.Phenotype(phenotype, genotype, l)
		n := conv.NewReference(conv.Bind(tiny, l, genotype, phenotype))
		one, steps1 := playedByHand(n, uint64(cases.Episodes[2*i]))
		two, steps2 := playedByHand(n, uint64(cases.Episodes[2*i+1]))
		if want := model.Fitness((one + two) / 2); fitness[i] != want {
			t.Errorf("candidate %d: fitness %v, by hand %v", i, fitness[i], want)
		}
		longest = max(longest, steps1, steps2)
	}
	if longest < 40 {
		t.Errorf("no episode took more than %d steps: nobody drove", longest)
	}
}

// TestEnds: drivers that do the same all the time meet each end.
func TestEnds(t *testing.T) {
	l := layoutOf(t, tiny, model.Encoding{})
	for _, c := range []struct {
		action  Action
		limits  Limits
		percent float64
		steps   int
		end     End
	}{
		// the first step pays for the tiles under the car, then 21 rewards are
		// negative (method 5.2)
		{Action{}, TrainingLimits(), 0.95, 22, EndNegative},
		{Action{}, Limits{MaxSteps: 23}, 0.95, 23, EndSteps},
		{Action{}, Limits{MaxSteps: 22, NegativeRewards: 21}, 0.95, 22, EndSteps},
		{Action{}, TrainingLimits(), 0, 1, EndLap}, // reset's first visit of tile 0 is a lap of 0 %
		{Action{0, math.NaN(), 0}, TrainingLimits(), 0.95, 1, EndAborted},
	} {
		e := newCPU(t, tiny, l, func(o *Evaluation) { o.Limits, o.Environment.LapCompletePercent = c.limits, c.percent })
		outcomes, err := e.Episodes(context.Background(), constant(t, e, l, c.action), []model.Seed{3, 4})
		if err != nil {
			t.Fatal(err)
		}
		for i, o := range outcomes {
			if o.End != c.end || o.Steps != c.steps || o.Seed != model.Seed(3+i) {
				t.Errorf("%v, %+v: %+v, want %q after %d steps", c.action, c.limits, o, c.end, c.steps)
			}
		}
	}
}

// TestThreadsAndCompany: the same outcomes for any number of threads, whoever
// else plays and however many episodes at once.
func TestThreadsAndCompany(t *testing.T) {
	const candidates, count = 3, 6
	l := layoutOf(t, tiny, rank2)
	var all []model.Candidate
	cases := model.Cases{Count: count}
	for i := range candidates {
		all = append(all, founder(10+i))
		for k := range count {
			cases.Episodes = append(cases.Episodes, model.Seed(1000*i+k))
		}
	}
	limit := func(threads int) func(*Evaluation) {
		return func(o *Evaluation) { o.Threads, o.Limits.MaxSteps = threads, 40 }
	}
	want, err := newCPU(t, tiny, l, limit(1)).PerEpisode(context.Background(), all, cases)
	if err != nil {
		t.Fatal(err)
	}
	for _, threads := range []int{2, 4} {
		e := newCPU(t, tiny, l, limit(threads))
		got, err := e.PerEpisode(context.Background(), all, cases)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%d threads: %v (%v), want %v", threads, got, err, want)
		}
		for _, at := range []int{0, 9, 17} {
			alone, err := e.Episodes(context.Background(), all[at/count], cases.Episodes[at:at+1])
			if err != nil || alone[0] != want[at] {
				t.Errorf("episode %d alone: %v (%v), want %v", at, alone, err, want[at])
			}
		}
	}
	if steps := want[0].Steps; !slices.ContainsFunc(want, func(o Outcome) bool { return o.Steps != steps }) {
		t.Errorf("all episodes take %d steps: nothing ended before its company", steps)
	}
}

func TestWatchIsTheEpisode(t *testing.T) {
	l := layoutOf(t, tiny, rank2)
	e := newCPU(t, tiny, l, func(o *Evaluation) { o.Limits.MaxSteps = 40 })
	const seed = 21
	want, err := e.Episodes(context.Background(), founder(11), []model.Seed{5, seed})
	if err != nil {
		t.Fatal(err)
	}
	replay := NewEnv(DefaultOptions(), seed)
	steps := 0
	got, err := e.Watch(context.Background(), founder(11), seed, func(p *Episode, a Action) error {
		if steps > 0 {
			replay.Step(a)
		}
		if p.Env != *replay {
			return fmt.Errorf("the actions shown lead elsewhere")
		}
		steps++
		return nil
	})
	if err != nil || got != want[1] || steps != got.Steps+1 {
		t.Errorf("%+v after %d views (%v), want %+v", got, steps, err, want[1])
	}
	stop := errors.New("stop")
	if _, err := e.Watch(context.Background(), founder(11), seed, func(*Episode, Action) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the viewer's error is lost: %v", err)
	}
	if again, err := e.Episodes(context.Background(), founder(11), []model.Seed{seed}); err != nil || again[0] != want[1] {
		t.Errorf("after a stopped view: %v (%v)", again, err)
	}
}

func TestEvaluateErrors(t *testing.T) {
	l := layoutOf(t, tiny, rank2)
	e := newCPU(t, tiny, l, nil)
	two := []model.Candidate{founder(1), founder(2)}
	for _, cases := range []model.Cases{{}, {Count: 1, Episodes: []model.Seed{1}}, {Count: 2, Episodes: []model.Seed{1, 2, 3}}} {
		if _, err := e.Evaluate(context.Background(), two, cases); err == nil || !strings.Contains(err.Error(), "for 2 candidates") {
			t.Errorf("%+v: %v", cases, err)
		}
	}
	one := model.Cases{Count: 1, Episodes: []model.Seed{1}}
	if _, err := e.Evaluate(context.Background(), []model.Candidate{{Parent: 3}}, one); err == nil {
		t.Error("a child of nobody drove")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := e.Evaluate(ctx, two[:1], one); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestNewCPURefuses(t *testing.T) {
	for want, change := range map[string]func(*model.ConvPolicy, *Evaluation){
		"size is 32":    func(p *model.ConvPolicy, _ *Evaluation) { p.Size = 32 },
		"inputs is 3":   func(p *model.ConvPolicy, _ *Evaluation) { p.Inputs = 3 },
		"outputs is 18": func(p *model.ConvPolicy, _ *Evaluation) { p.Outputs = 18 },
		"kernel 8 is":   func(p *model.ConvPolicy, _ *Evaluation) { p.Layers = slices.Repeat(p.Layers[:1], 3) },
		"0 steps":       func(_ *model.ConvPolicy, o *Evaluation) { o.Limits.MaxSteps = 0 },
		`"bf16" is`:     func(_ *model.ConvPolicy, o *Evaluation) { o.Precision = "bf16" },
	} {
		p, o := tiny, TrainingEvaluation()
		change(&p, &o)
		if _, err := NewCPU(p, layoutOf(t, tiny, rank2), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %q", err, want)
		}
	}
}

func TestPlayDoesNotAllocate(t *testing.T) {
	l := layoutOf(t, tiny, rank2)
	e := newCPU(t, tiny, l, func(o *Evaluation) { o.Threads, o.Limits = 1, Limits{MaxSteps: 5} })
	w := e.workers[0]
	if err := w.become(e, 0, founder(1)); err != nil {
		t.Fatal(err)
	}
	seeds, outcomes := []model.Seed{1, 2, 3}, make([]Outcome, 3)
	ctx := context.Background()
	play := func() {
		if err := w.play(ctx, seeds, outcomes); err != nil {
			t.Fatal(err)
		}
	}
	if n := testing.AllocsPerRun(3, play); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// paperPolicy is the paper's, large or small (method 1.5).
func paperPolicy(hidden int, channels ...int) model.ConvPolicy {
	p := model.ConvPolicy{Size: 64, Inputs: 12, Hidden: hidden, Outputs: 3}
	for _, c := range channels {
		p.Layers = append(p.Layers, model.ConvLayer{Kernel: 4, Stride: 2, Channels: c})
	}
	return p
}

func TestParameterCounts(t *testing.T) {
	large := paperPolicy(256, 32, 64, 128, 256)
	for _, c := range []struct {
		policy model.ConvPolicy
		rank   int
		want   int
	}{{large, 0, 957923}, {large, 1, 7043}, {large, 4, 23651}, {paperPolicy(32, 4, 4, 8, 16), 0, 5795}} {
		var e model.Encoding
		if c.rank > 0 {
			e = model.Encoding{Kind: model.Factored, Rank: c.rank}
		}
		if got := layoutOf(t, c.policy, e).Genotype; got != c.want {
			t.Errorf("rank %d: %d parameters, want %d", c.rank, got, c.want)
		}
	}
}

// BenchmarkEvaluate: steps of one core, environment, pictures and policy, two
// episodes of 200 steps in lock step.
func BenchmarkEvaluate(b *testing.B) {
	large := paperPolicy(256, 32, 64, 128, 256)
	for _, c := range []struct {
		name   string
		policy model.ConvPolicy
		rank   int
	}{{"dense", large, 0}, {"rank1", large, 1}, {"rank4", large, 4}, {"small", paperPolicy(32, 4, 4, 8, 16), 0}} {
		b.Run(c.name, func(b *testing.B) {
			var enc model.Encoding
			if c.rank > 0 {
				enc = model.Encoding{Kind: model.Factored, Rank: c.rank}
			}
			e := newCPU(b, c.policy, layoutOf(b, c.policy, enc), func(o *Evaluation) { o.Threads, o.Limits = 1, Limits{MaxSteps: 200} })
			steps := 0
			for i := range b.N {
				outcomes, err := e.Episodes(context.Background(), founder(i), []model.Seed{model.Seed(2 * i), model.Seed(2*i + 1)})
				if err != nil {
					b.Fatal(err)
				}
				steps += outcomes[0].Steps + outcomes[1].Steps
			}
			b.ReportMetric(float64(steps)/b.Elapsed().Seconds(), "steps/s")
		})
	}
}
