package balancer

import "math"

// walk is what a pick has found out so far.
type walk struct {
	nearest *region // of those that the request may use and that have members
	why     Reason  // the nearest was passed over
	full    bool    // somebody was left who had not been tried, at his limit
	beyond  bool    // a region was passed over that has somebody left
	open    bool    // somebody is available
	waits   *region // the first that has somebody available, if it is full
	avoided *region
	refuses *region // a keyed request that belongs there, as it looks
	keyed   float64 // of all keys, those that the regions so far keep
}

// Pick chooses a member and takes one of its slots; with None, Full and Hold there is no member. In r it tells
// why.
//
// It walks the regions that r may use, nearest first, and picks in the first that is not filled to the brim, there
// among the primaries, then the backups, somebody who is available, has room and was not tried. A brim that comes
// from FullAt, from learned limits or from a slow start steers only: when all are at theirs, the region with the
// most room for its capacity is used as long as anyone in it is below MaxRequests. When nobody is available in any
// region that r may use, everyone there who is not Refused counts as available.
func (v *View) Pick(r *Request) (*Member, Outcome) {
	if r.Now-v.ticked.Load() >= tickEvery {
		v.Tick(r.Now)
	}
	r.Reason, r.Patience, r.held = Unexplained, 0, nil
	m, outcome := v.fill(r)
	if m == nil && outcome != Hold && r.AllowTried && len(r.Tried) > 0 {
		tried := r.Tried
		r.Tried = nil
		first := outcome
		if m, outcome = v.fill(r); outcome == None {
			outcome = first
		}
		r.Tried = tried
	}
	if m != nil && outcome == Picked && len(r.Tried) > 0 {
		r.Reason = Retry
	}
	return m, outcome
}

func (v *View) fill(r *Request) (*Member, Outcome) {
	var w walk
	for _, g := range v.regions {
		if len(g.members) == 0 || !g.permits(r) {
			continue
		}
		if w.nearest == nil {
			w.nearest = g
		}
		if !g.open {
			w.pass(r, g, g.closedReason())
			continue
		}
		first := !w.open
		w.open = true
		if r.AvoidRegion != "" && g.name == r.AvoidRegion {
			w.avoided = g
			continue
		}
		if m, outcome := w.enter(v, g, r, first); outcome != None {
			return m, outcome
		}
	}
	if w.avoided != nil {
		if m, outcome := w.enter(v, w.avoided, r, false); outcome != None {
			return m, outcome
		}
	}
	w.countRefused(r)
	switch {
	case r.only != nil:
	case !w.open:
		return w.panic(v, r)
	case w.beyond:
		if m := w.overfill(v, r); m != nil {
			return m, Picked
		}
	}
	if w.full {
		return nil, Full
	}
	return nil, None
}

// enter picks in a region that has room for one more. With None the walk goes on.
func (w *walk) enter(v *View, g *region, r *Request, first bool) (*Member, Outcome) {
	limit := g.brim.Load()
	if kept, why := w.keeps(g, r); !kept {
		w.pass(r, g, why)
		w.beyond = true
		return nil, None
	}
	keyed := r.Keyed && g.byKey
	if keyed {
		limit = unlimited // its share takes care of that
	}
	if r.NoSpill {
		limit = g.reserved.Load()
	}
	if keyed && r.trial == nil {
		g.place.wanted.Add(1)
	}
	if !g.book(r, limit) {
		w.pass(r, g, SpillFull)
		w.beyond = true
		w.full = w.full || r.NoSpill && g.hard
		if first {
			w.waits = g
		}
		return nil, None
	}
	if w.waits != nil && r.holds(v, w.waits, g) {
		g.giveBack(r, limit)
		return nil, Hold
	}
	w.countRefused(r)
	m, full := w.take(g, r, limit)
	if m != nil {
		return m, Picked
	}
	if full {
		w.pass(r, g, SpillFull)
		if keyed {
			w.refuses = g
		}
		if first {
			w.waits = g
		}
	}
	return nil, None
}

// countRefused counts a keyed request that found no slot where it belongs and goes on. One that waits for a slot there
// is not refused.
func (w *walk) countRefused(r *Request) {
	if w.refuses != nil && r.trial == nil {
		w.refuses.place.refused.Add(1)
	}
	w.refuses = nil
}

// take picks in a region whose place was booked up to the limit.
func (w *walk) take(g *region, r *Request, limit int64) (m *Member, full bool) {
	if r.trial != nil {
		m, full = g.foretell(r)
	} else if m, full = g.pick(r); m != nil && !r.mayCrossTo(g) {
		m.Backend.release()
		m = nil
	}
	if m == nil {
		g.giveBack(r, limit)
		w.full = w.full || full
		return nil, full
	}
	g.confirm(r, limit)
	if r.Reason = w.why; g == w.nearest {
		r.Reason = Home
	}
	return m, false
}

// keeps reports whether the shares of a region let r stay there.
func (w *walk) keeps(g *region, r *Request) (bool, Reason) {
	f := &g.place.flow
	if f.steady.Load() || r.NoSpill {
		return true, Home
	}
	if r.Keyed && g.byKey {
		w.keyed += (1 - w.keyed) * float64(f.keyed.load())
		return keyChance(r.Key) < w.keyed, Key
	}
	present, ceiling := f.present.load(), f.ceiling.load()
	stays := float64(min(present, ceiling, f.reported.load()))
	if stays >= 1 || float64(r.Rand.Uint64()>>11)*(1.0/(1<<53)) < stays {
		return true, Home
	}
	switch {
	case ceiling < 1:
		return false, SpillDrained
	case present < 1:
		return false, SpillReturning
	}
	return false, SpillFull
}

// overfill picks in the region that is least over its brim.
func (w *walk) overfill(v *View, r *Request) *Member {
	var seen uint64
	for {
		g, at := w.leastFilled(v, r, seen)
		if g == nil {
			return nil
		}
		seen |= 1 << at
		if m, _ := w.take(g, r, unlimited); m != nil {
			return m
		}
	}
}

// leastFilled finds among the regions not seen the one with the least in flight for its capacity, the nearest of such,
// and an avoided one last. What another spillway has spilled to us stays out of a reserve.
func (w *walk) leastFilled(v *View, r *Request, seen uint64) (best *region, at int) {
	least := math.Inf(1)
	for i, g := range v.regions {
		if i >= 64 || seen>>i&1 != 0 || !g.open || !g.permits(r) || r.NoSpill && g.hard {
			continue
		}
		filled := g.filled()
		if g == w.avoided {
			filled = math.MaxFloat64
		}
		if filled < least {
			least, best, at = filled, g, i
		}
	}
	return best, at
}

// panic picks where nobody is available, in the nearest region where anyone may be tried.
func (w *walk) panic(v *View, r *Request) (*Member, Outcome) {
	for _, avoided := range [...]bool{false, true} {
		for _, g := range v.regions {
			if (r.AvoidRegion != "" && g.name == r.AvoidRegion) != avoided || !g.permits(r) {
				continue
			}
			if m, _ := w.take(g, r, unlimited); m != nil {
				r.Reason = Panic
				return m, PickedInPanic
			}
		}
	}
	if w.full {
		return nil, Full
	}
	return nil, None
}

// pass notes why a region does not serve the request.
func (w *walk) pass(r *Request, g *region, why Reason) {
	if r.trial != nil {
		r.trial.passed[g] = why
	}
	if g == w.nearest && w.why == Unexplained {
		w.why = why
	}
}

func (g *region) closedReason() Reason {
	if g.drained {
		return SpillDrained
	}
	return SpillUnhealthy
}

// holds decides whether r waits for a slot in the region that is full rather than go to the one that has room.
func (r *Request) holds(v *View, full, next *region) bool {
	if v.hold == 0 || r.NoHold || len(r.Tried) > 0 {
		return false
	}
	extra := next.rtt - full.rtt
	if !holds(full.place.holdPlaces(v.hold, extra), r.Holding, full.place.flow.pace.Load(), extra) {
		return false
	}
	r.Patience, r.held = extra, full.place
	return true
}

// mayCrossTo takes a retry that leaves its region from the budget for that.
func (r *Request) mayCrossTo(g *region) bool {
	return r.Cross == nil || g.name == r.From || r.Cross.Allow(r.Now)
}
