package balancer

import "sync/atomic"

// place is what is live of one region in one pool: how much is in flight there, and how its traffic moves. All loops
// share it and it outlives views, so a slot taken through one view may be given back through another.
type place struct {
	name string
	_    [112]byte

	// Every pick and every release changes count: slots taken now in the lower half, slots taken ever in the
	// upper. The keyed counters stand beside it since who changes them has fetched the line anyway.
	count   atomic.Uint64
	wanted  atomic.Uint32 // keyed requests that belong here since the last tick
	refused atomic.Uint32 // those of them that found no slot
	_       [112]byte

	flow flow
	_    [64]byte
}

const placeTaken = 1<<32 | 1 // one slot more, now and ever

// acquire takes a slot and reports true, unless limit slots are taken already. It is exact.
func (p *place) acquire(limit int64) bool {
	if limit == unlimited {
		p.count.Add(placeTaken)
		return true
	}
	for {
		word := p.count.Load()
		if inflightOf(word) >= limit {
			return false
		}
		if p.count.CompareAndSwap(word, word+placeTaken) {
			return true
		}
	}
}

func (p *place) release() { p.count.Add(^uint64(0)) }

// passOn counts a slot that goes from one request to the next without being free in between.
func (p *place) passOn() { p.count.Add(1 << 32) }

func (p *place) inflight() int64 { return inflightOf(p.count.Load()) }

func inflightOf(word uint64) int64 { return int64(int32(word)) }

// live is what a pool's views hand on to each other.
type live struct {
	places  []*place
	ticked  atomic.Int64 // when the flows were last brought up to date
	ticking atomic.Bool  // somebody does so now
}

// placeOf finds the place of a region or makes it.
func (l *live) placeOf(region string) *place {
	for _, p := range l.places {
		if p.name == region {
			return p
		}
	}
	p := &place{name: region}
	p.flow.begin()
	l.places = append(l.places, p)
	return p
}
