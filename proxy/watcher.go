package proxy

import (
	"fmt"
	"slices"

	"spillway/balancer"
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

func (s *Server) newWatcher(e *evacuation) *watcher {
	w := &watcher{pools: s.poolsOf(&e.scope), looked: loop.Nanotime()}
	w.first = s.takeCensus(w.pools)
	w.last = w.first
	return w
}

// poolsOf are the pools in which a scope has backends.
func (s *Server) poolsOf(of *scope) (list []*poolState) {
	pools := s.snapshot.Load().pools
	for _, name := range sortedKeys(pools) {
		p := pools[name].poolState
		p.mu.Lock()
		has := slices.ContainsFunc(p.members, func(m balancer.Member) bool { return of.covers(name, m.Address, m.Region) })
		p.mu.Unlock()
		if has {
			list = append(list, p)
		}
	}
	return list
}

// isDestination tells whether a backend may get what leaves the scope.
func (of *scope) isDestination(b *backend) bool {
	return !of.covers(b.pool.name, b.name, *b.region.Load())
}

// look judges what happened since it last did, and says why the evacuation must not
// go on. A loop that stands still puts it off.
func (w *watcher) look(s *Server, e *evacuation, now int64) (why string) {
	if e.guard == nil && e.drill == nil {
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
		o := counted.outcomes(w.last, p, e.isDestination)
		if e.drill != nil && e.drill.returned == 0 {
			e.drill.during.add(&o)
		}
		watch := e.guard.watchOf(p)
		if watch == nil || why != "" {
			continue
		}
		if why = watch.judge(&o); why != "" {
			why = fmt.Sprintf("pool %s: %s", p.name, why)
		}
	}
	w.last, w.looked = counted, now
	if e.drill != nil {
		w.report(s, e)
	}
	return why
}

// report brings a drill's report up to date.
func (w *watcher) report(s *Server, e *evacuation) {
	var moved, requests uint64
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
	s.evacuations.locked(func() {
		if d := e.drill; !d.report.Ended {
			d.note(d.report.State, moved, requests)
			s.evacuations.publishDrill(e)
		}
	})
}

func (g *guard) watchOf(p *poolState) *watch {
	if g == nil || g.off {
		return nil
	}
	return g.pools[p]
}

// newGuard takes the measure of what the destinations of a target do before it is
// evacuated.
func (s *Server) newGuard(t Target) *guard {
	g := &guard{pools: map[*poolState]*watch{}}
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
		var before, target outcomes
		for b, stats := range counted.backends {
			if b.pool != p {
				continue
			}
			to := &before
			if !of.isDestination(b) {
				to = &target
			}
			lately := s.gathered.recent(b, stats)
			to.requests += lately.requests
			to.errors += lately.errors
			to.latency.Merge(&lately.latency)
		}
		g.pools[p] = newWatch(before, p.expected(&of, &target))
	}
	return g
}

// expected is the latency that requests of a target may have elsewhere: their own,
// and the longest way; 0: not known.
func (p *poolState) expected(of *scope, target *outcomes) int64 {
	if target.latency.Count() < guardRequests {
		return 0
	}
	own, farthest := int64(0), int64(0)
	for _, r := range p.inspect().Regions {
		if r.Name == of.Region {
			own = r.RTT
		} else if len(r.Backends) > 0 {
			if r.RTT == 0 && of.Region != "" && r.Name != p.server.region() {
				return 0 // nobody knows how far it is
			}
			farthest = max(farthest, r.RTT)
		}
	}
	return target.latency.Quantile(guardQuantile) + max(0, farthest-own)
}
