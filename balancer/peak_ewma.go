package balancer

import (
	"math"
	"sync/atomic"
)

const (
	ewmaDecay   = 10e9 // ns in which old samples shrink to 1/e of their influence
	ewmaTick    = 24   // time is kept in steps of 2^24 ns, 17 ms
	ewmaStep    = 1 << ewmaTick
	ewmaUnknown = float64(math.MaxInt64 >> 16) // the cost of a second request to a backend that never answered one

	floorEvery = 6 // steps, 100 ms, between two looks at the whole tier
)

// Backend.cost holds a float32 of nanoseconds below the step of its last change; all zero: no sample yet.

func packCost(cost float64, step uint32) uint64 {
	return uint64(step)<<32 | uint64(math.Float32bits(float32(cost)))
}

func unpackCost(v uint64) (cost float64, step uint32) {
	return float64(math.Float32frombits(uint32(v))), uint32(v >> 32)
}

func fade(from, to uint32) float64 {
	age := int32(to - from)
	if age <= 0 {
		return 1
	}
	return math.Exp(-float64(age) * ewmaStep / ewmaDecay)
}

// observeLatency raises the cost to a slower sample at once and lets faster ones lower it slowly. Of the faster
// ones it uses the first in each step, so most calls only read. A failure never lowers the cost.
func (b *Backend) observeLatency(now, latency int64, failed bool) {
	step := uint32(now >> ewmaTick)
	sample := float64(max(latency, 1))
	for {
		old := b.cost.Load()
		cost, last := unpackCost(old)
		switch {
		case failed && sample <= cost:
			sample = cost
		case failed && cost == 0:
			return
		}
		if sample < cost {
			if int32(step-last) <= 0 {
				return
			}
			w := fade(last, step)
			cost = cost*w + sample*(1-w)
		} else {
			cost = sample
		}
		if next := packCost(cost, step); next == old || b.cost.CompareAndSwap(old, next) {
			return
		}
	}
}

// peakEWMA is Finagle's policy of that name: of two members drawn by weight it picks the one with the lower product
// of its latency (peak-sensitive, moving) and the number of requests it has and would have. The latency of an
// idle member fades, so that a slow one is tried again, but not below the best of the tier: it must not look
// better than one that is known to be good. Failures count as requests in flight.
type peakEWMA struct {
	draw
	meanWeight float64
	floor      atomic.Uint64 // the lowest cost in the tier, packed like Backend.cost; 0: not looked yet
}

func newPeakEWMA(members []*Member) *peakEWMA {
	return &peakEWMA{draw: newDraw(members), meanWeight: totalWeight(members) / float64(max(1, len(members)))}
}

func (p *peakEWMA) pick(r *Request) (*Member, bool) {
	if m := p.prefer(r); m != nil && m.Backend.acquire(m.slots()) {
		return m, false
	}
	return leastLoaded(p.members, r)
}

func (p *peakEWMA) prefer(r *Request) *Member {
	m, b := p.two(r)
	if b != nil {
		floor := p.lowest(r.Now)
		if p.expect(b, r.Now, floor) < p.expect(m, r.Now, floor) {
			return b
		}
	}
	return m
}

// expect is the latency a request would see at m, in ns and relative to others of the tier.
func (p *peakEWMA) expect(m *Member, now int64, floor float64) float64 {
	pending := float64(m.Backend.load(now)) / loadUnit
	cost, last := unpackCost(m.Backend.cost.Load())
	if cost == 0 {
		if pending == 0 {
			return 0
		}
		return ewmaUnknown + pending
	}
	cost = max(cost*fade(last, uint32(now>>ewmaTick)), floor)
	weight := float64(m.Weight)
	if m.slowStart > 0 {
		weight *= float64(m.Backend.warmth(now, m.slowStart)) / warmthUnit
	}
	return cost * (pending*p.meanWeight/weight + 1)
}

// lowest is the lowest cost of the tier, as it was when last looked at.
func (p *peakEWMA) lowest(now int64) float64 {
	step := uint32(now >> ewmaTick)
	old := p.floor.Load()
	floor, last := unpackCost(old)
	if old != 0 && int32(step-last) < floorEvery {
		return floor
	}
	// Whoever takes the step does the work for all; the others go on with the old floor.
	if !p.floor.CompareAndSwap(old, packCost(floor, step)) {
		return floor
	}
	floor = 0
	for _, m := range p.members {
		if c, _ := unpackCost(m.Backend.cost.Load()); c != 0 && (floor == 0 || c < floor) {
			floor = c
		}
	}
	p.floor.Store(packCost(floor, step))
	return floor
}
