package proxy

import (
	"sync"
	"time"

	"spillway/internal/http2"
	"spillway/internal/loop"
	"spillway/internal/metrics"
)

// gatherPatience is how long a gathering waits for a loop. One that stands still
// for longer is told of by what it had counted at the gathering before.
const gatherPatience = time.Second

// subjects are whoever counts, by the names under which people know them.
type subjects struct {
	listeners []*listener
	routes    map[string][]routeStats
	pools     []*poolState
	backends  []*backend
}

// A tally is what has been counted of each subject: by one loop, or by all.
type tally struct {
	listeners   map[*listener]*listenerStats
	routes      map[string]*routeStats
	pools       map[*poolState]*poolStats
	backends    map[*backend]*backendStats
	tunnels     int
	connections int
	http2       http2.Stats
}

func newTally(of *subjects) *tally {
	t := &tally{
		listeners: make(map[*listener]*listenerStats, len(of.listeners)),
		routes:    make(map[string]*routeStats, len(of.routes)),
		pools:     make(map[*poolState]*poolStats, len(of.pools)),
		backends:  make(map[*backend]*backendStats, len(of.backends)),
	}
	for _, each := range of.listeners {
		t.listeners[each] = new(listenerStats)
	}
	for name := range of.routes {
		t.routes[name] = new(routeStats)
	}
	for _, each := range of.pools {
		t.pools[each] = new(poolStats)
	}
	for _, each := range of.backends {
		t.backends[each] = new(backendStats)
	}
	return t
}

// read copies what a worker has counted. It runs on the worker's loop and
// allocates nothing there.
func (t *tally) read(w *worker, of *subjects) {
	for ln, stats := range t.listeners {
		*stats = ln.stats[w.index]
	}
	for name, stats := range t.routes {
		*stats = of.routes[name][w.index]
	}
	for p, stats := range t.pools {
		*stats = p.stats[w.index]
	}
	for b, stats := range t.backends {
		*stats = b.workers[w.index].stats
	}
	t.tunnels = w.tunnels
	t.connections = w.loop.Connections()
	t.http2 = *w.h2.Stats()
}

// add counts in what a loop's tally has of t's subjects.
func (t *tally) add(part *tally) {
	for ln, stats := range part.listeners {
		if sum := t.listeners[ln]; sum != nil {
			sum.add(stats)
		}
	}
	for name, stats := range part.routes {
		if sum := t.routes[name]; sum != nil {
			sum.add(stats)
		}
	}
	for p, stats := range part.pools {
		if sum := t.pools[p]; sum != nil {
			sum.add(stats)
		}
	}
	for b, stats := range part.backends {
		if sum := t.backends[b]; sum != nil {
			sum.add(stats)
		}
	}
	t.tunnels += part.tunnels
	t.connections += part.connections
	t.http2.Add(&part.http2)
}

// A gathering is what the last ones found. The zero gathering is ready.
type gathering struct {
	mu            sync.Mutex
	parts         []*tally // by loop
	older, newer  map[*backend]backendCount
	newerAt       int64
	newerIsUsable bool
	avoidance     avoidance
}

// A backendCount is what the recent past is told apart by.
type backendCount struct {
	requests, errors uint64
	latency          metrics.Histogram
}

func (s *backendStats) count() backendCount {
	return backendCount{requests: s.attempts(), errors: s.failures(), latency: s.latency}
}

// attempts is how many requests the backend was sent that it answered or failed.
func (s *backendStats) attempts() uint64 {
	n := s.errors
	for _, each := range s.requests {
		n += each
	}
	return n
}

// subjects lists whoever counts now.
func (s *Server) subjects() *subjects {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := &subjects{routes: make(map[string][]routeStats, len(s.routes))}
	for _, address := range sortedKeys(s.listeners) {
		of.listeners = append(of.listeners, s.listeners[address])
	}
	for name, stats := range s.routes {
		of.routes[name] = stats
	}
	for _, name := range sortedKeys(s.pools) {
		p := s.pools[name]
		of.pools = append(of.pools, p)
		p.mu.Lock()
		of.backends = append(of.backends, p.checked()...)
		p.mu.Unlock()
	}
	return of
}

// gather adds up what all loops have counted of the subjects.
func (s *Server) gather(of *subjects) *tally {
	g := &s.gathered
	g.mu.Lock()
	defer g.mu.Unlock()
	s.gatherParts(of)
	sum := newTally(of)
	for _, part := range g.parts {
		if part != nil {
			sum.add(part)
		}
	}
	g.avoidance.look(of.pools, sum)
	return sum
}

// gatherParts brings the parts up to date. The caller holds the gathering's lock.
func (s *Server) gatherParts(of *subjects) {
	type answer struct {
		index int
		tally *tally
	}
	// Each loop fills a tally of its own, so that one that comes too late harms nobody.
	prepared := make([]*tally, len(s.workers))
	for i := range prepared {
		prepared[i] = newTally(of)
	}
	answers := make(chan answer, len(s.workers))
	s.group.Each(gatherPatience, func(l *loop.Loop) {
		i := l.Index()
		prepared[i].read(s.workers[i], of)
		answers <- answer{i, prepared[i]}
	})
	g := &s.gathered
	if g.parts == nil {
		g.parts = make([]*tally, len(s.workers))
	}
	for {
		select {
		case a := <-answers:
			g.parts[a.index] = a.tally
		default:
			return
		}
	}
}

// recentFor is how old the beginning of the recent past should at least be.
const recentFor = 15 * time.Second

// Remember makes what has been counted up to now the beginning of the recent
// past of a later [Server.Status], if the last beginning is 15 seconds old. It is
// to be called every 15 seconds; the recent past is then 15 to 30 seconds long.
func (s *Server) Remember() { s.remember(s.gather(s.subjects())) }

func (s *Server) remember(now *tally) {
	g := &s.gathered
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.newerIsUsable && loop.Nanotime()-g.newerAt < int64(recentFor) {
		return
	}
	g.older, g.newer = g.newer, make(map[*backend]backendCount, len(now.backends))
	for b, stats := range now.backends {
		g.newer[b] = stats.count()
	}
	g.newerAt, g.newerIsUsable = loop.Nanotime(), true
}

// recent is what of a total was counted in the recent past. What was not there
// at its beginning is recent as a whole.
func (g *gathering) recent(b *backend, total *backendStats) backendCount {
	c := total.count()
	g.mu.Lock()
	defer g.mu.Unlock()
	if earlier, ok := g.older[b]; ok {
		c.requests -= earlier.requests
		c.errors -= earlier.errors
		c.latency.Subtract(&earlier.latency)
	}
	return c
}
