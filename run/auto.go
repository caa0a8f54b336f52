package run

import (
	"errors"
	"fmt"

	"github.com/evorank/evorank/gpu"
	kernels "github.com/evorank/evorank/kernels/image"
)

// automatic is the device that "auto" means: the first GPU that the kernel
// image has code for, or else the CPU, which alone has fp64. The note says why
// a GPU that seems to be there is passed over; it is empty where there is none,
// or where the user hides it. A GPU that is busy or full is not passed over:
// opening it says so.
func automatic(gpus []gpu.Info, err error, precision string) (name, note string) {
	if precision == "fp64" {
		return "cpu", ""
	}
	if err != nil {
		return "cpu", ifBroken(err)
	}
	for _, each := range gpus {
		if kernels.Choice(each) != "none" {
			return fmt.Sprintf("cuda:%d", each.Ordinal), ""
		}
	}
	if len(gpus) == 0 {
		return "cpu", ""
	}
	return "cpu", fmt.Sprintf("the CPU is used: this program has no kernels for cuda:%d (%s, %s)", gpus[0].Ordinal, gpus[0].Name, gpus[0].Architecture())
}

// ifBroken explains a driver that is there and does not work.
func ifBroken(err error) string {
	var u *gpu.UnusableError
	if errors.As(err, &u) && (u.Reason == gpu.NotBuilt || u.Reason == gpu.NoLibrary || u.Code == gpu.CodeNoDevice || u.Reason == gpu.NoDevice && u.Code == 0) {
		return ""
	}
	return fmt.Sprintf("the CPU is used: %v", err)
}

// tell passes the note on, if there is one.
func (d Device) tell(o Options) {
	if d.Note != "" {
		o.warn("device: %s", d.Note)
	}
}
