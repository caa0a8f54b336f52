package study

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		device   string
		ordinals []int
		parallel int
		want     string
	}{
		{"cpu", nil, 0, "cpu"},
		{"auto", nil, 3, "auto auto auto"},
		{"cuda:2", []int{2}, 0, "cuda:2"},
		{"cuda", []int{0}, 2, "cuda cuda"},
		{"cuda:all", []int{0, 1, 2}, 0, "cuda:0 cuda:1 cuda:2"},
		{"cuda:3,1", []int{3, 1}, 0, "cuda:3 cuda:1"},
		{"cuda:all", []int{0, 1, 2, 3}, 1, "cuda:0,1,2,3"},
		{"cuda:all", []int{0, 1, 2, 3, 4}, 2, "cuda:0,2,4 cuda:1,3"},
		{"cuda:0,1", []int{0, 1}, 5, "cuda:0 cuda:1 cuda:0 cuda:1 cuda:0"},
	} {
		if got := strings.Join(spread(c.device, c.ordinals, c.parallel), " "); got != c.want {
			t.Errorf("%s, %d at a time: %s, want %s", c.device, c.parallel, got, c.want)
		}
	}
}

// TestPlaces: the config's device decides; conditions with devices of their
// own keep them.
func TestPlaces(t *testing.T) {
	s := tiny(t, "execution.checkpoint_every=2", "execution.checkpoint_every=2, \"execution.device=cuda:1,0\"")
	if places, err := s.Places(0); err != nil || strings.Join(places, " ") != "cuda:1 cuda:0" {
		t.Errorf("%v, %v", places, err)
	}
	s.configs[1].Execution.Device = "cpu"
	if places, err := s.Places(2); err != nil || len(places) != 2 || places[0] != "" {
		t.Errorf("mixed: %v, %v", places, err)
	}
}

// TestFit: trials share a GPU as far as its memory goes; one always runs.
func TestFit(t *testing.T) {
	demand := func(device string) (Demand, error) {
		if device == "cuda:9" {
			return Demand{}, errors.New("lost")
		}
		return map[string]Demand{"cuda:0": {30, 100}, "cuda:1": {60, 100}, "cuda:2": {101, 100}, "cuda:3": {0, 100}}[device], nil
	}
	for _, c := range []struct{ places, want, note string }{
		{"cuda:0 cuda:1", "cuda:0 cuda:1", ""},
		{"cuda:0 cuda:1 cuda:0 cuda:1", "cuda:0 cuda:1 cuda:0", "cuda:1: 1 trials at a time instead of 2"},
		{"cuda:0 cuda:0 cuda:0 cuda:0 cuda:0", "cuda:0 cuda:0 cuda:0", "cuda:0: 3 trials at a time instead of 5"},
		{"cuda:2 cuda:2", "cuda:2", "1 trials at a time"},
		{"cuda:3 cuda:3", "cuda:3 cuda:3", ""},
		{"cpu cpu cpu", "cpu cpu cpu", ""},
	} {
		got, notes, err := Fit(strings.Fields(c.places), demand)
		if err != nil || strings.Join(got, " ") != c.want || !strings.Contains(strings.Join(notes, "; "), c.note) || (c.note == "") != (len(notes) == 0) {
			t.Errorf("%s: %v, %v, %v", c.places, got, notes, err)
		}
	}
	if _, _, err := Fit([]string{"cuda:9", "cuda:9"}, demand); err == nil {
		t.Error("a GPU that cannot be asked is no error")
	}
}

// TestTrialsArePutWhereTheyShould: each place has one trial at a time, all
// places are used, and the results are those of one place.
func TestTrialsArePutWhereTheyShould(t *testing.T) {
	s, alone, dir := tiny(t), filepath.Join(t.TempDir(), "alone"), filepath.Join(t.TempDir(), "d")
	execute(t, s, alone, 1)
	want := lineages(t, s, alone)
	var mutex sync.Mutex
	busy, used := map[string]int{}, map[string]int{}
	err := s.Execute(context.Background(), Options{Dir: dir, Places: []string{" cpu", "cpu "}, Watch: func(e Event) {
		mutex.Lock()
		defer mutex.Unlock()
		device := e.Trial.Config.Execution.Device
		switch {
		case e.Began:
			busy[device]++
			used[device]++
		case e.Ended:
			busy[device]--
		}
		if busy[device] > 1 {
			t.Errorf("%d trials at a time on %q", busy[device], device)
		}
	}})
	if err != nil || used[" cpu"] == 0 || used["cpu "] == 0 || used[" cpu"]+used["cpu "] != 9 {
		t.Errorf("trials by place: %v, %v", used, err)
	}
	for name, got := range lineages(t, s, dir) {
		if !slices.Equal(got, want[name]) {
			t.Errorf("%s differs from that of a study with one place", name)
		}
	}
}
