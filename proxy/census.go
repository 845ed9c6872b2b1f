package proxy

import (
	"time"

	"spillway/evacuation"
	"spillway/internal/loop"
)

// A census is what has been counted of some pools, ever, at one moment. Unlike a
// [tally] it takes no lock that a reload may hold for long.
type census struct {
	backends map[*backend]*backendStats
	pools    map[*poolState]*poolStats
}

// censusPatience is how long a census waits for the loops.
const censusPatience = 500 * time.Millisecond

// takeCensus asks all loops; nil: one of them stands still.
func (s *Server) takeCensus(pools []*poolState) *census {
	var backends []*backend
	for _, p := range pools {
		p.mu.Lock()
		backends = append(backends, p.checked()...)
		p.mu.Unlock()
	}
	// Each loop writes into a part of its own, so that one that comes too late harms nobody.
	parts := make([]*census, len(s.workers))
	for i := range parts {
		parts[i] = newCensus(pools, backends)
	}
	if !s.group.Each(censusPatience, func(l *loop.Loop) { parts[l.Index()].read(l.Index()) }) {
		return nil
	}
	sum := parts[0]
	for _, part := range parts[1:] {
		for b, stats := range part.backends {
			sum.backends[b].add(stats)
		}
		for p, stats := range part.pools {
			sum.pools[p].add(stats)
		}
	}
	return sum
}

func newCensus(pools []*poolState, backends []*backend) *census {
	c := &census{backends: make(map[*backend]*backendStats, len(backends)), pools: make(map[*poolState]*poolStats, len(pools))}
	for _, b := range backends {
		c.backends[b] = new(backendStats)
	}
	for _, p := range pools {
		c.pools[p] = new(poolStats)
	}
	return c
}

// read runs on the loop of that index.
func (c *census) read(index int) {
	for b, stats := range c.backends {
		*stats = b.workers[index].stats
	}
	for p, stats := range c.pools {
		*stats = p.stats[index]
	}
}

// outcomes is what came since an earlier census of the requests of a pool that
// went to the backends that count.
func (c *census) outcomes(earlier *census, p *poolState, counts func(*backend) bool) (o evacuation.Outcomes) {
	for b, stats := range c.backends {
		if b.pool != p || !counts(b) {
			continue
		}
		o.Requests += stats.attempts()
		o.Errors += stats.failures()
		o.Latency.Merge(&stats.latency)
		if before := earlier.backends[b]; before != nil {
			o.Requests -= before.attempts()
			o.Errors -= before.failures()
			o.Latency.Subtract(&before.latency)
		}
	}
	if now, before := c.pools[p], earlier.pools[p]; now != nil && before != nil {
		o.Refused = now.refusals() - before.refusals()
	}
	return o
}

// failures is how many requests the backend was sent in vain.
func (s *backendStats) failures() uint64 { return s.errors + s.requests[5] }

// refusals is how many requests found no room at all.
func (s *poolStats) refusals() uint64 {
	return s.shed + s.queueFull + s.queueTimeouts + s.allFull + s.nobody
}
