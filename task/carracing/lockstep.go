package carracing

import (
	"sync"
	"sync/atomic"
)

// LockStep plays many episodes at once, a step of all before the next of any,
// over several threads. Which thread plays which episode has no influence on
// any of them.
type LockStep struct {
	Episodes  []Episode
	renderers []*Renderer // one per thread
}

// NewLockStep makes n episodes with these options and limits, not yet reset,
// to be played by the given number of threads.
func NewLockStep(n, threads int, options Options, limits Limits) *LockStep {
	l := &LockStep{Episodes: make([]Episode, n)}
	for i := range l.Episodes {
		l.Episodes[i].Env.Options = options
		l.Episodes[i].Limits = limits
	}
	for range max(1, min(threads, n)) {
		l.renderers = append(l.renderers, NewRenderer())
	}
	return l
}

// Reset starts episode i with seeds[i]; there must be one for each.
func (l *LockStep) Reset(seeds []uint64) {
	l.each(len(seeds), func(r *Renderer, i int) { l.Episodes[i].Reset(r, seeds[i]) })
}

// Step drives each episode that is not done with its action.
func (l *LockStep) Step(actions []Action) {
	l.each(len(actions), func(r *Renderer, i int) { l.Episodes[i].Step(r, actions[i]) })
}

// Running is the number of episodes that are not done.
func (l *LockStep) Running() (n int) {
	for i := range l.Episodes {
		if !l.Episodes[i].Done() {
			n++
		}
	}
	return n
}

// each calls do for every episode once, on all threads.
func (l *LockStep) each(given int, do func(r *Renderer, i int)) {
	if given != len(l.Episodes) {
		panic("carracing: as many seeds or actions as episodes are needed")
	}
	var next atomic.Int64
	var all sync.WaitGroup
	for _, r := range l.renderers {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < given; i = int(next.Add(1)) - 1 {
				do(r, i)
			}
		})
	}
	all.Wait()
}
