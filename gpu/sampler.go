package gpu

import (
	"sync/atomic"
	"time"
)

// Load is what the cards of a run report together. A nil field is one that no
// card reports, or that has not been read yet, or could not be the last time.
type Load struct {
	UtilisationPct  *float64 // mean over the cards
	MemoryUsedBytes *uint64  // sum; other programs on the cards count too
	PowerWatts      *float64 // sum
	TemperatureC    *float64 // of the hottest card
}

// Sampler reads cards in a goroutine of its own, so that whoever asks for
// their load never waits for NVML.
type Sampler struct {
	cards  []*Monitor
	latest atomic.Pointer[Load]
	stop   chan struct{}
}

// Watch begins to read the cards with those PCI bus ids (Info.BusID): at once,
// and at every tick. It fails if NVML or a card is missing there; while a card
// cannot be read later, nothing is reported of any.
func Watch(busIDs []string, ticks <-chan time.Time) (*Sampler, error) {
	lib, err := loadedManagement()
	if err != nil {
		return nil, err
	}
	return lib.watch(busIDs, ticks)
}

func (m *management) watch(busIDs []string, ticks <-chan time.Time) (*Sampler, error) {
	s := &Sampler{stop: make(chan struct{})}
	s.latest.Store(new(Load))
	for _, id := range busIDs {
		card, err := m.monitor(id)
		if err != nil {
			return nil, err
		}
		s.cards = append(s.cards, card)
	}
	go s.run(ticks)
	return s, nil
}

// Load returns the latest reading. It does not wait.
func (s *Sampler) Load() Load { return *s.latest.Load() }

// Stop ends the sampling; it does not wait for a reading that is under way.
func (s *Sampler) Stop() { close(s.stop) }

func (s *Sampler) run(ticks <-chan time.Time) {
	for {
		load := s.sample()
		s.latest.Store(&load)
		select {
		case <-ticks:
		case <-s.stop:
			return
		}
	}
}

// sample reads all cards. If one cannot be read, nothing is reported: a mean
// or a sum over the others would look like a change.
func (s *Sampler) sample() Load {
	readings := make([]Reading, len(s.cards))
	for i, card := range s.cards {
		var err error
		if readings[i], err = card.sensors(); err != nil {
			return Load{}
		}
	}
	return together(readings)
}

// together joins the readings of several cards.
func together(readings []Reading) (l Load) {
	for _, r := range readings {
		if r.UtilisationPct != nil {
			l.UtilisationPct = sum(l.UtilisationPct, *r.UtilisationPct/float64(len(readings)))
		}
		if r.MemoryUsedBytes != nil {
			l.MemoryUsedBytes = sum(l.MemoryUsedBytes, *r.MemoryUsedBytes)
		}
		if r.PowerWatts != nil {
			l.PowerWatts = sum(l.PowerWatts, *r.PowerWatts)
		}
		if t := r.TemperatureC; t != nil && (l.TemperatureC == nil || *t > *l.TemperatureC) {
			l.TemperatureC = t
		}
	}
	return l
}

// sum adds to a number that may not be there yet.
func sum[T float64 | uint64](total *T, x T) *T {
	if total != nil {
		x += *total
	}
	return &x
}
