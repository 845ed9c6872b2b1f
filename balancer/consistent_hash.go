package balancer

import (
	"math"
	"sync/atomic"
)

const (
	// Up to so many configured members a tier is hashed by rendezvous, above by Maglev. The number counts the
	// configured ones, so that the method does not change with availability.
	rendezvousMost = 64

	hashProbes   = 4  // members that may turn out to have too much before the key goes anywhere
	maglevProbes = 32 // look-ups before the rest is left to rendezvous

	loadEvery = 1e6 // ns between two counts of the load of a large tier
)

// consistentHash sends a key to the same member as long as that one is usable and not overloaded (bounded loads,
// Mirrokni, Thorup and Zadimoghaddam 2016: it would have more than bound times the mean for its weight).
// Otherwise the key goes to its next choice, and after hashProbes of these by p2c. What is hashed is the configured
// membership, so a member that comes or goes for a moment takes its own keys with it and moves no others.
type consistentHash struct {
	p2c
	ranks  rendezvous   // of the usable members
	table  *maglevTable // nil in a small tier
	owners []*Member    // by the indices in table
	view   *View
	tier   *tier

	bound  float64
	from   int64
	weight float64

	counted atomic.Int64 // in flight in a large tier, as of countedAt
	at      atomic.Int64
}

func newConsistentHash(s Settings, v *View, t, previous *tier) *consistentHash {
	p := &consistentHash{
		p2c: p2c{newDraw(t.usable)}, ranks: newRendezvous(t.usable), view: v, tier: t,
		bound: max(1, s.BoundedLoad), from: max(1, s.BoundedFrom), weight: totalWeight(t.usable),
	}
	if p.bound > 1e6 {
		p.bound = math.Inf(1)
	}
	p.at.Store(math.MinInt64)
	if n := len(t.members); n > rendezvousMost && n <= maglevMost {
		var made *maglevTable
		if previous != nil {
			made = previous.maglev
		}
		p.owners = inIdentityOrder(t.members)
		t.maglev = newMaglevTable(p.owners, made)
		p.table = t.maglev
	}
	return p
}

func (p *consistentHash) pick(r *Request) (*Member, bool) {
	if !r.Keyed {
		return p.p2c.pick(r)
	}
	if r.Affinity == nil {
		return p.byKey(r)
	}
	settled := p.settled(r)
	if settled != nil && !r.tried(settled) && p.acquire(settled, r.Now) {
		return settled, false
	}
	m, full := p.byKey(r)
	if m != nil && settled == nil {
		r.Affinity.put(r.Key, m.Backend.hash, r.Now)
	}
	return m, full
}

// prefer does not ask the affinity, which belongs to one loop.
func (p *consistentHash) prefer(r *Request) *Member {
	if !r.Keyed {
		return p.p2c.prefer(r)
	}
	if m := p.choice(r, false); m != nil {
		return m
	}
	return lightest(p.members, r)
}

// settled is the member that the key is in use at, if that is a usable one of this tier.
func (p *consistentHash) settled(r *Request) *Member {
	backend, ok := r.Affinity.get(r.Key, r.Now)
	if !ok {
		return nil
	}
	if m := p.view.byHash[backend]; m != nil && m.usable && m.tier == p.tier {
		return m
	}
	return nil
}

func (p *consistentHash) byKey(r *Request) (*Member, bool) {
	if m := p.choice(r, true); m != nil {
		return m, false
	}
	return leastLoaded(p.members, r)
}

// choice finds the first choice of the key that has not too much, and takes a slot of it if told so.
func (p *consistentHash) choice(r *Request, take bool) *Member {
	key := mix(r.Key, 0)
	probes := 0
	if p.table != nil {
		for k := uint64(1); k <= maglevProbes && probes < hashProbes; k++ {
			m := p.owners[p.table.owner(mix(key, k))]
			if !m.usable || r.tried(m) || !m.warmFor(key, r.Now) {
				continue
			}
			if p.fits(m, r.Now, take) {
				return m
			}
			probes++
		}
	}
	for score := math.Inf(1); probes < hashProbes; {
		var m *Member
		if m, score = p.ranks.below(key, score); m == nil {
			break
		}
		if r.tried(m) || !m.warmFor(key, r.Now) {
			continue
		}
		if p.fits(m, r.Now, take) {
			return m
		}
		probes++
	}
	if m := p.lighter(r); m != nil && p.fits(m, r.Now, take) {
		return m
	}
	return nil
}

func (p *consistentHash) acquire(m *Member, now int64) bool { return p.fits(m, now, true) }

// fits reports whether m stays within the bound with one request more, and takes a slot of it if told so. Recent
// failures count like requests in flight, so the keys of a member that fails go to their next choice.
func (p *consistentHash) fits(m *Member, now int64, take bool) bool {
	penalty := m.Backend.penalty(now) / loadUnit
	if m.Backend.upTo(p.within(m, p.from-penalty), take) {
		return true
	}
	if math.IsInf(p.bound, 1) {
		return m.Backend.upTo(p.within(m, unlimited), take)
	}
	mean := float64(p.inflight(now)+1) * float64(m.Weight) / p.weight
	return m.Backend.upTo(p.within(m, max(p.from, int64(math.Ceil(p.bound*mean)))-penalty), take)
}

func (p *consistentHash) within(m *Member, limit int64) int64 {
	if slots := m.slots(); slots > 0 {
		return min(limit, slots)
	}
	return limit
}

// inflight counts the requests in flight in the tier, in a large one at most every loadEvery.
func (p *consistentHash) inflight(now int64) int64 {
	if len(p.members) > rendezvousMost {
		at := p.at.Load()
		if now-loadEvery < at || !p.at.CompareAndSwap(at, now) {
			return p.counted.Load()
		}
	}
	var sum int64
	for _, m := range p.members {
		sum += m.Backend.Inflight()
	}
	if len(p.members) > rendezvousMost {
		p.counted.Store(sum)
	}
	return sum
}
