package proxy

import (
	"time"

	"spillway/balancer"
	"spillway/health"
	"spillway/internal/loop"
)

// Traffic avoided is what the clients of a sick backend were spared. A balancer
// that sends nothing to a backend hides its failures from alerts on error rates, so
// what it would have been sent is counted instead: its part, by weight among the
// primaries of its region, of all that was sent to that region, less what it was sent. It
// counts for a backend that was unhealthy, ejected, on probation or penalised for its
// failures at the beginning or the end of the time looked at, which is that
// between two gatherings: 15 seconds at the longest where [Server.Remember] is called.
// One that an operator took out is not sick. Of a region that gets nothing as a whole
// nothing is known.
type avoidance struct {
	total  map[*backend]float64
	before map[*backend]uint64 // attempts
	sick   map[*backend]bool
	at     int64
}

// avoidanceEvery keeps two gatherings at the same time from dividing a second.
const avoidanceEvery = int64(time.Second)

// A spared backend is one primary or backup of a region, for a time.
type spared struct {
	weight  int // 0 for a backup
	got     uint64
	sick    bool
	avoided float64
}

// spare works out what each backend of one region was spared.
func spare(region []spared) {
	var got uint64
	weight := 0
	for i := range region {
		got += region[i].got
		weight += region[i].weight
	}
	for i := range region {
		if b := &region[i]; b.sick && weight > 0 {
			b.avoided = max(0, float64(got)*float64(b.weight)/float64(weight)-float64(b.got))
		}
	}
}

// look brings the sums up to date by what has been counted up to now. The caller
// holds the gathering's lock.
func (a *avoidance) look(pools []*poolState, sum *tally) {
	now := loop.Nanotime()
	if a.before != nil && now-a.at < avoidanceEvery {
		return
	}
	next := avoidance{total: map[*backend]float64{}, before: map[*backend]uint64{}, sick: map[*backend]bool{}, at: now}
	for _, p := range pools {
		found := p.inspect()
		for i := range found.Regions {
			region, who := a.gatherRegion(p, found.Regions[i].Backends, sum, &next)
			if a.before != nil {
				spare(region)
			}
			for j, b := range who {
				next.total[b] = a.total[b] + region[j].avoided
			}
		}
	}
	*a = next
}

func (a *avoidance) gatherRegion(p *poolState, explained []balancer.BackendExplanation, sum *tally, next *avoidance) (region []spared, who []*backend) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range explained {
		x := &explained[i]
		b := p.backends[x.ID]
		if b == nil || sum.backends[b] == nil || b.tracker.State() == health.Draining {
			continue
		}
		state := b.tracker.State()
		next.before[b] = sum.backends[b].attempts()
		next.sick[b] = state == health.Unhealthy || state == health.Ejected || b.tracker.Probation() || x.Load > float64(x.Inflight)+0.5
		each := spared{weight: b.weight, sick: next.sick[b] || a.sick[b]}
		if before, ok := a.before[b]; ok {
			each.got = next.before[b] - min(before, next.before[b])
		}
		if x.Backup {
			each.weight = 0
		}
		region, who = append(region, each), append(who, b)
	}
	return region, who
}

// avoided is what a backend was spared up to the last gathering.
func (g *gathering) avoided(b *backend) float64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.avoidance.total[b]
}
