package main

// roundRobin deals out in turn over the servers of all regions.
func roundRobin() rules {
	return rules{retries: 2, budget: retryShare, checks: true, failures: 5, out: 30 * second, mostOut: 0.5,
		pick: func(p *proxy, x *request, tried []*seat) *seat {
			if p.w.scenario.keys > 0 {
				return p.leastOf(p.seats, x, func(s *seat) bool { return p.available(s) && !among(tried, s) }, inflight)
			}
			for range p.seats {
				p.turn++
				if s := p.seats[p.turn%len(p.seats)]; p.available(s) && !among(tried, s) {
					return s
				}
			}
			return nil
		}}
}

// leastConn picks the least loaded server of all regions, by a count of all proxies together that is exact and never late.
func leastConn() rules {
	return rules{retries: 2, budget: retryShare, checks: true, failures: 5, out: 30 * second, mostOut: 0.5,
		pick: func(p *proxy, x *request, tried []*seat) *seat {
			return p.leastOf(p.seats, x, func(s *seat) bool { return p.available(s) && !among(tried, s) },
				func(s *seat) int { return s.server.outstanding })
		}}
}

// envoy has a priority level for each region: how much each gets follows from the part of its hosts that is well,
// overprovisioned by 1.4; below half of them a level panics and uses all. Within a level, the less loaded of
// two. Outlier detection with its defaults (5 in a row, 30 s, at most a tenth of the hosts, undone by a good check).
func envoy() rules {
	return rules{retries: 2, budget: retryShare, checks: true, failures: 5, out: 30 * second, longer: true, mostOut: 0.1, checksBring: true,
		pick: func(p *proxy, x *request, tried []*seat) *seat {
			level, panics := p.envoyLevel(x)
			if level == nil {
				return nil
			}
			may := func(s *seat) bool { return (panics || p.available(s)) && !among(tried, s) }
			if p.w.scenario.keys > 0 {
				return p.leastOf(level, x, may, inflight)
			}
			var two []*seat
			for range 20 {
				if s := level[p.dice.IntN(len(level))]; may(s) {
					if two = append(two, s); len(two) == 2 {
						break
					}
				}
			}
			return p.leastOf(two, x, may, inflight)
		}}
}

// envoyLevels is what follows from the health of the hosts. It is worked out anew every few milliseconds.
type envoyLevels struct {
	fresh int64 // until when
	load  []int // of a hundred, by level
	panic []bool
	lost  bool // all levels panic
}

// envoyLevel draws the priority level, by the key where there is one.
func (p *proxy) envoyLevel(x *request) (level []*seat, panics bool) {
	l := &p.levels
	if p.w.now >= l.fresh {
		l.update(p)
	}
	draw := p.dice.IntN(100) + 1
	if p.w.scenario.keys > 0 {
		draw = int(scatter(x.key)%100) + 1
	}
	if l.lost { // by the number of hosts, which is taken for equal
		return p.tiers[draw*len(p.tiers)/101], true
	}
	for i, tier := range p.tiers {
		if draw -= l.load[i]; draw <= 0 {
			return tier, l.panic[i]
		}
	}
	return nil, false
}

func (l *envoyLevels) update(p *proxy) {
	l.fresh = p.w.now + 5*milli
	health, sum := make([]int, len(p.tiers)), 0
	l.load, l.panic = make([]int, len(p.tiers)), make([]bool, len(p.tiers))
	for i, tier := range p.tiers {
		well := 0
		for _, s := range tier {
			if p.available(s) {
				well++
			}
		}
		health[i] = min(100, 140*well/len(tier))
		l.panic[i] = 2*well < len(tier)
		sum += health[i]
	}
	norm, left := min(100, sum), 100
	if l.lost = norm == 0; l.lost {
		return
	}
	first := -1
	for i := range p.tiers {
		l.panic[i] = l.panic[i] && norm < 100
		l.load[i] = min(left, health[i]*100/norm)
		left -= l.load[i]
		if first < 0 && health[i] > 0 {
			first = i
		}
	}
	l.load[first] += left // what rounding left over
}

// haproxy has the other regions as backup servers (allbackups): they are used when nobody at home is up. Home is
// leastconn with maxconn; who finds all full waits in the backend's queue. Ten errors in a row mark a server down,
// checks bring it back (observe layer7, on-error mark-down).
func haproxy() rules {
	return rules{retries: 2, checks: true, failures: 10, out: 2 * checkEvery, waitPlaces: 1 << 30,
		pick: func(p *proxy, x *request, tried []*seat) *seat {
			home := false
			for _, s := range p.tiers[0] {
				home = home || p.available(s)
			}
			use := p.tiers[0]
			if !home {
				use = nil
				for _, tier := range p.tiers[1:] {
					use = append(use, tier...)
				}
			}
			may := func(s *seat) bool { return p.available(s) && s.room() && !among(tried, s) }
			if s := p.leastOf(use, x, may, inflight); s != nil || len(tried) == 0 {
				return s
			}
			return p.leastOf(use, x, func(s *seat) bool { return p.available(s) && s.room() }, inflight)
		}}
}

// nginx has max_conns on each server and the other regions as backup: when nobody at home may be used, be it that all
// are full, requests go there. It learns of failures by requests alone: max_fails=1 fail_timeout=10s.
func nginx() rules {
	return rules{retries: 2, failures: 1, out: 10 * second,
		pick: func(p *proxy, x *request, tried []*seat) *seat {
			may := func(s *seat) bool { return p.available(s) && s.room() && !among(tried, s) }
			if s := p.leastOf(p.tiers[0], x, may, inflight); s != nil {
				return s
			}
			var backup []*seat
			for _, tier := range p.tiers[1:] {
				backup = append(backup, tier...)
			}
			return p.leastOf(backup, x, may, inflight)
		}}
}
