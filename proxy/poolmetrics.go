package proxy

import (
	"spillway/balancer"
	"spillway/health"
)

func (p *poolState) metrics(order []string, sum *tally) PoolMetrics {
	stats := sum.pools[p]
	m := PoolMetrics{
		Name:            p.name,
		Panic:           p.view.Load().Panic(),
		Waiting:         p.queue.Waiting(),
		Queued:          stats.queued,
		QueueTimeouts:   stats.queueTimeouts,
		QueueFull:       stats.queueFull,
		Holding:         p.queue.Holding(),
		Held:            stats.held,
		Shed:            stats.shed,
		ShedBelow:       p.shedder.Threshold(),
		AllFull:         stats.allFull,
		Nobody:          stats.nobody,
		Picks:           map[balancer.Reason]uint64{},
		Retries:         stats.retries,
		CrossRetries:    stats.crossRetries,
		Hedges:          stats.hedges,
		BudgetExhausted: stats.budgetExhausted,
		PanicPicks:      stats.panics,
		Tunnels:         stats.tunnels,
		NameFailures:    p.nameFailures.Load(),
		Transitions:     map[health.State]uint64{},
	}
	for reason := balancer.Home; int(reason) < len(stats.picks); reason++ {
		m.Picks[reason] = stats.picks[reason]
	}
	p.mu.Lock()
	for state := health.Healthy; state <= health.Warming; state++ {
		m.Transitions[state] = p.transitions[state]
	}
	p.mu.Unlock()
	m.Regions = p.regionMetrics(order, sum)
	return m
}

func (p *poolState) regionMetrics(order []string, sum *tally) (list []RegionMetrics) {
	found := p.inspect()
	inPanic := p.view.Load().Panic()
	places := p.places(order)
	shares, open, recent := make([]RegionStatus, len(places)), make([]bool, len(places)), make([]uint64, len(places))
	for i, place := range places {
		r := RegionMetrics{Name: place.region, Keeps: 1}
		seen := r.note(&found)
		for j := range place.members {
			m := &place.members[j]
			b := m.Data.(*backend)
			if b.tracker.Available() {
				r.Available++
			}
			open[i] = open[i] || m.Weight > 0 && (b.tracker.Available() || inPanic && !m.Refused)
			total := sum.backends[b]
			if total == nil { // it came after the counting
				continue
			}
			recent[i] += p.server.gathered.recent(b, total).requests
			each := b.metrics(total)
			each.Probation, each.Limit, each.Avoided = b.tracker.Probation(), seen[b.name].Limit, p.server.gathered.avoided(b)
			r.Backends = append(r.Backends, each)
		}
		list = append(list, r)
	}
	share(shares, open, recent)
	for i := range list {
		list[i].Share = shares[i].Share
	}
	return list
}

// note takes over what the balancer says of a region, and returns what it says of the
// backends there, by address.
func (m *RegionMetrics) note(found *balancer.Explanation) map[string]balancer.BackendExplanation {
	seen := map[string]balancer.BackendExplanation{}
	for i := range found.Regions {
		r := &found.Regions[i]
		if r.Name != m.Name {
			continue
		}
		m.Capacity, m.Inflight, m.Room, m.RTT, m.Keeps = r.Capacity, r.Inflight, r.Room, r.RTT, min(r.Share, r.Limit)
		for _, b := range r.Backends {
			seen[b.ID] = b
		}
	}
	return seen
}

func (b *backend) metrics(sum *backendStats) BackendMetrics {
	return BackendMetrics{
		Address:       b.name,
		State:         b.tracker.State(),
		Inflight:      b.balance.Inflight(),
		Requests:      Classes(sum.requests),
		Errors:        sum.errors,
		Retries:       sum.retries,
		Connects:      sum.connects,
		ConnectErrors: sum.connectErrors,
		BytesSent:     sum.bytesSent,
		ChecksPassed:  sum.checksPassed,
		ChecksFailed:  sum.checksFailed,
		Latency:       sum.latency,
	}
}
