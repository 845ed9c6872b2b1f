package balancer

import "math"

// measure sums up what the region can have in flight: the limits of its available members, configured or learned,
// each as far as it is warm. A tier that refuses nobody passes nobody on, so the tiers after it do not count. When
// a limit is not known, nor is the sum.
func (g *region) measure(now int64) {
	if !g.open {
		g.setCapacity(0)
		return
	}
	var sum int64
	for _, t := range g.tiers {
		refuses := true
		for _, m := range t.usable {
			limit := m.limit()
			if limit <= 0 {
				g.setCapacity(unlimited)
				return
			}
			refuses = refuses && m.MaxRequests > 0
			warmth := int64(warmthUnit)
			if m.slowStart > 0 {
				warmth = m.Backend.warmth(now, m.slowStart)
			}
			sum += min(limit, math.MaxInt32) * warmth
		}
		if !refuses {
			break
		}
	}
	g.setCapacity((sum + warmthUnit - 1) / warmthUnit)
}

// limit is what the member may have in flight by its configuration, or else can have by what was learned; 0: not known.
func (m *Member) limit() int64 {
	switch {
	case m.Probation:
		return 1
	case m.MaxRequests > 0:
		return m.MaxRequests
	case m.learns:
		return m.Backend.learned.current()
	}
	return 0
}

// tellWay tells those who learn how much farther they are than home, since on the way there is no queue of theirs. With
// it, a far backend's whole queue would look small, and who comes from far would be the last to yield.
func (g *region) tellWay(home *region) {
	for _, m := range g.members {
		if m.learns {
			m.Backend.learned.way.Store(max(0, g.rtt-home.rtt))
		}
	}
}

func (g *region) setCapacity(n int64) {
	g.capacity.Store(n)
	if n == unlimited {
		g.brim.Store(unlimited)
		g.reserved.Store(unlimited)
		return
	}
	g.brim.Store(part(g.fullAt, n))
	g.reserved.Store(min(part(g.fullAt, n), part(1-g.reserve, n)))
}

// part of n, but of anything at least one.
func part(share float64, n int64) int64 {
	return max(min(1, n), int64(share*float64(n)+1e-9))
}

// filled is how much of its capacity a region has in flight.
func (g *region) filled() float64 {
	capacity := g.capacity.Load()
	if capacity == unlimited {
		return 0
	}
	return float64(g.place.inflight()) / float64(max(1, capacity))
}
