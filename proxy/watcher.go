package proxy

import (
	"slices"

	"spillway/balancer"
	"spillway/evacuation"
	"spillway/internal/loop"
)

// A watcher takes the measures for one evacuation's guard and report. It belongs to
// whoever drives the evacuations.
type watcher struct {
	pools  []*poolState
	first  *census // nil: not yet
	last   *census
	looked int64
}

func (s *Server) newWatcher(e *evacuation.Evacuation) *watcher {
	w := &watcher{pools: s.poolsOf(&e.Scope), looked: loop.Nanotime()}
	w.first = s.takeCensus(w.pools)
	w.last = w.first
	return w
}

// poolsOf are the pools in which a scope has backends.
func (s *Server) poolsOf(of *evacuation.Scope) (list []*poolState) {
	pools := s.snapshot.Load().pools
	for _, name := range sortedKeys(pools) {
		p := pools[name].poolState
		p.mu.Lock()
		has := slices.ContainsFunc(p.members, func(m balancer.Member) bool { return of.Covers(name, m.Address, m.Region) })
		p.mu.Unlock()
		if has {
			list = append(list, p)
		}
	}
	return list
}

// isDestination tells whether a backend may get what leaves a scope.
func isDestination(of *evacuation.Scope, b *backend) bool {
	return !of.Covers(b.pool.name, b.name, *b.region.Load())
}

// look has an evacuation judge what happened since it last did, and says why it must
// not go on. A loop that stands still puts it off.
func (w *watcher) look(s *Server, e *evacuation.Evacuation, now int64) (why string) {
	if !e.Watched() {
		return ""
	}
	counted := s.takeCensus(w.pools)
	if counted == nil {
		return ""
	}
	if w.last == nil {
		w.first, w.last = counted, counted
		return ""
	}
	for _, p := range w.pools {
		o := counted.outcomes(w.last, p, func(b *backend) bool { return isDestination(&e.Scope, b) })
		if found := e.Judge(p.name, &o); why == "" {
			why = found
		}
	}
	w.last, w.looked = counted, now
	moved, requests := w.moved()
	s.evacuations.NoteDrill(e, moved, requests)
	return why
}

// moved counts the requests since the evacuation began, and those of them that went
// elsewhere since an operator took something out.
func (w *watcher) moved() (moved, requests uint64) {
	for _, p := range w.pools {
		now, first := w.last.pools[p], w.first.pools[p]
		moved += now.picks[balancer.SpillDrained] - first.picks[balancer.SpillDrained]
		for i := range now.picks {
			if again := balancer.Reason(i); again != balancer.Retry && again != balancer.Hedge {
				requests += now.picks[i] - first.picks[i]
			}
		}
		requests += now.refusals() - first.refusals()
	}
	return moved, requests
}

// newGuard takes the measure of what the destinations of a target do before it is
// evacuated.
func (s *Server) newGuard(t evacuation.Target) *evacuation.Guard {
	g := new(evacuation.Guard)
	s.mu.Lock()
	of, err := s.resolve(t, false)
	s.mu.Unlock()
	if err != nil {
		return g // the order will say so
	}
	pools := s.poolsOf(&of)
	counted := s.takeCensus(pools)
	if counted == nil {
		counted = newCensus(pools, nil)
	}
	for _, p := range pools {
		before := evacuation.Baseline{Regions: p.inspect().Regions, Home: s.region()}
		for b, stats := range counted.backends {
			if b.pool != p {
				continue
			}
			to := &before.Destinations
			if !isDestination(&of, b) {
				to = &before.Target
			}
			lately := s.gathered.recent(b, stats)
			to.Requests += lately.requests
			to.Errors += lately.errors
			to.Latency.Merge(&lately.latency)
		}
		g.Watch(p.name, &of, &before)
	}
	return g
}
