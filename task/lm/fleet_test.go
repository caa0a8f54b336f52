package lm

import (
	"strings"
	"testing"

	"github.com/evorank/evorank/model"
)

// A device whose digests are not the first one's is an error that says which
// operation showed it.
func TestFleetAgree(t *testing.T) {
	f := Fleet{new(CUDA), new(CUDA), new(CUDA)}
	if err := f.agree("restore", [][]model.Digest{{1, 2}, {1, 2}, {1, 2}}); err != nil {
		t.Error(err)
	}
	for _, other := range [][]model.Digest{{1, 3}, {1}, nil} {
		err := f.agree("restore", [][]model.Digest{{1, 2}, {1, 2}, other})
		if err == nil || !strings.Contains(err.Error(), "restore: ") || !strings.Contains(err.Error(), "different genotypes") {
			t.Errorf("%v beside {1, 2}: %v", other, err)
		}
	}
}
