package balancer

import (
	"math"
	"slices"
	"sync/atomic"
)

// unlimited stands for a capacity that is not known.
const unlimited = math.MaxInt64

// region is the part of a view that is in one place: its primaries, then its backups.
type region struct {
	name    string
	nearest bool  // the first of the view
	rtt     int64 // ns
	fullAt  float64
	reserve float64
	place   *place
	members []*Member // those with a weight
	tiers   []*tier   // in the order in which they are used
	open    bool      // one of members is available; if not, tiers hold those to try in panic
	drained bool      // all of members were taken out by hand
	hard    bool      // everyone who counts for the capacity has MaxRequests
	byKey   bool      // keyed requests go by the key's chance

	capacity atomic.Int64 // in requests in flight; unlimited: not known
	brim     atomic.Int64 // up to where it is filled before the next region
	reserved atomic.Int64 // up to where requests are taken that were spilled to us
}

// build makes the tiers and takes the first measure. It needs the whole view first, because panic is a matter of
// all regions.
func (g *region) build(s Settings, v, previous *View) {
	for _, backup := range [...]bool{false, true} {
		var members []*Member
		for _, m := range g.members {
			if m.Backup == backup {
				members = append(members, m)
			}
		}
		if len(members) > 0 {
			g.tiers = append(g.tiers, newTier(s, v, g, backup, members, previous.tier(g.name, backup)))
		}
	}
	g.hard = g.open && g.allLimited()
	g.measure(unlimited / 2)
}

func (g *region) allLimited() bool {
	for _, t := range g.tiers {
		for _, m := range t.usable {
			if m.MaxRequests <= 0 {
				return false
			}
		}
	}
	return true
}

// pick reports full when it found nobody but somebody would do who is at his limit. The slot that it takes is the
// member's only.
func (g *region) pick(r *Request) (m *Member, full bool) {
	for _, t := range g.tiers {
		if len(t.usable) == 0 {
			continue
		}
		m, atLimit := t.picker.pick(r)
		if m != nil {
			return m, false
		}
		full = full || atLimit
	}
	return nil, full
}

// book takes a slot of the place below the limit; that of a member has to follow, and then confirm, or giveBack. With
// no limit there is nothing to book: such a slot is counted by confirm, so that a pick that fails is never counted.
func (g *region) book(r *Request, limit int64) bool {
	switch {
	case limit == unlimited:
		return true
	case r.trial != nil:
		return g.place.inflight() < limit
	}
	return g.place.acquire(limit)
}

func (g *region) giveBack(r *Request, limit int64) {
	if limit != unlimited && r.trial == nil {
		g.place.release()
	}
}

func (g *region) confirm(r *Request, limit int64) {
	if limit == unlimited && r.trial == nil {
		g.place.acquire(unlimited)
	}
}

// permits reports whether r may use the region at all.
func (g *region) permits(r *Request) bool {
	return (r.Allowed == nil || slices.Contains(r.Allowed, g.name)) && (g.nearest || !r.NoSpill) &&
		(r.only == nil || r.only == g.place) && (r.within == "" || r.within == g.name)
}

// tier finds the tier of the same place in a view that may be nil.
func (v *View) tier(region string, backup bool) *tier {
	if v == nil {
		return nil
	}
	for _, g := range v.regions {
		if g.name != region {
			continue
		}
		for _, t := range g.tiers {
			if t.backup == backup {
				return t
			}
		}
	}
	return nil
}
