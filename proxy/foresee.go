package proxy

import (
	"slices"
	"strings"
	"time"

	"spillway/balancer"
	"spillway/internal/loop"
)

const (
	foreseeSamples = 5
	foreseeEvery   = 50 * time.Millisecond
)

// Forecast tells what taking a target out of service would move, and whether it
// would fit. It takes a fifth of a second, so that it does not mistake a lull for
// the usual. An unknown name is an [*UnknownNameError].
func (s *Server) Forecast(t Target) (*Forecast, error) {
	s.mu.Lock()
	of, err := s.resolve(t, false)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	f := s.foresee(&of)
	return f, nil
}

func (s *Server) foresee(of *scope) *Forecast {
	snapshot := s.snapshot.Load()
	var sights []*sight
	for _, name := range sortedKeys(snapshot.pools) {
		if of.touches(name) {
			sights = append(sights, &sight{pool: snapshot.pools[name].poolState, of: of, inflight: map[string]int64{}})
		}
	}
	for i := range foreseeSamples {
		if i > 0 {
			time.Sleep(foreseeEvery)
		}
		for _, each := range sights {
			each.look()
		}
	}
	f := &Forecast{Target: of.Target, Fits: true, Pools: []PoolForecast{}}
	for _, each := range sights {
		if !each.serves {
			continue
		}
		p := each.forecast(func(region string) bool { return s.evacuations.leaving(each.pool.name, region, of.Target) })
		p.settle(s.movers(snapshot, each.pool))
		f.Fits = f.Fits && p.Fits
		f.Pools = append(f.Pools, *p)
	}
	return f
}

// inspect shows a pool as it stands, to somebody who is not on a loop.
func (p *poolState) inspect() balancer.Explanation {
	view, now := p.view.Load(), loop.Nanotime()
	view.Tick(now)
	return view.Explain(&balancer.Request{Now: now, Rand: balancer.NewRand(uint64(now))})
}

// A sight is one pool, looked at several times.
type sight struct {
	pool     *poolState
	of       *scope
	serves   bool // the target has somebody available
	moving   int64
	rate     float64          // of what moves, a second
	from     int64            // how far the target is, ns
	inflight map[string]int64 // the most, by region, without what moves
	last     balancer.Explanation
}

func (w *sight) look() {
	w.last = w.pool.inspect()
	moving := int64(0)
	for i := range w.last.Regions {
		r := &w.last.Regions[i]
		leaves := int64(0)
		for j := range r.Backends {
			if b := &r.Backends[j]; w.of.covers(w.pool.name, b.ID, r.Name) {
				w.serves = w.serves || b.Available
				leaves += b.Inflight
			}
		}
		if w.of.Backend == "" && r.Name == w.of.Region {
			leaves = max(leaves, int64(r.Mean+0.5))
		}
		moving += leaves
		if leaves > 0 || w.of.Backend == "" && r.Name == w.of.Region {
			w.from = r.RTT
			w.rate = max(w.rate, w.rateOf(r, leaves))
		}
		stays := max(r.Inflight, int64(r.Mean+0.5)) - leaves
		w.inflight[r.Name] = max(w.inflight[r.Name], stays)
	}
	w.moving = max(w.moving, moving)
	if w.rate >= 1 {
		w.moving = max(w.moving, 1) // none was seen, but they come
	}
}

// rateOf is how many requests a second the target gets.
func (w *sight) rateOf(r *balancer.RegionExplanation, leaves int64) float64 {
	if r.Pace == 0 {
		return 0
	}
	rate := 1e9 / float64(r.Pace)
	if w.of.Backend != "" {
		rate *= float64(leaves) / float64(max(1, r.Inflight))
	}
	return rate
}

// forecast has the destinations, but nobody settled in them yet. leaving tells of
// a region that is itself on its way out.
func (w *sight) forecast(leaving func(region string) bool) *PoolForecast {
	p := &PoolForecast{Pool: w.pool.name, Requests: w.moving, Destinations: []Destination{}, Notes: []string{}}
	for i := range w.last.Regions {
		r := &w.last.Regions[i]
		available, known, learned := 0, r.Capacity > 0, false
		capacity := r.Capacity
		for j := range r.Backends {
			switch b := &r.Backends[j]; {
			case w.of.covers(w.pool.name, b.ID, r.Name):
				if b.Available {
					capacity -= b.Limit
				}
			case b.Available && b.Weight > 0:
				available++
				learned = learned || b.Learned
			}
		}
		if available == 0 || leaving(r.Name) {
			continue
		}
		d := Destination{Region: r.Name, RTT: milliseconds(r.RTT), Inflight: w.inflight[r.Name], slots: slotsAt(w.moving, w.rate, r.RTT-w.from)}
		if known {
			full := r.Room + r.Inflight - (r.Capacity - capacity)
			d.Capacity, d.Room, d.Learned = max(capacity, 1), max(0, full-d.Inflight), learned
		}
		p.Destinations = append(p.Destinations, d)
	}
	return p
}

// movers are the kinds of requests that a pool serves, by the regions that they
// may use. Their weights are what their routes have had so far.
func (s *Server) movers(snapshot *snapshot, p *poolState) []mover {
	served := s.servedByRoute()
	var movers []mover
	note := func(t *target, name string, weight float64) {
		for i := range movers {
			if slices.Equal(movers[i].allowed, t.allowed) && (movers[i].allowed == nil) == (t.allowed == nil) {
				movers[i].weight += weight
				if !strings.Contains(movers[i].name, ", ...") {
					movers[i].name += ", ..."
				}
				return
			}
		}
		movers = append(movers, mover{name: name, weight: weight, allowed: t.allowed})
	}
	for _, r := range slices.Concat(snapshot.routes, snapshot.rawRoutes) {
		for i := range r.targets {
			if t := &r.targets[i]; t.pool.poolState == p {
				note(t, "route "+r.name, float64(served[r.name]+1))
			}
		}
	}
	for i := range snapshot.config.Listeners {
		if c := &snapshot.config.Listeners[i]; c.Pool == p.name {
			settings := snapshot.config.Pool(p.name)
			note(&target{allowed: allowedRegions(snapshot.config.Region, settings.Spill.To, settings.SpillOff)}, "listener "+c.Name, 1)
		}
	}
	if movers == nil {
		movers = []mover{{weight: 1}} // no route names the pool
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
