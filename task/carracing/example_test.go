package carracing_test

import (
	"fmt"

	"github.com/evorank/evorank/task/carracing"
)

// The values are Gymnasium's.
func Example() {
	env := carracing.NewEnv(carracing.DefaultOptions(), 0)
	renderer := carracing.NewRenderer()
	var seen carracing.Obs64
	for step := 1; step <= 100; step++ {
		result := env.Step(carracing.Action{0, 1, 0}) // straight ahead, full gas
		renderer.Observe64(env, &seen)
		if step == 1 || step == 100 {
			fmt.Println(step, result.Reward, env.Visited, env.Position(), env.Angle())
		}
	}
	// Output:
	// 1 6.169592476489028 2 {220.38899 -52.119877} -0.08460783
	// 100 -0.10000000000000142 20 {228.21376 38.764076} -0.11249551
}
