package gpu

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"
)

// fakeCards is an NVML with two cards, found by bus id, whose numbers are not
// CUDA's. Card n is n tens of percent busy; lost makes the second one fail.
func fakeCards(lost *atomic.Bool) *management {
	m := fakeManagement(nil, 0)
	number := map[string]uintptr{"0000:41:00.0": 1, "0000:C1:00.0": 2}
	m.HandleByBusID = func(id *byte, h *uintptr) nvmlCode {
		*h = number[goString(id)]
		if *h == 0 {
			return 6 // NVML_ERROR_NOT_FOUND
		}
		return 0
	}
	m.Index = func(h uintptr, p *uint32) nvmlCode { *p = uint32(h) - 1; return 0 }
	m.Utilisation = func(h uintptr, p *[2]uint32) nvmlCode {
		if lost != nil && lost.Load() && h == 2 {
			return 15 // NVML_ERROR_GPU_IS_LOST
		}
		*p = [2]uint32{10 * uint32(h), 0}
		return 0
	}
	m.Memory = func(h uintptr, p *nvmlMemory) nvmlCode { p.Used = uint64(h) << 30; return 0 }
	m.Power = func(h uintptr, p *uint32) nvmlCode { *p = 100_000 * uint32(h); return 0 }
	m.Temperature = func(h uintptr, _ int32, p *uint32) nvmlCode { *p = 70 - 5*uint32(h); return 0 }
	return m
}

// TestSampler: mean load, summed memory and power, the hottest card; a card
// that is lost later takes the readings with it, and nobody waits.
func TestSampler(t *testing.T) {
	var lost atomic.Bool
	ticks := make(chan time.Time)
	s, err := fakeCards(&lost).watch([]string{"0000:C1:00.0", "0000:41:00.0"}, ticks)
	must(t, err)
	defer s.Stop()
	ticks <- time.Time{} // taken only after the first reading
	l := s.Load()
	if *l.UtilisationPct != 15 || *l.MemoryUsedBytes != 3<<30 || *l.PowerWatts != 300 || *l.TemperatureC != 65 {
		t.Errorf("%v %%, %v bytes, %v W, %v °C", *l.UtilisationPct, *l.MemoryUsedBytes, *l.PowerWatts, *l.TemperatureC)
	}
	lost.Store(true)
	ticks <- time.Time{}
	ticks <- time.Time{} // the reading of the tick before is over
	if l := s.Load(); l != (Load{}) {
		t.Errorf("a lost card is reported as %+v", l)
	}
	lost.Store(false)
	ticks <- time.Time{}
	ticks <- time.Time{}
	if l := s.Load(); l.UtilisationPct == nil {
		t.Error("the card came back and is not reported")
	}
}

// TestSamplerDoesNotDelay: while a reading hangs, Load and Stop return.
func TestSamplerDoesNotDelay(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	m := fakeCards(nil)
	m.Power = func(uintptr, *uint32) nvmlCode { <-hang; return 0 }
	s, err := m.watch([]string{"0000:41:00.0"}, nil)
	must(t, err)
	if l := s.Load(); l != (Load{}) {
		t.Errorf("%+v before anything was read", l)
	}
	s.Stop()
}

func TestSamplerNeedsItsCards(t *testing.T) {
	if _, err := fakeCards(nil).watch([]string{"0000:41:00.0", "0000:00:00.0"}, nil); err == nil {
		t.Error("an unknown card is watched")
	}
}

func TestMissingSensorsOfSomeCards(t *testing.T) {
	percent := 50.0
	l := together([]Reading{{UtilisationPct: &percent}, {UtilisationPct: &percent, TemperatureC: &percent}})
	if *l.UtilisationPct != 50 || l.MemoryUsedBytes != nil || l.PowerWatts != nil || *l.TemperatureC != 50 {
		t.Errorf("%+v", l)
	}
}

// TestCardsAreMatchedByBusID: with CUDA_VISIBLE_DEVICES=1,0 CUDA's first card
// is NVML's second, and each gets its own readings.
func TestCardsAreMatchedByBusID(t *testing.T) {
	f, m := newFake(), fakeCards(nil)
	f.bus = []string{"0000:C1:00.0", "0000:41:00.0"}
	f.names = []string{"Fake B", "Fake A"}
	cards, err := f.cards(m.monitor)
	must(t, err)
	if len(cards) != 2 {
		t.Fatalf("%d cards", len(cards))
	}
	for i, want := range []struct {
		name  string
		index int
		used  uint64
	}{{"Fake B", 1, 2 << 30}, {"Fake A", 0, 1 << 30}} {
		if c := cards[i]; c.Name != want.name || c.Ordinal != i || c.Note != "" || *c.Index != want.index || *c.Reading.MemoryUsedBytes != want.used {
			t.Errorf("cuda:%d is %+v", i, c)
		}
	}
}

// TestCardsWithoutNVML: what CUDA knows is shown, with the reason for the rest.
func TestCardsWithoutNVML(t *testing.T) {
	missing := errors.New("no management library")
	cards, err := newFake().cards(func(string) (*Monitor, error) { return nil, missing })
	if err != nil || len(cards) != 2 || cards[0].Reading != nil || cards[1].Note != missing.Error() || cards[0].Name != "Fake 1" {
		t.Errorf("%+v, %v", cards, err)
	}
}
