package carracing

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/evorank/evorank/model"
)

// closedLoop is an episode that testdata/closed_loop.py played in the real
// environment, with a weight file of ours.
type closedLoop struct {
	Policy  string
	Seed    model.Seed
	Steps   int
	Return  float64
	End     End
	Actions []byte // little-endian float32, three a step
}

func readClosedLoop(t *testing.T) (episodes []closedLoop) {
	t.Helper()
	text, err := os.ReadFile("testdata/closed-loop.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &episodes); err != nil {
		t.Fatal(err)
	}
	return episodes
}

// loadPolicy returns an evaluator with a weight file's policy in slot 0.
func loadPolicy(t *testing.T, path string) *CPU {
	t.Helper()
	file, err := model.ReadSafetensors(path)
	if err != nil {
		t.Fatal(err)
	}
	p, err := model.ImportConvPolicy(file, model.Initialisation{}, model.MutationRates{})
	if err != nil {
		t.Fatal(err)
	}
	e := newCPU(t, p.ConvPolicy, p.Layout, func(o *Evaluation) { o.Threads = 1 })
	if err := e.Import(0, p.Genotype); err != nil {
		t.Fatal(err)
	}
	return e
}

// TestClosedLoop: policies drive here as they drive in the real environment.
//
// The one of whole numbers is computed without rounding, so every action and
// the return are the same. The random one's actions are sums of float32 in
// another order than the script's of float64, which differ in the last bits; a
// pixel that comes out different for it makes the later actions differ more, and
// a tile may just be met or just be missed.
func TestClosedLoop(t *testing.T) {
	played := map[string]bool{}
	for _, want := range readClosedLoop(t) {
		if testing.Short() && played[want.Policy] {
			continue
		}
		played[want.Policy] = true
		got, differing, largest := want.play(t)
		t.Logf("%s, seed %d: %s after %d steps, return %v, in Gymnasium %v; %d of %d actions differ, by %g at most",
			want.Policy, want.Seed, got.End, got.Steps, got.Return, want.Return, differing, want.Steps, largest)
		if want.Policy == "policy-integer.safetensors" {
			if differing > 0 || got.Return != want.Return || got.Steps != want.Steps || got.End != want.End {
				t.Errorf("%+v, want %d steps, return %v, %s", got, want.Steps, want.Return, want.End)
			}
			continue
		}
		const oneTile = 5.0 // 1000/N for the shortest tracks there are
		if !(largest <= 1e-3 && math.Abs(got.Return-want.Return) <= oneTile) {
			t.Errorf("%+v, want return %v", got, want.Return)
		}
	}
	if len(played) != 2 {
		t.Errorf("%d policies played", len(played))
	}
}

// play drives the episode here. It counts the steps whose actions differ from
// the real ones, and returns the largest difference.
func (c *closedLoop) play(t *testing.T) (_ Outcome, differing int, largest float64) {
	t.Helper()
	actions := make([][actionSize]float32, c.Steps)
	if err := binary.Read(bytes.NewReader(c.Actions), binary.LittleEndian, actions); err != nil {
		t.Fatal(err)
	}
	step := 0
	outcome, err := loadPolicy(t, "testdata/"+c.Policy).Watch(context.Background(), model.Candidate{}, c.Seed, func(_ *Episode, a Action) error {
		if step++; step == 1 || step > c.Steps+1 {
			return nil // after the reset, or the real episode had ended
		}
		far := 0.0
		for i, v := range actions[step-2] {
			far = max(far, math.Abs(a[i]-float64(v)))
		}
		if far != 0 { // NaN too
			differing++
		}
		largest = max(largest, far)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return outcome, differing, largest
}
