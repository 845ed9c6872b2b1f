package balancer

import "slices"

// Member is a backend's place in a pool: what the configuration says of it and whether it may be chosen. A
// View owns copies; the pointers it hands out are shared by all loops and must not be written through.
type Member struct {
	Backend     *Backend
	Weight      int    // share of the traffic, up to MaxWeight; 0 or less: none, except by ByHash
	MaxRequests int64  // most requests in flight; 0 or less: no limit
	Region      string // one of Settings.Regions, or the member is out of reach
	Address     string // carried for the owner
	Index       int    // carried for the owner
	Data        any    // carried for the owner
	Backup      bool   // stands in when the region's primaries are unavailable or full
	Available   bool   // may be chosen
	Refused     bool   // not even to be tried in panic: it refused the last connection, or was taken out by hand

	tier   *tier
	usable bool
}

// MaxWeight is the greatest weight for which the arithmetic holds.
const MaxWeight = 1 << 20

// Settings say how a pool chooses.
type Settings struct {
	Policy  Policy
	Regions []string // regions in reach, nearest first; none: all members count as one region

	// BoundedLoad is how many times the mean load, for its weight, a member may have before ConsistentHash
	// passes its keys on. 0 means DefaultBoundedLoad, +Inf no bound.
	BoundedLoad float64
	// BoundedFrom is the number of requests in flight up to which the bound does not apply, so that a few
	// concurrent requests for one key stay together in a pool that is nearly idle.
	BoundedFrom int64
}

// DefaultBoundedLoad is the bound that ConsistentHash keeps when none is set.
const DefaultBoundedLoad = 1.5

// View is a pool as it stands now. It is immutable (what its pickers count in, they count in atomically), so any
// number of goroutines may use it.
type View struct {
	members []Member
	byHash  map[uint64]*Member
	regions []region
	panic   bool
}

// NewView builds the view of members, which it copies. From previous (or nil) it takes over what outlives a
// change of availability: the turn of RoundRobin, and hash tables whose membership is the same.
func NewView(s Settings, members []Member, previous *View) *View {
	v := &View{members: append([]Member(nil), members...), byHash: make(map[uint64]*Member, len(members))}
	if s.BoundedLoad == 0 {
		s.BoundedLoad = DefaultBoundedLoad
	}
	names := s.Regions
	if len(names) == 0 {
		names = []string{""}
	}
	for i := range v.members {
		m := &v.members[i]
		m.tier, m.usable = nil, false
		if _, ok := v.byHash[m.Backend.hash]; !ok {
			v.byHash[m.Backend.hash] = m
		}
		if s.Policy == PeakEWMA {
			m.Backend.timed.Store(true)
		}
	}
	weighted, available := 0, 0
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			continue
		}
		g := region{name: name, members: v.membersOf(name, len(s.Regions) == 0)}
		for _, m := range g.members {
			weighted++
			if m.Available {
				available++
			}
		}
		v.regions = append(v.regions, g)
	}
	v.panic = weighted > 0 && available == 0
	for i := range v.regions {
		v.regions[i].open(s, v, previous)
	}
	return v
}

func (v *View) membersOf(region string, all bool) (list []*Member) {
	for i := range v.members {
		if m := &v.members[i]; m.Weight > 0 && (all || m.Region == region) {
			list = append(list, m)
		}
	}
	return list
}

// Pick chooses a member and takes one of its slots; with None and Full there is no member.
//
// It walks the regions nearest first and in each the primaries, then the backups, and picks in the first of these
// tiers that has somebody who is available, has room and was not tried. When nobody is available in any region
// it treats everyone who is not Refused as available.
func (v *View) Pick(r *Request) (*Member, Outcome) {
	m, full := v.walk(r)
	if m == nil && r.AllowTried && len(r.Tried) > 0 {
		var alsoFull bool
		tried := r.Tried
		r.Tried = nil
		m, alsoFull = v.walk(r)
		r.Tried = tried
		full = full || alsoFull
	}
	switch {
	case m == nil && full:
		return nil, Full
	case m == nil:
		return nil, None
	case v.panic:
		return m, PickedInPanic
	}
	return m, Picked
}

func (v *View) walk(r *Request) (m *Member, full bool) {
	var avoided *region
	for i := range v.regions {
		g := &v.regions[i]
		if r.AvoidRegion != "" && g.name == r.AvoidRegion {
			avoided = g
			continue
		}
		m, atLimit := g.pick(r)
		if m != nil {
			return m, false
		}
		full = full || atLimit
	}
	if avoided != nil {
		m, atLimit := avoided.pick(r)
		return m, full || atLimit
	}
	return nil, full
}

// ByHash finds a member by the hash of its backend, in constant time, or returns nil. It takes no slot and
// looks neither at weight nor at availability: a sticky client may return to a backend that gets no new ones.
func (v *View) ByHash(h uint64) *Member { return v.byHash[h] }

// Panic reports that no member in reach is available, so that Pick tries those that are not.
func (v *View) Panic() bool { return v.panic }

// Members are all members in the order given to NewView. The slice is the view's own: read only.
func (v *View) Members() []Member { return v.members }
