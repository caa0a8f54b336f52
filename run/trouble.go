package run

import (
	"errors"

	"github.com/evorank/evorank/gpu"
)

// deviceTrouble marks errors of a GPU as such: a driver's call that failed, a
// device that is gone or full. Others stay as they are.
func deviceTrouble(err error) error {
	var call *gpu.Error
	var unusable *gpu.UnusableError
	if errors.As(err, &call) || errors.As(err, &unusable) {
		return as(BadDevice, err)
	}
	return err
}
