package proxy

import (
	"slices"
	"time"

	"spillway/balancer"
	"spillway/evacuation"
	"spillway/internal/loop"
)

const (
	foreseeSamples = 5
	foreseeEvery   = 50 * time.Millisecond
)

// Forecast tells what taking a target out of service would move, and whether it
// would fit. It takes a fifth of a second, so that it does not mistake a lull for
// the usual. An unknown name is an [*UnknownNameError].
func (s *Server) Forecast(t evacuation.Target) (*evacuation.Forecast, error) {
	s.mu.Lock()
	of, err := s.resolve(t, false)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return s.foresee(&of), nil
}

func (s *Server) foresee(of *evacuation.Scope) *evacuation.Forecast {
	snapshot := s.snapshot.Load()
	var pools []*poolState
	var sights []*evacuation.Sight
	for _, name := range sortedKeys(snapshot.pools) {
		if of.Touches(name) {
			pools = append(pools, snapshot.pools[name].poolState)
			sights = append(sights, evacuation.NewSight(name, of))
		}
	}
	for i := range foreseeSamples {
		if i > 0 {
			time.Sleep(foreseeEvery)
		}
		for j, p := range pools {
			sights[j].Look(p.inspect())
		}
	}
	f := evacuation.NewForecast(of.Target)
	for i, p := range pools {
		if sights[i].Serves() {
			leaving := func(region string) bool { return s.evacuations.Leaving(p.name, region, of.Target) }
			f.Add(sights[i].Forecast(s.movers(snapshot, p), leaving))
		}
	}
	return f
}

// inspect shows a pool as it stands, to somebody who is not on a loop.
func (p *poolState) inspect() balancer.Explanation {
	view, now := p.view.Load(), loop.Nanotime()
	view.Tick(now)
	return view.Explain(&balancer.Request{Now: now, Rand: balancer.NewRand(uint64(now))})
}

// movers are the kinds of requests that a pool serves. Their weights are what their
// routes have had so far.
func (s *Server) movers(snapshot *snapshot, p *poolState) *evacuation.Movers {
	served := s.servedByRoute()
	movers := new(evacuation.Movers)
	for _, r := range slices.Concat(snapshot.routes, snapshot.rawRoutes) {
		for i := range r.targets {
			if t := &r.targets[i]; t.pool.poolState == p {
				movers.Add("route "+r.name, float64(served[r.name]+1), t.allowed)
			}
		}
	}
	for i := range snapshot.config.Listeners {
		if c := &snapshot.config.Listeners[i]; c.Pool == p.name {
			settings := snapshot.config.Pool(p.name)
			movers.Add("listener "+c.Name, 1, allowedRegions(snapshot.config.Region, settings.Spill.To, settings.SpillOff))
		}
	}
	return movers
}

// servedByRoute is how many requests each route has answered.
func (s *Server) servedByRoute() map[string]uint64 {
	sum := s.gather(s.subjects())
	served := make(map[string]uint64, len(sum.routes))
	for name, stats := range sum.routes {
		for _, n := range stats.requests {
			served[name] += n
		}
	}
	return served
}
