package balancer

import (
	"math"
	"sync/atomic"
)

const (
	tickEvery  = 1e8 // ns, 100 ms
	flowMemory = 5e8 // ns in which what was measured shrinks to 1/e of its influence
	flowPause  = 1e10
)

// flow is how the traffic of a place moves. Picks read the atomics; the rest is for who ticks.
type flow struct {
	steady   atomic.Bool  // all shares are whole
	present  atomicShare  // 0 while nobody is available, and rising afterwards
	ceiling  atomicShare  // by what an operator wants
	reported atomicShare  // by what the backends say of their load
	keyed    atomicShare  // by how much of the capacity keyed traffic would need; holds the other two already
	mean     atomicShare  // of the requests in flight; a copy of inflight for who does not tick
	pace     atomic.Int64 // ns between two slots; 0: not known
	spare    atomic.Int64 // see region.spare
	inflight float64      // these five are moving means
	kept     float64      // keyed, so that what came of a share is set against that share
	rate     float64      // slots a second
	wanted   float64      // keyed requests in a tick
	refused  float64
	taken    uint32 // as of the last tick
	known    bool   // somebody has been available
	fit      share  // keyed, before the other two
}

type atomicShare struct{ bits atomic.Uint64 }

func (s *atomicShare) load() share       { return share(math.Float64frombits(s.bits.Load())) }
func (s *atomicShare) store(value share) { s.bits.Store(math.Float64bits(float64(value))) }

func (f *flow) begin() {
	f.fit, f.kept = 1, 1
	f.ceiling.store(1)
	f.publish(1, 1)
}

func (f *flow) publish(present, reported share) {
	keyed := min(f.fit, present, reported, f.ceiling.load())
	f.present.store(present)
	f.reported.store(reported)
	f.keyed.store(keyed)
	f.steady.Store(keyed == 1)
}

// Limit sets the part of a region's traffic that it may keep, from 1 (all) to 0 (none): an operator's hand on the
// valve, for a drain by degrees. It steers only: what has room nowhere else is served there all the same. It holds
// until it is set anew, also over later views.
func (v *View) Limit(region string, part float64) {
	for _, p := range v.live.places {
		if p.name == region {
			p.flow.ceiling.store(share(min(max(part, 0), 1)))
			p.flow.steady.Store(false) // until the next tick knows better
		}
	}
}

// Tick brings up to date what changes by time: capacities, shares and paces. Pick calls it; its owner may, so that
// a pool without traffic moves on as well. It does nothing unless the last time was 100 ms ago.
func (v *View) Tick(now int64) {
	if now-v.ticked.Load() < tickEvery || !v.live.ticking.CompareAndSwap(false, true) {
		return
	}
	defer v.live.ticking.Store(false)
	elapsed := int64(0)
	if last := v.live.ticked.Load(); last != never {
		elapsed = now - last
	}
	if elapsed >= tickEvery || v.ticked.Load() == never {
		v.live.ticked.Store(now)
		for _, g := range v.regions {
			if v.changing {
				g.measure(now)
			}
			g.move(v, now, min(max(elapsed, 0), flowPause))
		}
	}
	v.ticked.Store(now)
}

// move takes the measure of what the region did in the last elapsed nanoseconds.
func (g *region) move(v *View, now, elapsed int64) {
	f := &g.place.flow
	f.measure(g.place, elapsed)
	f.spare.Store(g.spare())
	present, reported := f.present.load(), f.reported.load()
	if g.open {
		f.known = true
		present = present.move(1, 1, comeBack, elapsed)
	} else if f.known {
		present = 0
	}
	load, said := g.reportedLoad(now)
	if !said {
		load = 0
	}
	sharing := min(present, reported)
	reported = reported.move(sharing.fitting(v.fullAt, load), sharing.fitting(v.homeAt, load), comeHome, elapsed)
	if g.open {
		used := f.demand() / float64(g.capacity.Load())
		sharing = share(f.kept)
		f.fit = f.fit.move(sharing.fitting(v.fullAt, used), sharing.fitting(v.homeAt, used), comeHome, elapsed)
	}
	f.publish(present, reported)
}

// spare is how many slots below the brim were free on the average. A learned limit has a queue behind it already, so
// there are none.
func (g *region) spare() int64 {
	if !g.hard {
		return 0
	}
	return max(0, int64(float64(g.brim.Load())-g.place.flow.inflight))
}

func (f *flow) measure(p *place, elapsed int64) {
	word := p.count.Load()
	taken := uint32(word >> 32)
	wanted, refused := p.wanted.Swap(0), p.refused.Swap(0)
	if elapsed > 0 {
		recent := 1 - math.Exp(-float64(elapsed)/flowMemory)
		f.inflight += recent * (float64(inflightOf(word)) - f.inflight)
		f.mean.store(share(f.inflight))
		f.kept += recent * (float64(f.keyed.load()) - f.kept)
		f.rate += recent * (float64(taken-f.taken)*1e9/float64(elapsed) - f.rate)
		f.wanted += recent * (float64(wanted) - f.wanted)
		f.refused += recent * (float64(refused) - f.refused)
		f.pace.Store(0)
		if f.rate > 0 {
			f.pace.Store(int64(1e9 / f.rate))
		}
	}
	f.taken = taken
}

// demand is how many would be in flight if nobody who belonged here had been refused: the part that Erlang's loss
// formula calls carried, over one less the part that was lost.
func (f *flow) demand() float64 {
	if f.wanted <= 0 {
		return f.inflight
	}
	return f.inflight / max(0.01, 1-f.refused/f.wanted)
}

// reportedLoad is the mean of what the available members of the region say.
func (g *region) reportedLoad(now int64) (mean float64, ok bool) {
	n := 0
	for _, m := range g.members {
		if load, said := m.Backend.report(now); said && m.Available {
			mean += load
			n++
		}
	}
	return mean / float64(max(1, n)), n > 0
}
